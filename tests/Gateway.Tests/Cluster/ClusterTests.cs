using System.Text.Json;
using Gateway.Hosting;
using Microsoft.Extensions.DependencyInjection;
using MurkyWaters;
using MurkyWaters.Cluster;
using MurkyWaters.Tests;
using PouringRain.Protocol;

namespace Gateway.Tests.Cluster;

/// <summary>The cluster as a whole, and the nodes of it that are drained.</summary>
public sealed class ClusterTests
{
    private const string Key = "0123456789abcdef0123456789abcdef";

    [Fact]
    public async Task One_node_without_a_cluster_survives_nothing()
    {
        await using var gateway = await TestGateway.StartAsync();
        await gateway.PutAsync("/resources/1", [1]);
        var answer = await gateway.GetAsync("/cluster");
        Assert.Equal((200, "no-store"), (answer.Status, answer["Cache-Control"]));
        var cluster = answer.Json;
        Assert.Equal(
            ["name", "etcd", "nodes", "zones", "replicas", "survives", "underReplicated", "repair", "scrub", "objectStore"],
            cluster.EnumerateObject().Select(property => property.Name));
        Assert.Equal("rain", cluster.GetProperty("name").GetString());
        Assert.Equal((3, 0), (Number(cluster, "replicas"), Number(cluster, "underReplicated")));
        Assert.Equal(JsonValueKind.Null, cluster.GetProperty("etcd").ValueKind);
        Assert.Equal(JsonValueKind.Null, cluster.GetProperty("objectStore").ValueKind);
        Assert.Empty(cluster.GetProperty("zones").EnumerateArray());
        Assert.Equal("""{"nodes":0,"zones":0,"unknown":[]}""", cluster.GetProperty("survives").GetRawText());
        Assert.Equal("""{"total":1,"up":1,"late":0,"down":0,"draining":0}""", cluster.GetProperty("nodes").GetRawText());
        Assert.Equal((0, 0), (Number(cluster.GetProperty("repair"), "waiting"), Number(cluster.GetProperty("repair"), "etaSeconds")));
        Assert.Equal(0, Number(cluster.GetProperty("scrub"), "bad"));
    }

    [Fact]
    public async Task Nodes_that_know_each_other_count_each_other_and_nothing_is_promised_while_one_does_not_say()
    {
        var ports = TestGateway.FreePorts(2);
        await using var one = await TestGateway.StartAsync(
            [ports[1]], [ports[0]], "Cluster:Zone=east", "Rain:Secret=a-secret-of-two-nodes");
        await using var other = await TestGateway.StartAsync(
            [ports[0]], [ports[1]], "Cluster:Zone=west", "Rain:Secret=a-secret-of-two-nodes");
        await EventuallyAsync(async () => Number((await one.GetAsync("/cluster")).Json.GetProperty("nodes"), "up") == 2);
        var cluster = (await one.GetAsync("/cluster")).Json;
        Assert.Equal(["east", "west"], cluster.GetProperty("zones").EnumerateArray().Select(zone => zone.GetString()));

        // Until each has looked through all that it has.
        var survives = cluster.GetProperty("survives");
        Assert.Equal(survives.GetProperty("unknown").GetArrayLength() == 0 ? 1 : 0, Number(survives, "nodes"));
    }

    [Fact]
    public async Task A_node_is_drained_until_that_is_taken_back_and_all_see_it()
    {
        var ports = TestGateway.FreePorts(2);
        await using var one = await TestGateway.StartAsync([ports[1]], [ports[0]], "Rain:Secret=a-secret-of-two-nodes");
        await using var other = await TestGateway.StartAsync([ports[0]], [ports[1]], "Rain:Secret=a-secret-of-two-nodes");
        var (id, otherId) = (await IdOfAsync(one), await IdOfAsync(other));
        await EventuallyAsync(async () => (await one.GetAsync($"/nodes/{otherId}")).Status == 200);
        Assert.Equal(JsonValueKind.Null, (await one.GetAsync($"/nodes/{id}")).Json.GetProperty("drain").ValueKind);

        var accepted = await one.SendAsync("POST", $"/nodes/{id}/drain", null);
        Assert.Equal((202, $"/nodes/{id}"), (accepted.Status, accepted["Location"]));
        Assert.Equal("draining", accepted.Json.GetProperty("drain").GetProperty("state").GetString());
        await EventuallyAsync(async () => await StateAsync(one, id) == "draining" && await StateAsync(other, id) == "draining");
        Assert.Equal("draining", (await other.GetAsync($"/nodes/{id}")).Json.GetProperty("drain").GetProperty("state").GetString());
        Assert.Equal(1, Number((await other.GetAsync("/cluster")).Json.GetProperty("nodes"), "draining"));

        // It takes what comes, and the other is the last.
        Assert.Equal(201, (await one.PutAsync("/resources/1", [1])).Status);
        var refused = await other.SendAsync("POST", $"/nodes/{otherId}/drain", null);
        Assert.Equal((409, "drain-refused"), (refused.Status, refused.Problem));

        Assert.Equal(204, (await one.SendAsync("DELETE", $"/nodes/{id}/drain", null)).Status);
        Assert.Equal(204, (await one.SendAsync("DELETE", $"/nodes/{id}/drain", null)).Status);
        await EventuallyAsync(async () => await StateAsync(one, id) == "up" && await StateAsync(other, id) == "up");
        Assert.Equal(JsonValueKind.Null, (await one.GetAsync($"/nodes/{id}")).Json.GetProperty("drain").ValueKind);
    }

    [Fact]
    public async Task Without_etcd_another_node_is_to_be_asked_itself()
    {
        var ports = TestGateway.FreePorts(2);
        await using var one = await TestGateway.StartAsync([ports[1]], [ports[0]], "Rain:Secret=a-secret-of-two-nodes");
        await using var other = await TestGateway.StartAsync(
            [ports[0]], [ports[1]], "Rain:Secret=a-secret-of-two-nodes", "Cluster:AdvertiseUrl=http://other.example:8080");
        var (id, otherId) = (await IdOfAsync(one), await IdOfAsync(other));
        await EventuallyAsync(async () =>
            (await one.GetAsync($"/nodes/{otherId}")).Status == 200 && (await other.GetAsync($"/nodes/{id}")).Status == 200);
        foreach (var method in (string[])["POST", "DELETE"])
        {
            var redirected = await one.SendAsync(method, $"/nodes/{otherId}/drain", null);
            Assert.Equal((307, $"http://other.example:8080/nodes/{otherId}/drain"), (redirected.Status, redirected["Location"]));
            var refused = await other.SendAsync(method, $"/nodes/{id}/drain", null);
            Assert.Equal((409, "ask-the-node"), (refused.Status, refused.Problem));
            var unknown = await one.SendAsync(method, "/nodes/00000000000000000000000000000009/drain", null);
            Assert.Equal((404, "not-found"), (unknown.Status, unknown.Problem));
            var wrong = await one.SendAsync(method, "/nodes/9/drain", null);
            Assert.Equal((400, "invalid-parameter"), (wrong.Status, wrong.Problem));
        }
    }

    [Fact]
    public async Task A_drain_needs_a_key_where_there_are_some()
    {
        await using var gateway = await TestGateway.StartAsync($"Gateway:Keys={Key}");
        var id = await IdOfAsync(gateway);
        Assert.Equal(401, (await gateway.SendAsync("POST", $"/nodes/{id}/drain", null)).Status);
        Assert.Equal(401, (await gateway.SendAsync("DELETE", $"/nodes/{id}/drain", null)).Status);
        var refused = await gateway.SendAsync("POST", $"/nodes/{id}/drain", null, ("Authorization", $"Bearer {Key}"));
        Assert.Equal((409, "drain-refused"), (refused.Status, refused.Problem));
    }

    [Fact]
    public async Task With_etcd_any_node_is_drained_and_without_its_answer_only_this_one()
    {
        using var etcd = new MemoryCluster();
        var others = Enumerable.Range(1, 2).Select(i => new NodeId((ulong)i)).ToArray();
        await using var gateway = await TestGateway.StartAsync(
            services => services.AddSingleton<NodeOpener>((options, loggers, token) =>
                MurkyNode.StartAsync(options with { OpenRegistry = etcd.Open }, loggers, token)),
            [], [0], "Cluster:Replicas=1");
        foreach (var other in others)
        {
            etcd.Add(new RegisteredNode { Id = other });
        }

        var cluster = (await gateway.GetAsync("/cluster")).Json;
        Assert.Equal("""{"connected":true,"trouble":null,"lagSeconds":1,"registered":true}""", cluster.GetProperty("etcd").GetRawText());
        Assert.Equal("""{"total":3,"up":1,"late":2,"down":0,"draining":0}""", cluster.GetProperty("nodes").GetRawText());
        Assert.Equal((0, 3), (
            Number(cluster.GetProperty("survives"), "nodes"), cluster.GetProperty("survives").GetProperty("unknown").GetArrayLength()));

        Assert.Equal(202, (await gateway.SendAsync("POST", $"/nodes/{others[0]}/drain", null)).Status);
        Assert.Equal([others[0].ToString()], etcd.Drained);
        var drain = (await gateway.GetAsync($"/nodes/{others[0]}")).Json.GetProperty("drain");
        Assert.Equal(
            """{"state":"draining","resourcesLeft":null,"bytesLeft":null,"rateBytesPerSecond":0,"etaSeconds":null}""", drain.GetRawText());

        etcd.IsAway = true;
        var away = await gateway.SendAsync("DELETE", $"/nodes/{others[0]}/drain", null);
        Assert.Equal((503, "cluster-unavailable"), (away.Status, away.Problem));
        var ready = await gateway.GetAsync("/health/ready");
        Assert.Equal((200, "ready"), (ready.Status, ready.Json.GetProperty("status").GetString()));
        Assert.StartsWith(
            "cut off from etcd: It is away", Assert.Single(ready.Json.GetProperty("reasons").EnumerateArray()).GetString(),
            StringComparison.Ordinal);
        Assert.Equal(201, (await gateway.PutAsync("/resources/1", [1])).Status);
        var metrics = (await gateway.GetAsync("/metrics")).Text;
        foreach (var line in (string[])
            ["murky_cluster_nodes{state=\"late\"} 2", "murky_cluster_nodes{state=\"up\"} 1", "murky_cluster_etcd_connected 0",
                "murky_cluster_etcd_lag_seconds 9", "murky_cluster_etcd_reconnects_total 3", "murky_cluster_etcd_leases_lost_total 2",
                "murky_cluster_survives_nodes 0", "murky_cluster_repair_waiting_bytes 0"])
        {
            Assert.Contains($"\n{line}\n", metrics, StringComparison.Ordinal);
        }

        etcd.IsAway = false;
        Assert.Equal(204, (await gateway.SendAsync("DELETE", $"/nodes/{others[0]}/drain", null)).Status);
        Assert.Empty(etcd.Drained);
        Assert.Empty((await gateway.GetAsync("/health/ready")).Json.GetProperty("reasons").EnumerateArray());
    }

    private static long Number(JsonElement json, string name) => json.GetProperty(name).GetInt64();

    private static async Task<string> IdOfAsync(TestGateway gateway) =>
        (await gateway.GetAsync("/nodes")).Json.GetProperty("items")[0].GetProperty("id").GetString()!;

    private static async Task<string?> StateAsync(TestGateway gateway, string id) =>
        (await gateway.GetAsync($"/nodes/{id}")).Json.GetProperty("state").GetString();

    private static async Task EventuallyAsync(Func<Task<bool>> condition)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        while (!await condition())
        {
            await Task.Delay(20, limit.Token);
        }
    }
}
