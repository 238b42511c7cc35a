using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using MurkyWaters.Cluster;
using MurkyWaters.Servers;
using PouringRain.Protocol;

namespace MurkyWaters.Engines.Etcd;

/// <summary>A node as JSON. Members that are not known are passed over, as those of later versions are.</summary>
internal static class NodeDocument
{
    /// <summary>Bytes that a document has at most.</summary>
    public const int BytesMax = 16 * 1024;

    private const int ZoneLengthMax = 64;
    private const int HostLengthMax = 255;
    private const int UrlLengthMax = 512;
    private const int RainCountMax = 16;
    private const int VersionMax = 1_000_000;
    private static readonly JsonDocumentOptions Flat = new() { MaxDepth = 8 };

    /// <summary>Writes a node.</summary>
    /// <param name="node">The node.</param>
    /// <param name="isGone">Whether it was taken off.</param>
    public static byte[] Write(RegisteredNode node, bool isGone = false) => EtcdJson.Write(json =>
    {
        json.WriteString("id", node.Id.ToString());
        json.WriteString("zone", node.Zone);
        json.WriteString("host", node.Host);
        json.WriteNumber("weight", node.Weight);
        json.WriteStartArray("rain");
        foreach (var address in node.Rain)
        {
            json.WriteStringValue(address);
        }

        json.WriteEndArray();
        json.WriteString("url", node.Url);
        json.WriteNumber("protocol", node.ProtocolVersion);
        json.WriteBoolean("draining", node.IsDraining);
        if (isGone)
        {
            json.WriteBoolean("gone", true);
        }
    });

    /// <summary>Reads a node; false for anything that is none.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out RegisteredNode? node, out bool isGone)
    {
        node = null;
        isGone = false;
        if (bytes.Length > BytesMax)
        {
            return false;
        }

        try
        {
            using var document = JsonDocument.Parse(bytes, Flat);
            var root = document.RootElement;
            isGone = root.FindFlag("gone");
            if (!NodeId.TryParse(root.FindText("id"), out var id)
                || root.Find("weight") is not { ValueKind: JsonValueKind.Number } weight || !weight.TryGetDouble(out var number))
            {
                return false;
            }

            var version = root.FindInt64("protocol");
            node = new RegisteredNode
            {
                Id = id,
                Zone = root.FindText("zone") ?? "",
                Host = root.FindText("host") ?? "",
                Weight = number,
                Rain = [.. root.FindList("rain").Take(RainCountMax + 1)
                    .Select(item => item.ValueKind == JsonValueKind.String ? item.GetString()! : "")],
                Url = root.FindText("url") ?? "",
                ProtocolVersion = version is >= 0 and <= VersionMax ? (int)version : -1,
                IsDraining = root.FindFlag("draining"),
            };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // The latter is what a text throws that is no Unicode.
            return false;
        }

        return IsSound(node);
    }

    /// <summary>Whether a node keeps to the bounds of its members.</summary>
    public static bool IsSound(RegisteredNode node) =>
        node.Id.Value != 0
        && IsText(node.Zone, ZoneLengthMax) && IsText(node.Host, HostLengthMax) && IsText(node.Url, UrlLengthMax)
        && node.Weight > 0 && node.Weight <= RegisteredNode.WeightMax
        && !node.Rain.IsDefault && node.Rain.Length <= RainCountMax && node.Rain.All(address => ServerName.TryParse(address, out _))
        && (node.Url.Length == 0 || (Uri.TryCreate(node.Url, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"))
        && node.ProtocolVersion is >= 0 and <= VersionMax;

    private static bool IsText(string text, int lengthMax) =>
        text.Length <= lengthMax && !text.EnumerateRunes().Any(rune => Rune.IsControl(rune) || rune == Rune.ReplacementChar);
}
