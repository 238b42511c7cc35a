using MurkyWaters.Raining;

namespace MurkyWaters.Store;

/// <summary>What the store has of one resource now: immutable but for the time of its last use.</summary>
internal sealed class StoreEntry
{
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

    public void Touch() => Content.Touch();
}
