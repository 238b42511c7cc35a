using PouringRain.Protocol;
using PouringRain.Protocol.Cluster;

namespace MurkyWaters;

/// <summary>A node of the cluster.</summary>
/// <param name="Id">Who it is, whatever its addresses.</param>
/// <param name="Zone">Where it stands; empty when it does not say.</param>
/// <param name="Weight">How much it takes in proportion to others.</param>
/// <param name="State">How it is.</param>
/// <param name="Url">Where its gateway is; empty when it does not say.</param>
/// <param name="Rain">Where it rains.</param>
/// <param name="Resources">Resources that it has whole.</param>
/// <param name="Bytes">Their bytes.</param>
/// <param name="FreeBytes">Bytes that its disk has free.</param>
/// <param name="Version">The newest version of what nodes say to each other that it speaks.</param>
/// <param name="LastSeen">When it was heard last; null for never.</param>
/// <param name="Drain">How far it is with giving away what it keeps; null when it is not to be drained.</param>
public sealed record NodeSnapshot(
    NodeId Id, string Zone, double Weight, MemberState State, string Url, IReadOnlyList<string> Rain, long Resources, long Bytes,
    long FreeBytes, int Version, DateTimeOffset? LastSeen, NodeDrain? Drain)
{
    /// <summary>Where its gateway is, as an address that clients can be led to; null when it says none, or something else.</summary>
    public Uri? FindGateway() => Uri.TryCreate(Url, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" ? url : null;
}
