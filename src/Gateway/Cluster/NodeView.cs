using Gateway.Http;
using MurkyWaters;

namespace Gateway.Cluster;

/// <summary>A node of the cluster.</summary>
/// <param name="Id">Who it is: 32 hexadecimal digits, whatever its addresses.</param>
/// <param name="Self">Whether it is the node that answers.</param>
/// <param name="Zone">Where it stands, as its Cluster:Zone says; null when it does not say.</param>
/// <param name="Weight">How much it takes in proportion to others.</param>
/// <param name="State">up; late: silent for seconds, which changes nothing; down: silent for Cluster:DownAfterSeconds; draining: it gives
/// away what it holds; or gone: taken off for good.</param>
/// <param name="Url">Where its gateway is; null when it does not say.</param>
/// <param name="Rain">Where it rains.</param>
/// <param name="Resources">Resources that it has whole.</param>
/// <param name="Bytes">Their bytes.</param>
/// <param name="FreeBytes">Bytes that its disk has free.</param>
/// <param name="Version">The newest version of what nodes say to each other that it speaks.</param>
/// <param name="LastSeen">When it was heard last; null for never.</param>
/// <param name="Drain">How far it is with giving away what it keeps; null when it is not to be drained.</param>
/// <example>
/// {
/// "id": "7c0d8b52a1f04e6c93b1d6f0a2e4c811", "self": false, "zone": "east", "weight": 1, "state": "up", "url": "http://10.0.0.2:8080",
/// "rain": ["10.0.0.2:1980"], "resources": 1042, "bytes": 81604378624, "freeBytes": 412316860416, "version": 1,
/// "lastSeen": "2026-01-02T03:04:05.678Z", "drain": null
/// }
/// </example>
internal sealed record NodeView(
    string Id, bool Self, string? Zone, double Weight, string State, string? Url, IReadOnlyList<string> Rain, long Resources, long Bytes,
    long FreeBytes, int Version, DateTimeOffset? LastSeen, DrainView? Drain)
{
    public static NodeView Of(NodeSnapshot node, bool isSelf) => new(
        node.Id.ToString(), isSelf, node.Zone.Length == 0 ? null : node.Zone, node.Weight,
        JsonText.Word(node.State),
        node.Url.Length == 0 ? null : node.Url, node.Rain, node.Resources, node.Bytes, node.FreeBytes, node.Version, node.LastSeen,
        DrainView.Of(node.Drain));
}

/// <summary>How far a node is with giving away what it keeps.</summary>
/// <param name="State">draining; or done: nothing is left, it may be switched off.</param>
/// <param name="ResourcesLeft">Resources that are left; null while that is not known.</param>
/// <param name="BytesLeft">Their bytes; null while that is not known.</param>
/// <param name="RateBytesPerSecond">Bytes a second that go.</param>
/// <param name="EtaSeconds">When all will be gone at this pace; null while nothing moves.</param>
/// <example>
/// { "state": "draining", "resourcesLeft": 310, "bytesLeft": 24481313587, "rateBytesPerSecond": 52428800, "etaSeconds": 466.9 }
/// </example>
internal sealed record DrainView(string State, long? ResourcesLeft, long? BytesLeft, long RateBytesPerSecond, double? EtaSeconds)
{
    public static DrainView? Of(NodeDrain? drain) => drain is null ? null : new DrainView(
        drain.IsDone ? "done" : "draining", drain.ResourcesLeft, drain.BytesLeft, drain.RateBytesPerSecond, drain.EtaSeconds);
}
