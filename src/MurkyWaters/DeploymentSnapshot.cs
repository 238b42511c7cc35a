using System.Collections.Immutable;
using PouringRain.Protocol;
using PouringRain.Protocol.Deploying;

namespace MurkyWaters;

/// <summary>A deployment, as this node knows it.</summary>
public sealed record DeploymentSnapshot
{
    /// <summary>The number by which it is found: 16 hexadecimal digits.</summary>
    public required string Id { get; init; }

    /// <summary>What is deployed to whom.</summary>
    public required DeploymentPlan Plan { get; init; }

    /// <summary>How it stands.</summary>
    public required DeploymentPhase Phase { get; init; }

    /// <summary>When it was asked for.</summary>
    public required DateTimeOffset Created { get; init; }

    /// <summary>When it begins, or began.</summary>
    public required DateTimeOffset StartAt { get; init; }

    /// <summary>When it ended; null until then.</summary>
    public required DateTimeOffset? Ended { get; init; }

    /// <summary>The wave that is under way, from 1; 0 before the first.</summary>
    public required int Wave { get; init; }

    /// <summary>The receivers, in the order in which they get it.</summary>
    public required ImmutableArray<DeploymentReceiver> Receivers { get; init; }

    /// <summary>Who runs it; null when nobody does just now, or it has ended.</summary>
    public required NodeId? Runner { get; init; }

    /// <summary>Where the gateway of another node is that runs it; null when this one does, or that one does not say.</summary>
    public Uri? RunnerUrl { get; init; }
}

/// <summary>What is asked for with a deployment.</summary>
public sealed record DeploymentRequest
{
    /// <summary>What.</summary>
    public required ResourceId Resource { get; init; }

    /// <summary>To these nodes; null for those of <see cref="Zone"/>, or for all that are there.</summary>
    public ImmutableArray<NodeId>? Nodes { get; init; }

    /// <summary>To the nodes of a zone; null for those of <see cref="Nodes"/>, or for all that are there.</summary>
    public string? Zone { get; init; }

    /// <summary>How; null for what is best.</summary>
    public DeployMode? Mode { get; init; }

    /// <summary>The group, with <see cref="DeployMode.Group"/>.</summary>
    public string Group { get; init; } = "";

    /// <summary>Bytes a second that each receiver orders at most; 0 for no limit.</summary>
    public long RateBytesPerSecond { get; init; }

    /// <summary>When it begins; null for now.</summary>
    public DateTimeOffset? StartAt { get; init; }

    /// <summary>How many get it in each wave, 1 or more; the last number again and again. Empty for all at once.</summary>
    public ImmutableArray<int> Waves { get; init; } = [];

    /// <summary>How many have to have it in the end; null for all.</summary>
    public int? Quorum { get; init; }

    /// <summary>Whom the asking is done for, by which places of fetches are shared.</summary>
    public Bits128 Network { get; init; }
}

/// <summary>What became of a wish about a deployment.</summary>
public enum DeploymentOutcome
{
    /// <summary>It is kept for good, and followed.</summary>
    Taken,

    /// <summary>There is no such deployment.</summary>
    Unknown,

    /// <summary>It cannot be made as it was asked for.</summary>
    Refused,

    /// <summary>There is no such resource to be found, or it cannot be known.</summary>
    NoResource,

    /// <summary>The registry cannot be reached.</summary>
    Unavailable,
}

/// <summary>What became of it, and more about that.</summary>
/// <param name="Outcome">What became of it.</param>
/// <param name="Detail">Why, in a sentence; empty for nothing to say.</param>
/// <param name="Deployment">The deployment that was made.</param>
/// <param name="Search">Of <see cref="DeploymentOutcome.NoResource"/>: what came of looking for it.</param>
public sealed record DeploymentResult(
    DeploymentOutcome Outcome, string Detail = "", DeploymentSnapshot? Deployment = null, OpenResult? Search = null);

/// <summary>Deployments in figures: of those that this node runs or ran, and of what it was asked to have itself.</summary>
public sealed record DeploymentFigures
{
    /// <summary>How many it runs.</summary>
    public int Running { get; init; }

    /// <summary>How many it ran that have ended, by how.</summary>
    public IReadOnlyDictionary<DeploymentPhase, long> Ended { get; init; } = new Dictionary<DeploymentPhase, long>();

    /// <summary>The receivers of those that it runs, by how they stand.</summary>
    public IReadOnlyDictionary<ReceiverState, int> Receivers { get; init; } = new Dictionary<ReceiverState, int>();

    /// <summary>What it is at itself.</summary>
    public int Obeying { get; init; }

    /// <summary>What it was asked to have and has read back.</summary>
    public long Had { get; init; }

    /// <summary>What it was asked to have and could not.</summary>
    public long Failed { get; init; }
}
