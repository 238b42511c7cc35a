using System.Collections.Immutable;
using PouringRain.Protocol;

namespace MurkyWaters;

/// <summary>What a job does.</summary>
public enum ArchiveJobKind
{
    /// <summary>Turns replicas into pieces.</summary>
    Archive,

    /// <summary>Turns pieces into replicas.</summary>
    Restore,
}

/// <summary>How far a job is, in this order but for the last two.</summary>
public enum ArchivePhase
{
    /// <summary>Pieces come to their nodes, or the whole to its holders.</summary>
    Making,

    /// <summary>What was written is read back and decoded.</summary>
    Verifying,

    /// <summary>What is of no more use is dropped.</summary>
    Dropping,

    /// <summary>It is done.</summary>
    Completed,

    /// <summary>It cannot be done, and nothing was dropped.</summary>
    Failed,
}

/// <summary>How a piece stands.</summary>
public enum PieceState
{
    /// <summary>Nothing is known of it yet.</summary>
    Waiting,

    /// <summary>It is on its way.</summary>
    Writing,

    /// <summary>It was written and read back.</summary>
    Written,

    /// <summary>It could not be; it is tried again.</summary>
    Failed,
}

/// <summary>A piece, or a whole copy, of a job.</summary>
/// <param name="Index">Which piece; of a copy its number.</param>
/// <param name="Node">Where it is to be.</param>
/// <param name="State">How it stands.</param>
/// <param name="Bytes">Bytes of it that are there.</param>
/// <param name="Reason">Why it failed last; empty when it did not.</param>
public sealed record ArchivePiece(int Index, NodeId Node, PieceState State, long Bytes, string Reason);

/// <summary>A job, as this node knows it.</summary>
public sealed record ArchiveJobSnapshot
{
    /// <summary>The number by which it is found: 16 hexadecimal digits.</summary>
    public required string Id { get; init; }

    /// <summary>What it does.</summary>
    public required ArchiveJobKind Kind { get; init; }

    /// <summary>The resource.</summary>
    public required ResourceId Resource { get; init; }

    /// <summary>The version of it.</summary>
    public required Sha256Digest Version { get; init; }

    /// <summary>Bytes of the resource.</summary>
    public required long Length { get; init; }

    /// <summary>The coding's name.</summary>
    public required string Coding { get; init; }

    /// <summary>How far it is.</summary>
    public required ArchivePhase Phase { get; init; }

    /// <summary>Why it failed, or waits; empty when neither.</summary>
    public required string Reason { get; init; }

    /// <summary>When it was asked for.</summary>
    public required DateTimeOffset Created { get; init; }

    /// <summary>When it ended; null until then.</summary>
    public required DateTimeOffset? Ended { get; init; }

    /// <summary>Its pieces, or copies.</summary>
    public required ImmutableArray<ArchivePiece> Pieces { get; init; }

    /// <summary>Bytes a second, all nodes together.</summary>
    public required long RateBytesPerSecond { get; init; }

    /// <summary>Seconds until it may be done; null while that cannot be said.</summary>
    public required double? EtaSeconds { get; init; }
}

/// <summary>What came of asking for a job.</summary>
public enum ArchiveOutcome
{
    /// <summary>It is kept for good, and begins.</summary>
    Taken,

    /// <summary>There is no such resource.</summary>
    NoResource,

    /// <summary>It cannot be as it was asked for; the detail says why.</summary>
    Refused,

    /// <summary>The registry cannot be reached.</summary>
    Unavailable,
}

/// <summary>What came of asking for a job.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Detail">Why it was not taken; a sentence.</param>
/// <param name="Job">It, when it was taken.</param>
/// <param name="Search">What came of looking for the resource, where that was in vain.</param>
public sealed record ArchiveResult(ArchiveOutcome Outcome, string Detail = "", ArchiveJobSnapshot? Job = null, OpenResult? Search = null);

/// <summary>How a resource is kept.</summary>
/// <param name="Coding">The coding's name.</param>
/// <param name="Survives">How many nodes can be lost, whichever they are, as was counted last; null when it was not counted here.</param>
/// <param name="Places">Who had which pieces then, by the nodes' ids; empty when that was not counted here.</param>
public sealed record ArchivedState(string Coding, int? Survives, IReadOnlyList<NodePieces> Places);

/// <summary>The pieces of a resource that one node has.</summary>
/// <param name="Node">The node.</param>
/// <param name="Pieces">Which, in order.</param>
public sealed record NodePieces(NodeId Node, IReadOnlyList<int> Pieces);
