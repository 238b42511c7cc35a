namespace MurkyWaters;

/// <summary>The end of a deletion.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Search">When nothing was found: what came of looking for it elsewhere.</param>
public sealed record DeleteResult(DeleteOutcome Outcome, OpenResult? Search);
