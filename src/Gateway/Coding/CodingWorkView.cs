using MurkyWaters.Archive;

namespace Gateway.Coding;

/// <summary>A coding program that runs, or has ended.</summary>
/// <param name="Work">Its name; null when it has none.</param>
/// <param name="Length">Bytes of each of its streams.</param>
/// <param name="State">running, completed or failed.</param>
/// <param name="Reason">Why it failed; null when it did not.</param>
/// <example>{ "work": "repair-9f86d081884c7d65-3", "length": 4545455, "state": "running", "reason": null }</example>
internal sealed record CodingWorkView(string? Work, long Length, string State, string? Reason)
{
    public static CodingWorkView Of(CodingWork work) => new(
        work.Work.Length == 0 ? null : work.Work, work.Length,
        work.Result is null ? "running" : work.Result.Outcome == CodingOutcome.Completed ? "completed" : "failed",
        work.Result is null or { Outcome: CodingOutcome.Completed } ? null : work.Result.ToString());
}
