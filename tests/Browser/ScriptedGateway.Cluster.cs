using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Browser;

/// <summary>A cluster as a real one is seldom seen: some nodes late or down, copies missing, and drains that end when the test says
/// so.</summary>
internal sealed partial class ScriptedGateway
{
    private readonly ConcurrentDictionary<string, bool> _drains = new();

    /// <summary>How many nodes there are, this one among them; 0 for a gateway that knows no such paths.</summary>
    public int NodeCount { get; set; } = 1;

    /// <summary>Whether etcd and an object store are there.</summary>
    public bool HasEngines { get; set; }

    /// <summary>Whether something is to be mended.</summary>
    public bool IsHurt { get; set; }

    /// <summary>Whether what is drained is empty.</summary>
    public bool DrainsAreDone { get; set; }

    /// <summary>Whether a node has to be asked itself, as where there is no etcd.</summary>
    public bool DrainsLeadElsewhere { get; set; }

    /// <summary>What was asked about drains, in order.</summary>
    public ConcurrentQueue<string> DrainRequests { get; } = new();

    private void MapCluster()
    {
        _app.MapGet(
            "/nodes",
            () => NodeCount == 0
                ? Unknown()
                : Results.Json(new JsonObject { ["items"] = new JsonArray([.. Enumerable.Range(0, NodeCount).Select(Node)]) }));
        _app.MapGet("/cluster", () => NodeCount == 0 ? Unknown() : Results.Json(Cluster()));
        _app.MapPost("/nodes/{id}/drain", (HttpContext context, string id) =>
        {
            if (DrainsLeadElsewhere)
            {
                return Results.Redirect($"http://10.20.0.12:8080/nodes/{id}/drain", permanent: false, preserveMethod: true);
            }

            DrainRequests.Enqueue($"{context.Request.Method} {id}");
            _drains[id] = true;
            return Results.Accepted();
        });
        _app.MapDelete("/nodes/{id}/drain", (HttpContext context, string id) =>
        {
            DrainRequests.Enqueue($"{context.Request.Method} {id}");
            _drains.TryRemove(id, out _);
            return Results.NoContent();
        });
    }

    /// <summary>As a gateway answers that takes what it does not know for an id.</summary>
    private static IResult Unknown() =>
        Results.Problem("It is no unsigned 64-bit number.", statusCode: 400, title: "The resource id is no unsigned 64-bit number");

    /// <summary>The id of a node, by its place in the list.</summary>
    public static string NodeId(int index) => string.Create(CultureInfo.InvariantCulture, $"{index + 1:x32}");

    private JsonObject Node(int index)
    {
        var isDrained = _drains.ContainsKey(NodeId(index));
        var state = isDrained ? "draining" : !IsHurt ? "up" : (index % 5) switch { 3 => "down", 4 => "late", _ => "up" };
        return new JsonObject
        {
            ["id"] = NodeId(index),
            ["self"] = index == 0,
            ["zone"] = index % 2 == 0 ? "east" : "west",
            ["weight"] = 1,
            ["state"] = state,
            ["url"] = $"http://10.20.0.{11 + index}:8080",
            ["rain"] = new JsonArray($"10.20.0.{11 + index}:1980"),
            ["resources"] = 1042 + index,
            ["bytes"] = 81_604_378_624 + (index * 40_000_000_000L),
            ["freeBytes"] = 412_316_860_416 - (index * 40_000_000_000L),
            ["version"] = 1,
            ["lastSeen"] = DateTimeOffset.UtcNow.AddSeconds(state switch { "down" => -900, "late" => -12, _ => -1 }),
            ["drain"] = !isDrained
                ? null
                : new JsonObject
                {
                    ["state"] = DrainsAreDone ? "done" : "draining",
                    ["resourcesLeft"] = DrainsAreDone ? 0 : 312,
                    ["bytesLeft"] = DrainsAreDone ? 0 : 24_500_000_000,
                    ["rateBytesPerSecond"] = DrainsAreDone ? 0 : 98_000_000,
                    ["etaSeconds"] = DrainsAreDone ? null : 250,
                },
        };
    }

    private JsonObject Cluster() => new()
    {
        ["name"] = "rain",
        ["etcd"] = HasEngines ? new JsonObject { ["connected"] = true, ["trouble"] = null } : null,
        ["nodes"] = new JsonObject { ["total"] = NodeCount, ["up"] = NodeCount, ["late"] = 0, ["down"] = 0, ["draining"] = _drains.Count },
        ["zones"] = NodeCount > 1 ? new JsonArray("east", "west") : new JsonArray("east"),
        ["replicas"] = 3,
        ["survives"] = new JsonObject { ["nodes"] = Math.Min(IsHurt ? 1 : 2, NodeCount - 1), ["zones"] = NodeCount > 1 ? 1 : 0 },
        ["underReplicated"] = IsHurt ? 17 : 0,
        ["repair"] = new JsonObject
        {
            ["waiting"] = IsHurt ? 40 : 0,
            ["bytesLeft"] = IsHurt ? 3_200_000_000 : 0,
            ["rateBytesPerSecond"] = IsHurt ? 25_000_000 : 0,
            ["etaSeconds"] = IsHurt ? 128 : null,
            ["failed"] = IsHurt
                ? new JsonArray(new JsonObject { ["id"] = "4711", ["reason"] = "no node that has it answered" })
                : new JsonArray(),
        },
        ["scrub"] = new JsonObject
        {
            ["checked"] = 1042,
            ["bytes"] = 81_604_378_624,
            ["bad"] = 0,
            ["startedAt"] = DateTimeOffset.UtcNow.AddHours(-2),
            ["etaSeconds"] = 7200,
        },
        ["objectStore"] = !HasEngines
            ? null
            : new JsonObject
            {
                ["name"] = "s3.example/rain",
                ["connected"] = false,
                ["trouble"] = "the bucket answers 403",
                ["waiting"] = 12,
                ["bytesLeft"] = 48_000_000,
                ["rateBytesPerSecond"] = 0,
                ["etaSeconds"] = null,
                ["failed"] = new JsonArray(),
            },
    };
}
