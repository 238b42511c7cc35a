using System.Text.Json;
using MurkyWaters;

namespace Gateway.Archive;

/// <summary>A job that turns replicas into pieces, or back.</summary>
/// <param name="Id">By which it is found: 16 hexadecimal digits.</param>
/// <param name="Kind">archive, or restore.</param>
/// <param name="Resource">The resource's id.</param>
/// <param name="Version">The version of it, and no other.</param>
/// <param name="Length">Its bytes.</param>
/// <param name="Code">The coding: rapidraid, or rapidraid-2012.</param>
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
        job.Id, Word(job.Kind), job.Resource.ToString(), job.Version.ToString(), job.Length, job.Coding,
        job.Phase < ArchivePhase.Completed ? "running" : Word(job.Phase), Word(job.Phase), job.Reason.Length > 0 ? job.Reason : null,
        job.Created, job.Ended,
        [.. job.Pieces.Select(piece => new ArchivePieceView(
            piece.Index, piece.Node.ToString(), Word(piece.State), piece.Bytes, piece.Reason.Length > 0 ? piece.Reason : null))],
        job.RateBytesPerSecond, job.EtaSeconds);

    private static string Word<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());
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
