namespace MurkyWaters;

/// <summary>A resource on its way in. Disposed without commit, it leaves nothing behind.</summary>
public abstract class Upload : IAsyncDisposable
{
    /// <summary>Takes the next bytes.</summary>
    /// <exception cref="StoreFullException">The disk or the quota is full.</exception>
    public abstract ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken);

    /// <summary>Says that nothing comes for a while: memory, open file and room that it does not need meanwhile are given back. Not during
    /// a <see cref="WriteAsync"/>, which may follow at any time.</summary>
    /// <exception cref="StoreException">The disk does not take what came.</exception>
    public abstract ValueTask RestAsync();

    /// <summary>Makes it durable and visible (fsync, rename) and rains it.</summary>
    public abstract Task<UploadResult> CommitAsync(CancellationToken cancellationToken);

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();
}
