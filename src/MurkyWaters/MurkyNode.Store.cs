namespace MurkyWaters;

/// <summary>What can be asked of the store as a whole.</summary>
public sealed partial class MurkyNode
{
    /// <summary>What is in the store, and how it fares. Costs nothing but a call for the disk's free bytes.</summary>
    public StoreFigures StoreFigures
    {
        get
        {
            var (bytes, cached) = (_store.Catalog.Bytes, _store.Catalog.CachedBytes);
            var (asideCount, asideBytes) = _store.Files.Aside;
            var (scrub, progress) = (_store.Scrub, _store.Scrub.Progress);
            return new StoreFigures
            {
                Resources = _store.Count,
                KeptBytes = Math.Max(0, bytes - cached),
                CachedBytes = cached,
                Tombstones = _store.Catalog.KnownTombstones,
                FreeBytes = _store.Space.FreeBytes,
                QuotaBytes = _options.QuotaBytes,
                QuarantineFiles = asideCount,
                QuarantineBytes = asideBytes,
                Trouble = StoreTrouble,
                Scrub = new ScrubFigures
                {
                    State = scrub.State,
                    PassStarted = TimeOf(progress.StartedUnixMs),
                    CheckedBytes = progress.CheckedBytes,
                    TotalBytes = bytes,
                    CheckedResources = progress.CheckedCount,
                    Damaged = progress.DamagedCount,
                    LastPassFinished = TimeOf(progress.EndedUnixMs),
                    BytesPerSecond = scrub.Pace.BytesPerSecond,
                },
            };
        }
    }

    /// <summary>How the object store under the node fares; null when there is none.</summary>
    public BackingFigures? BackingFigures => _writeBehind?.Figures;

    /// <summary>Begins to read all bodies and to compare them with their digests, or lets the pass that is under way go as fast as it
    /// may.</summary>
    public void StartScrub() => _store.Scrub.StartPass();

    private static DateTimeOffset? TimeOf(long unixMs) => unixMs == 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds(unixMs);
}
