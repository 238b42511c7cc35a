using System.Net;
using System.Text.Json;
using PouringRain.Protocol;
using PouringRain.Protocol.Cluster;

namespace MurkyWaters.Cluster;

/// <summary>What the store keeps of another node from one start to the next, so that a node which is away when this one starts keeps its
/// places.</summary>
internal sealed record RememberedNode(string Zone, string Host, string Url, double Weight, IReadOnlyList<string> Rain)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    /// <summary>Documents of nodes that were heard.</summary>
    public static IReadOnlyList<(NodeId Id, string Document)> Write(IEnumerable<ClusterNode> nodes) =>
        [.. nodes.Where(node => !node.Addresses.IsEmpty).Select(node => (node.Id, JsonSerializer.Serialize(
            new RememberedNode(
                node.Status.Zone, node.Status.Host, node.Status.Url, node.Status.Weight,
                [.. node.Addresses.Select(address => address.ToString())]),
            Json)))];

    /// <summary>What such documents say; those that cannot be read are left out.</summary>
    public static IEnumerable<(NodeId Id, NodeStatus Status)> Read(IEnumerable<(NodeId Id, string Document)> documents)
    {
        foreach (var (id, document) in documents)
        {
            if (Parse(document) is { Rain.IsEmpty: false } status)
            {
                yield return (id, status);
            }
        }
    }

    private static NodeStatus? Parse(string document)
    {
        try
        {
            return JsonSerializer.Deserialize<RememberedNode>(document, Json) is { Rain: not null, Weight: > 0 } node
                ? new NodeStatus
                {
                    Zone = node.Zone ?? "",
                    Host = node.Host ?? "",
                    Url = node.Url ?? "",
                    Weight = node.Weight,
                    Rain = [.. node.Rain.Select(text => IPEndPoint.TryParse(text, out var place) ? PeerAddress.From(place) : default)
                        .Where(place => place.Port != 0)],
                }
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
