using System.Collections.Immutable;
using PouringRain.Protocol;

namespace MurkyWaters.Cluster;

/// <summary>What a node says of itself in the registry.</summary>
public sealed record RegisteredNode
{
    /// <summary>Who it is.</summary>
    public required NodeId Id { get; init; }

    /// <summary>Where it stands, as <c>Cluster:Zone</c> says; 64 characters at most, empty when it says nothing.</summary>
    public string Zone { get; init; } = "";

    /// <summary>The machine it runs on; 255 characters at most.</summary>
    public string Host { get; init; } = "";

    /// <summary>How much it takes in proportion to others, above 0, <see cref="WeightMax"/> at most.</summary>
    public double Weight { get; init; } = 1;

    /// <summary>Where it rains, <c>host:port</c> each, the best first; 16 at most.</summary>
    public ImmutableArray<string> Rain { get; init; } = [];

    /// <summary>Where its HTTP is, with http or https; 512 characters at most, empty when it says nothing.</summary>
    public string Url { get; init; } = "";

    /// <summary>The version of what nodes say to one another.</summary>
    public int ProtocolVersion { get; init; }

    /// <summary>Whether it gives away what it holds.</summary>
    public bool IsDraining { get; init; }

    /// <summary>The largest <see cref="Weight"/>.</summary>
    public const double WeightMax = 1000;

    /// <inheritdoc/>
    public bool Equals(RegisteredNode? other) =>
        other is not null && Id == other.Id && Zone == other.Zone && Host == other.Host && Weight.Equals(other.Weight)
        && Rain.SequenceEqual(other.Rain) && Url == other.Url && ProtocolVersion == other.ProtocolVersion && IsDraining == other.IsDraining;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Id, Zone, Host, Weight, Rain.Length, Url, ProtocolVersion, IsDraining);
}
