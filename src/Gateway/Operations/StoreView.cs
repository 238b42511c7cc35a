using MurkyWaters;

namespace Gateway.Operations;

/// <summary>The store.</summary>
/// <param name="Resources">Resources that are here whole.</param>
/// <param name="KeptBytes">Bytes of those that were put here or are kept for others.</param>
/// <param name="CachedBytes">Bytes of those that were fetched for readers, which go when room is wanted.</param>
/// <param name="Tombstones">Deletions that are remembered.</param>
/// <param name="FreeBytes">Bytes that the disk has free.</param>
/// <param name="QuotaBytes">Limit for what was fetched; 0 is none.</param>
/// <param name="Quarantine">What was set aside.</param>
/// <param name="Trouble">Why nothing is taken in just now: the disk fails. Null when all is well.</param>
/// <param name="Scrub">How the reading and comparing of all bodies stands.</param>
/// <example>
/// {
/// "resources": 1042, "keptBytes": 81604378624, "cachedBytes": 1073741824, "tombstones": 3, "freeBytes": 412316860416,
/// "quotaBytes": 10000000000, "quarantine": { "files": 0, "bytes": 0 }, "trouble": null,
/// "scrub": {
/// "state": "running", "passStarted": "2026-01-02T03:04:05.678Z", "checkedBytes": 52428800, "totalBytes": 82678120448,
/// "checkedResources": 17, "damaged": 0, "lastPassFinished": null, "bytesPerSecond": 1048576
/// }
/// }
/// </example>
internal sealed record StoreView(
    long Resources, long KeptBytes, long CachedBytes, long Tombstones, long FreeBytes, long QuotaBytes, QuarantineView Quarantine,
    string? Trouble, ScrubView Scrub)
{
    public static StoreView Of(StoreFigures figures) => new(
        figures.Resources, figures.KeptBytes, figures.CachedBytes, figures.Tombstones, figures.FreeBytes, figures.QuotaBytes,
        new QuarantineView(figures.QuarantineFiles, figures.QuarantineBytes), figures.Trouble,
        new ScrubView(
            figures.Scrub.State, figures.Scrub.PassStarted, figures.Scrub.CheckedBytes, figures.Scrub.TotalBytes,
            figures.Scrub.CheckedResources, figures.Scrub.Damaged, figures.Scrub.LastPassFinished, figures.Scrub.BytesPerSecond));
}

/// <summary>What was set aside, since it was not understood or not what it should be.</summary>
/// <param name="Files">Files in the folder.</param>
/// <param name="Bytes">Their bytes.</param>
/// <example>{ "files": 2, "bytes": 1048712 }</example>
internal sealed record QuarantineView(long Files, long Bytes);

/// <summary>How the reading and comparing of all bodies stands.</summary>
/// <param name="State">off; waiting, for the next pass; running; or paused, while the disk fails.</param>
/// <param name="PassStarted">When the pass began that is under way, or the last one; null before the first.</param>
/// <param name="CheckedBytes">Bytes that it has read.</param>
/// <param name="TotalBytes">Bytes that there are now.</param>
/// <param name="CheckedResources">Resources whose bodies it has read.</param>
/// <param name="Damaged">Those of them whose bodies were not what they should be.</param>
/// <param name="LastPassFinished">When a pass last came to its end.</param>
/// <param name="BytesPerSecond">Bytes a second that it reads just now.</param>
/// <example>
/// {
/// "state": "waiting", "passStarted": "2026-01-02T03:04:05.678Z", "checkedBytes": 82678120448, "totalBytes": 82678120448,
/// "checkedResources": 1042, "damaged": 0, "lastPassFinished": "2026-01-03T01:00:10.201Z", "bytesPerSecond": 0
/// }
/// </example>
internal sealed record ScrubView(
    string State, DateTimeOffset? PassStarted, long CheckedBytes, long TotalBytes, long CheckedResources, long Damaged,
    DateTimeOffset? LastPassFinished, long BytesPerSecond);
