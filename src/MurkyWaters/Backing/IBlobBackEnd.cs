namespace MurkyWaters.Backing;

/// <summary>
/// An object store under the nodes: objects of bytes by their names, which are ASCII with slashes. What is put is seen whole or not at all.
/// Every method may throw a <see cref="BackEndException"/> and, when it is cancelled, an <see cref="OperationCanceledException"/>; nothing
/// else. Thread-safe.
/// </summary>
public interface IBlobBackEnd : IAsyncDisposable
{
    /// <summary>Which it is, for logs and lists; has no secret in it. Two of the same name are the same.</summary>
    string Name { get; }

    /// <summary>What has gone over its wire so far.</summary>
    BackEndTraffic Traffic { get; }

    /// <summary>Puts an object, in parts where it is large: those that an earlier try has brought are not sent again where that can be
    /// known. The store has compared what came with digests when this ends.</summary>
    /// <param name="name">The object's name.</param>
    /// <param name="content">Its bytes.</param>
    /// <param name="onlyIfAbsent">Whether one that is there stays as it is.</param>
    /// <param name="cancellationToken">Ends it; parts may be left for a next try.</param>
    /// <returns>False when there was one already.</returns>
    Task<bool> PutAsync(string name, IBackEndContent content, bool onlyIfAbsent, CancellationToken cancellationToken);

    /// <summary>Begins to read bytes of an object.</summary>
    /// <param name="name">The object's name.</param>
    /// <param name="offset">The first byte, which the object should have.</param>
    /// <param name="length">How many, at least 1.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The bytes as they come; null when there is no such object, or it ends before <paramref name="offset"/>.</returns>
    Task<BackEndDownload?> GetAsync(string name, long offset, long length, CancellationToken cancellationToken);

    /// <summary>Looks at an object; null when there is none.</summary>
    Task<BackEndObject?> HeadAsync(string name, CancellationToken cancellationToken);

    /// <summary>Names that begin with a prefix, in the order of their bytes, at most <paramref name="countMax"/>.</summary>
    Task<IReadOnlyList<string>> ListAsync(string prefix, int countMax, CancellationToken cancellationToken);

    /// <summary>Removes an object; one that is not there is as good as removed.</summary>
    Task DeleteAsync(string name, CancellationToken cancellationToken);
}

/// <summary>An object as the store describes it.</summary>
/// <param name="Length">Its bytes.</param>
/// <param name="Digest">What was put as its <see cref="IBackEndContent.Digest"/>; null where the store does not say.</param>
public sealed record BackEndObject(long Length, string? Digest);

/// <summary>What is put: bytes that can be read more than once.</summary>
public interface IBackEndContent
{
    /// <summary>How many.</summary>
    long Length { get; }

    /// <summary>A digest that names them, in hexadecimal: kept beside the object.</summary>
    string Digest { get; }

    /// <summary>Fills a buffer with the bytes from an offset on.</summary>
    /// <exception cref="IOException">They cannot be read, or are not what they should be: nothing of them may be put.</exception>
    ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken);
}

/// <summary>Bytes of an object on their way.</summary>
public abstract class BackEndDownload : IAsyncDisposable
{
    /// <summary>Bytes of the whole object; null where the store does not say.</summary>
    public abstract long? ObjectLength { get; }

    /// <summary>Reads the next bytes.</summary>
    /// <returns>How many: 0 at the end of what was asked for, or of the object.</returns>
    /// <exception cref="BackEndException">They do not come.</exception>
    public abstract ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken);

    /// <summary>Lets go, whether or not all has come.</summary>
    public abstract ValueTask DisposeAsync();
}

/// <summary>What has gone over a back end's wire.</summary>
/// <param name="Requests">Requests sent.</param>
/// <param name="BytesPut">Bytes of objects sent, those of tries that failed among them.</param>
/// <param name="BytesGot">Bytes of objects received.</param>
public readonly record struct BackEndTraffic(long Requests, long BytesPut, long BytesGot);
