namespace MurkyWaters.Archive;

/// <summary>What a program reads. One call at a time.</summary>
public interface ICodingSource : IAsyncDisposable
{
    /// <summary>All bytes there will be; null when only the end tells.</summary>
    long? Length { get; }

    /// <summary>Fills the buffer.</summary>
    /// <returns>False when the source ends before.</returns>
    /// <exception cref="IOException">It cannot be read.</exception>
    ValueTask<bool> TryReadAsync(Memory<byte> buffer, CancellationToken cancellation);
}

/// <summary>What a program writes. One call at a time. What is disposed before it is completed must not be taken for whole.</summary>
public interface ICodingSink : IAsyncDisposable
{
    /// <summary>Writes the bytes; the buffer is the caller's again when it returns.</summary>
    /// <exception cref="IOException">They cannot be written.</exception>
    ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation);

    /// <summary>Says that this was all, and keeps it.</summary>
    /// <exception cref="IOException">It cannot be kept.</exception>
    ValueTask CompleteAsync(CancellationToken cancellation);
}

/// <summary>Where a program's names lead: blocks of this node, programs at other nodes, queues between programs of the same work.</summary>
public interface ICodingHost
{
    /// <summary>Opens a block, a remote stream or a queue for reading; null when there is none.</summary>
    /// <exception cref="IOException">It cannot be opened.</exception>
    ValueTask<ICodingSource?> OpenAsync(CodingStream stream, long length, CancellationToken cancellation);

    /// <summary>Begins a block, or opens a queue for writing; null when it may not be.</summary>
    /// <exception cref="IOException">It cannot be begun.</exception>
    ValueTask<ICodingSink?> CreateAsync(CodingStream stream, long length, CancellationToken cancellation);
}
