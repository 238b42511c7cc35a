using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Browser;

/// <summary>A deployment to many machines, in every state that there is.</summary>
internal sealed partial class ScriptedGateway
{
    private const int Blocks = 1000;

    private static readonly string[] States = ["waiting", "receiving", "verifying", "done", "late", "failed"];

    /// <summary>How many machines a deployment is for; 0 for none.</summary>
    public int MachineCount { get; set; }

    /// <summary>Bodies of what was asked for: deployments, and archive jobs as their resources.</summary>
    public ConcurrentQueue<string> Wishes { get; } = new();

    /// <summary>Whether all have it.</summary>
    public bool IsDeployed { get; set; }

    /// <summary>The node that runs it, by its place in the list, to which whoever asks for its machines is led; null for this
    /// one.</summary>
    public int? Runner { get; set; }

    private void MapDeployments()
    {
        _app.MapGet("/deployments", () => Results.Json(new JsonObject
        {
            ["items"] = new JsonArray([.. MachineCount == 0 ? [] : (JsonNode[])[Deployment(hasReceivers: false)]]),
        }));
        _app.MapPost("/deployments", async (HttpRequest request) =>
        {
            Wishes.Enqueue(await new StreamReader(request.Body).ReadToEndAsync());
            return Results.Json(new JsonObject { ["id"] = "9f86d081884c7d65" }, statusCode: 202);
        });
        _app.MapPost("/resources/{id}/archive", (string id) =>
        {
            Wishes.Enqueue(id);
            return Results.Json(new JsonObject(), statusCode: 202);
        });
        _app.MapGet("/deployments/{id}", (string id) => Runner is { } runner
            ? Results.Redirect($"http://10.20.0.{11 + runner}:8080/deployments/{id}", permanent: false, preserveMethod: true)
            : Results.Json(Deployment(hasReceivers: true)));
    }

    private string StateOf(int machine) => IsDeployed ? "done" : States[machine % States.Length];

    private JsonObject Deployment(bool hasReceivers)
    {
        var machines = Enumerable.Range(0, MachineCount).ToList();
        return new JsonObject
        {
            ["id"] = "9f86d081884c7d65",
            ["resource"] = "42",
            ["blocks"] = Blocks,
            ["mode"] = "group",
            ["group"] = "239.77.0.1:7857",
            ["state"] = IsDeployed ? "completed" : "running",
            ["runner"] = NodeId(Runner ?? 0),
            ["wave"] = 2,
            ["waveCount"] = 3,
            ["targets"] = MachineCount,
            ["counts"] = new JsonObject(States.Select(state =>
                KeyValuePair.Create(state, (JsonNode?)machines.Count(machine => StateOf(machine) == state)))),
            ["receivers"] = !hasReceivers ? null : new JsonArray([.. machines.Select(machine => new JsonObject
            {
                ["node"] = NodeId(machine),
                ["state"] = StateOf(machine),
                ["blocks"] = StateOf(machine) == "waiting" ? 0 : machine % Blocks,
                ["rateBytesPerSecond"] = 11_900_000,
                ["loss"] = 0.01,
                ["reason"] = StateOf(machine) == "failed" ? "Its disk is full." : null,
            })]),
        };
    }
}
