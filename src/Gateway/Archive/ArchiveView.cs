using Gateway.Http;
using MurkyWaters;

namespace Gateway.Archive;

/// <summary>A job that turns replicas into pieces, or back.</summary>
/// <param name="Id">By which it is found: 16 hexadecimal digits.</param>
/// <param name="Kind">archive, or restore.</param>
/// <param name="Resource">The resource's id.</param>
/// <param name="Version">The version of it, and no other.</param>
/// <param name="Length">Its bytes.</param>
/// <param name="Code">The coding: rapidraid, rapidraid-2012, or parts.</param>
/// <param name="State">running, completed or failed.</param>
/// <param name="Phase">making, verifying, dropping, completed or failed.</param>
/// <param name="Reason">Why it failed, or waits; null when neither.</param>
/// <param name="Created">When it was asked for.</param>
/// <param name="Ended">When it ended; null until then.</param>
/// <param name="Pieces">A row a piece; of a restoration a row a whole copy.</param>
/// <param name="RateBytesPerSecond">Bytes a second that are written, all nodes together.</param>
/// <param name="EtaSeconds">Seconds until all may be written; null while that cannot be said.</param>
/// <example>
/// {
/// "id": "9f86d081884c7d65", "kind": "archive", "resource": "42",
/// "version": "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752", "length": 50000000, "code": "rapidraid",
/// "state": "running", "phase": "making", "reason": null, "created": "2026-01-02T03:04:05.678Z", "ended": null, "pieces": [
/// { "index": 0, "node": "7c0d8b52a1f04e6c93b1d6f0a2e4c811", "state": "written", "bytes": 4545455, "reason": null }
/// ], "rateBytesPerSecond": 41000000, "etaSeconds": 1.2
/// }
/// </example>
internal sealed record ArchiveView(
    string Id, string Kind, string Resource, string Version, long Length, string Code, string State, string Phase, string? Reason,
    DateTimeOffset Created, DateTimeOffset? Ended, IReadOnlyList<ArchivePieceView> Pieces, long RateBytesPerSecond, double? EtaSeconds)
{
    public static ArchiveView Of(ArchiveJobSnapshot job) => new(
        job.Id, JsonText.Word(job.Kind), job.Resource.ToString(), job.Version.ToString(), job.Length, job.Coding,
        job.Phase < ArchivePhase.Completed ? "running" : JsonText.Word(job.Phase), JsonText.Word(job.Phase),
        job.Reason.Length > 0 ? job.Reason : null,
        job.Created, job.Ended,
        [.. job.Pieces.Select(piece => new ArchivePieceView(
            piece.Index, piece.Node.ToString(), JsonText.Word(piece.State), piece.Bytes, piece.Reason.Length > 0 ? piece.Reason : null))],
        job.RateBytesPerSecond, job.EtaSeconds);
}

/// <summary>A piece of a job, or a whole copy.</summary>
/// <param name="Index">Which piece, from 0; of a copy its number.</param>
/// <param name="Node">The node that is to have it.</param>
/// <param name="State">waiting, writing, written (and read back) or failed (and tried again).</param>
/// <param name="Bytes">Bytes of it that are there.</param>
/// <param name="Reason">Why it failed last; null when it did not.</param>
/// <example>
/// { "index": 0, "node": "7c0d8b52a1f04e6c93b1d6f0a2e4c811", "state": "written", "bytes": 4545455, "reason": null }
/// </example>
internal sealed record ArchivePieceView(int Index, string Node, string State, long Bytes, string? Reason);

/// <summary>What the policy would have archived now.</summary>
/// <param name="AfterDays">Days without being read; 0 when the policy is off.</param>
/// <param name="MinBytes">Bytes of a resource at least.</param>
/// <param name="Count">Resources that would be archived.</param>
/// <param name="Bytes">Their bytes.</param>
/// <param name="SmallCount">Resources that are as cold and too small: they stay as they are.</param>
/// <param name="SmallBytes">Their bytes.</param>
/// <param name="Survives">What the pieces would survive, in a sentence.</param>
/// <param name="IsPossible">Whether that is what the coding can do; otherwise nothing is archived.</param>
/// <param name="Items">The first thousand of them.</param>
/// <example>
/// {
/// "afterDays": 90, "minBytes": 1048576, "count": 1, "bytes": 50000000, "smallCount": 12, "smallBytes": 4711,
/// "survives": "16 pieces on 16 nodes survive the loss of any 5.", "isPossible": true, "items": [
/// { "id": "42", "length": 50000000, "lastRead": "2026-01-02T03:04:05.678Z", "fileName": "holiday.mp4" }
/// ]
/// }
/// </example>
internal sealed record ArchivePlanView(
    double AfterDays, long MinBytes, long Count, long Bytes, long SmallCount, long SmallBytes, string Survives, bool IsPossible,
    IReadOnlyList<ColdResourceView> Items)
{
    public static ArchivePlanView Of(ArchivePlan plan) => new(
        plan.After.TotalDays, plan.BytesMin, plan.Count, plan.Bytes, plan.SmallCount, plan.SmallBytes, plan.Survives, plan.IsPossible,
        [.. plan.Items.Select(item => new ColdResourceView(item.Id.ToString(), item.Length, item.LastRead, item.FileName))]);
}

/// <summary>A resource that has not been read for long.</summary>
/// <param name="Id">The resource's id.</param>
/// <param name="Length">Its bytes.</param>
/// <param name="LastRead">When it was last read, or rained, at the node that answers.</param>
/// <param name="FileName">Its file name; null for none.</param>
/// <example>{ "id": "42", "length": 50000000, "lastRead": "2026-01-02T03:04:05.678Z", "fileName": "holiday.mp4" }</example>
internal sealed record ColdResourceView(string Id, long Length, DateTimeOffset LastRead, string? FileName);
