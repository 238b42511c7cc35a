using MurkyWaters.Store;

namespace MurkyWaters.Fetching;

/// <summary>What a fetch found out before its first block.</summary>
/// <param name="Status">As <see cref="OpenResult.Status"/>.</param>
/// <param name="Stored">What to read in place of the rain, because it is here by now or is newer than what rains.</param>
/// <param name="Verdict">What to say of the fetch; null for what bounded its speed.</param>
internal sealed record FetchOutcome(OpenStatus Status, StoreEntry? Stored = null, string? Verdict = null)
{
    /// <summary>There is nothing to tell: something failed here.</summary>
    public static FetchOutcome LocalFailure { get; } = new(OpenStatus.LocalFailure);

    /// <summary>The blocks are read as they come.</summary>
    public static FetchOutcome Raining { get; } = new(OpenStatus.Found);
}
