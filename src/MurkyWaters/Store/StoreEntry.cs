using MurkyWaters.Raining;

namespace MurkyWaters.Store;

/// <summary>What the store has of one resource now: immutable but for the time of its last use.</summary>
internal sealed class StoreEntry
{
    /// <summary>Of the objects that an entry is made of, about.</summary>
    private const int ObjectBytes = 600;

    private readonly ResourceStore _store;

    public StoreEntry(ResourceStore store, StoredResource resource, Blob? blob)
    {
        _store = store;
        Resource = resource;
        Blob = blob;
        Checks = blob is { IsInline: false }
            ? new BlockChecks(resource.Manifest, blob, block => store.ReportWrongBlock(this, block), store.Options.Time)
            : null;
        Content = new StoredContent(resource.Manifest, blob, store.Encoders, store.Options.Time, Checks);
    }

    public StoredResource Resource { get; }

    /// <summary>The bytes; null for a tombstone.</summary>
    public Blob? Blob { get; }

    /// <summary>What was compared of the file; null where there is none (small bodies are compared when their row is read).</summary>
    public BlockChecks? Checks { get; }

    public StoredContent Content { get; }

    public bool IsTombstone => Resource.Manifest.IsDeleted;

    /// <summary>When somebody last read it or asked for its rain, in milliseconds of the store's clock.</summary>
    public long LastUseMs => Content.LastUseMs;

    /// <summary>Memory that it takes, about: the manifest's bytes, as much again for the digests
    /// read from them, and those of a small body.</summary>
    public long MemoryBytes => ObjectBytes + (2L * Resource.Manifest.Bytes.Length) + (Blob?.InlineBytes.Length ?? 0);

    public void Touch()
    {
        Content.Touch();
        if (Resource.Retention == Retention.Cached || _store.Options.NotesReadsOfKept)
        {
            _store.NoteRead(Resource.Id);
        }
    }
}
