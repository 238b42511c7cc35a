using MurkyWaters.Store;

namespace MurkyWaters.Fetching;

/// <summary>What a fetch found out before its first block.</summary>
/// <param name="Status">As <see cref="OpenResult.Status"/>.</param>
/// <param name="Stored">What to read in place of the rain, because it is here by now or is newer than what rains.</param>
internal sealed record FetchOutcome(OpenStatus Status, StoreEntry? Stored = null)
{
    public static FetchOutcome Raining { get; } = new(OpenStatus.Found);
}
