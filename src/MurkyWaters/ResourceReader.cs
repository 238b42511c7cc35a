using System.Security.Cryptography;
using PouringRain.Network;
using PouringRain.Protocol;

namespace MurkyWaters;

/// <summary>Reads one version of a resource, which may still be coming. Holds it against eviction until disposed.</summary>
public abstract class ResourceReader : IAsyncDisposable
{
    /// <summary>The manifest.</summary>
    public abstract Manifest Manifest { get; }

    /// <summary>Whether it was here: no fetch is behind it.</summary>
    public abstract bool IsHit { get; }

    /// <summary>The file that holds it whole, for the system's own file-to-socket copy; null while a fetch is behind it.</summary>
    public abstract string? FilePath { get; }

    /// <summary>The fetch behind it, or null.</summary>
    public abstract TransferSnapshot? Transfer { get; }

    /// <summary>Where the time of the fetch behind it went, up to now; null when there is none.</summary>
    public virtual FetchTimes? Times => null;

    /// <summary>The coding out of whose pieces it is read; null when it is read as a whole.</summary>
    public virtual string? Coding => null;

    /// <summary>Of a resource that is read out of its pieces, the pieces that could not be had so far, by their indices; null for any
    /// other.</summary>
    public virtual System.Collections.Immutable.ImmutableArray<int>? MissingPieces => null;

    /// <summary>Reads verified bytes at an offset, waiting for those that are not here yet.</summary>
    /// <returns>How many bytes were read: at least 1, 0 only at the end.</returns>
    /// <exception cref="FetchFailedException">The rain has stopped for good.</exception>
    public abstract ValueTask<int> ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken);

    /// <summary>Reads as many verified bytes as there is room for.</summary>
    /// <exception cref="EndOfStreamException">The resource ends before.</exception>
    /// <exception cref="FetchFailedException">The rain has stopped for good.</exception>
    public async ValueTask ReadExactlyAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        for (var filled = 0; filled < destination.Length;)
        {
            var count = await ReadAsync(offset + filled, destination[filled..], cancellationToken);
            filled += count > 0 ? count : throw new EndOfStreamException($"The body ends before byte {offset + destination.Length}.");
        }
    }

    /// <summary>Reads all of it, in order.</summary>
    /// <param name="take">Takes a run of bytes, which are there until it has ended.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The SHA-256 of what was read.</returns>
    /// <exception cref="EndOfStreamException">It is shorter than its manifest says.</exception>
    /// <exception cref="FetchFailedException">The rain has stopped for good.</exception>
    public async Task<Sha256Digest> ReadAllAsync(Func<ReadOnlyMemory<byte>, ValueTask> take, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(take);
        const int runBytes = 1 << 18;
        var length = Manifest.Layout.Length;
        using var whole = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[(int)Math.Min(runBytes, length)];
        for (long offset = 0; offset < length; offset += buffer.Length)
        {
            var run = buffer.AsMemory(0, (int)Math.Min(buffer.Length, length - offset));
            await ReadExactlyAsync(offset, run, cancellationToken);
            whole.AppendData(run.Span);
            await take(run);
        }

        return Sha256Digest.Read(whole.GetHashAndReset());
    }

    /// <summary>Says where verified bytes at an offset stand, for the system's own copy from file to socket; waits for those that are not
    /// here yet.</summary>
    /// <param name="offset">0 to the length - 1.</param>
    /// <param name="count">Bytes wanted, at least 1.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>A run of at least 1 byte, which holds until the reader is disposed; without a file where they are in memory alone, to be
    /// read from there.</returns>
    /// <exception cref="FetchFailedException">The rain has stopped for good.</exception>
    public abstract ValueTask<FileRun> LocateAsync(long offset, int count, CancellationToken cancellationToken);

    /// <summary>Lets go; a fetch that nobody reads or keeps is ended.</summary>
    public abstract ValueTask DisposeAsync();
}
