namespace MurkyWaters;

/// <summary>What is in pieces, in figures.</summary>
/// <param name="Resources">Resources that this node knows as ones in pieces.</param>
/// <param name="Pieces">Pieces that are here, kept or fetched to be read.</param>
/// <param name="PieceBytes">Their bytes.</param>
/// <param name="Jobs">Jobs by how far they are.</param>
/// <param name="Repaired">Pieces that this node has had made anew.</param>
/// <param name="RepairsFailed">How often that failed.</param>
/// <param name="Paths">Pieces that came here along a path of nodes.</param>
/// <param name="PathsFailed">How often one did not, and was decoded.</param>
public sealed record ArchiveFigures(
    long Resources, long Pieces, long PieceBytes, IReadOnlyDictionary<ArchivePhase, int> Jobs, long Repaired, long RepairsFailed,
    long Paths, long PathsFailed);
