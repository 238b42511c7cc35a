using System.Collections.Immutable;

namespace PouringRain.Protocol.Cluster;

/// <summary>How replication fares on this node.</summary>
public sealed record ReplicationFigures
{
    /// <summary>Resources of which this node is the first holder that answers, and of which fewer than the wanted number are known to be
    /// kept; as of the last time that all was looked through.</summary>
    public required long UnderReplicated { get; init; }

    /// <summary>Resources that wait to be fetched, or are being fetched.</summary>
    public required long Waiting { get; init; }

    /// <summary>Their bytes.</summary>
    public required long BytesLeft { get; init; }

    /// <summary>Bytes a second that were mended, over the last minute or so.</summary>
    public required long RateBytesPerSecond { get; init; }

    /// <summary>What failed last, and will be asked for again; a few of them.</summary>
    public required ImmutableArray<(ResourceId Id, string Reason)> Failed { get; init; }

    /// <summary>Resources that wait until others say that they keep them, summed over the others.</summary>
    public required long Telling { get; init; }

    /// <summary>Kept copies whose places are elsewhere: resources and bytes, as of the last time that all was looked through. On a node
    /// that is drained, what is left.</summary>
    public required (long Count, long Bytes) Strays { get; init; }

    /// <summary>The least copies that anything has which is kept here, as far as is known; null before all was looked through. What is
    /// new, or was found to have too few, is counted as it is now. Copies of holders that are silent count.</summary>
    public required CopyCount? Least { get; init; }

    /// <summary>Whether all was looked through since the last change of places, nothing is in doubt, and nothing has come since that is to
    /// go elsewhere: only then no <see cref="Strays"/> means that there are none.</summary>
    public required bool IsSettled { get; init; }

    /// <summary>Whether this node has places: it is not drained.</summary>
    public required bool HasPlaces { get; init; }

    /// <summary>How long ago, in milliseconds, this node last had the same tombstones as all others; the greatest number when it is not
    /// known to have had them ever.</summary>
    public required long LagMs { get; init; }
}

/// <summary>What came of asking the holders for the newest version.</summary>
/// <param name="Number">The number that <see cref="Replication.Survey"/> gave.</param>
/// <param name="Id">The resource.</param>
/// <param name="Newest">The newest version that was found, here or there; <see cref="ReplicaVersion.None"/> when there is none.</param>
/// <param name="Asked">Other nodes that were asked.</param>
/// <param name="Answered">Those that answered.</param>
public readonly record struct SurveyResult(long Number, ResourceId Id, ReplicaVersion Newest, int Asked, int Answered)
{
    /// <summary>How many holders there are, this node included if it is one.</summary>
    public int Holders { get; init; }

    /// <summary>Holders of which it is known what they have, this node included if it is one.</summary>
    public int HoldersAnswered { get; init; }

    /// <summary>Those of them that know of <see cref="Newest"/>, if only by name.</summary>
    public int HoldersKnowing { get; init; }
}
