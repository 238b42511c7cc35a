using MurkyWaters.Raining;

namespace MurkyWaters.Store;

/// <summary>What the store has of one resource now: immutable but for the time of its last use.</summary>
internal sealed class StoreEntry
{
    private int _readerCount;

    public StoreEntry(StoredResource resource, Blob? blob, BlockEncoders encoders)
    {
        Resource = resource;
        Blob = blob;
        Content = new StoredContent(resource.Manifest, blob, encoders);
    }

    public StoredResource Resource { get; }

    /// <summary>The bytes; null for a tombstone.</summary>
    public Blob? Blob { get; }

    public StoredContent Content { get; }

    public bool IsTombstone => Resource.Manifest.IsDeleted;

    /// <summary>Bytes that count for the quota.</summary>
    public long FetchedBytes => Blob is not null && Resource.Origin == ResourceOrigin.Fetched ? Blob.Length : 0;

    /// <summary>When somebody last read it or asked for its rain, on the clock of <see cref="Environment.TickCount64"/>.</summary>
    public long LastUseMs => Content.LastUseMs;

    /// <summary>HTTP readers that are at it.</summary>
    public int ReaderCount => Volatile.Read(ref _readerCount);

    public void Touch() => Content.Touch();

    public void AddReader()
    {
        Interlocked.Increment(ref _readerCount);
        Touch();
    }

    public void RemoveReader()
    {
        Touch();
        Interlocked.Decrement(ref _readerCount);
    }
}
