using System.Net;
using System.Text.Json;
using MurkyWaters.Engines.Tests;

namespace EndToEnd.Deployments;

/// <summary>A resource for a fleet of gateways, with real processes that are killed.</summary>
public sealed class DeploymentTests
{
    private const int Length = 12_000_000, BlocksOfPart = 8;

    /// <summary>Some seconds for the whole.</summary>
    private const long SlowBytesPerSecond = 2_000_000;

    [Fact]
    public async Task In_waves_it_comes_to_all_nodes_each_with_a_receipt_that_is_right()
    {
        await using var fleet = await Fleet.StartAsync(4, Length);
        var seen = fleet.ReadEventsAsync(0, "\"state\":\"completed\"");
        var id = await fleet.DeployAsync(
            0, new { resource = Fleet.Resource, targets = fleet.Ids, rateBytesPerSecond = SlowBytesPerSecond, waves = new[] { 1, 1, 2 } });
        var shown = await fleet.WaitAsync(0, id, "completed");
        var receipts = Enumerable.Range(0, 4).Select(node => fleet.RowOf(shown, node).GetProperty("receipt")).ToList();
        Assert.All(receipts, receipt => Assert.Equal(fleet.Sha256, receipt.GetProperty("sha256").GetString()));
        for (var node = 0; node < 4; node++)
        {
            Assert.True(await fleet.HasAsync(node));
        }

        // One that had it already, one alone, two together: each wave takes seconds at this rate.
        var at = receipts.Select(receipt => receipt.GetProperty("at").GetDateTimeOffset()).ToArray();
        Assert.All(at[2..], later => Assert.InRange((later - at[1]).TotalSeconds, 2, 1000));
        Assert.Equal((3, 3), (shown.GetProperty("wave").GetInt32(), shown.GetProperty("waveCount").GetInt32()));

        var events = await seen;
        Assert.Contains("event: receiver", events);
        Assert.Contains(events, line => line.Contains("\"state\":\"receiving\"", StringComparison.Ordinal));
        var list = (await fleet.Nodes[0].GetJsonAsync("/deployments")).GetProperty("items");
        Assert.Equal((1, JsonValueKind.Null), (list.GetArrayLength(), list[0].GetProperty("receivers").ValueKind));
        var metrics = await fleet.Nodes[0].GetTextAsync("/metrics");
        Assert.Contains("murky_deployments_ended_total{state=\"completed\"} 1", metrics, StringComparison.Ordinal);
        Assert.Contains("murky_deployments_obeyed_total{result=\"done\"} 1", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task On_a_group_it_rains_once_for_all()
    {
        var port = GatewayProcess.FreePorts(1)[0];
        await using var fleet = await Fleet.StartAsync(4, Length, $"Deploy:Groups=239.77.0.1:{port}", "Deploy:Interface=lo");
        var seen = fleet.ReadEventsAsync(0, "\"state\":\"completed\"");
        var id = await fleet.DeployAsync(
            0, new { resource = Fleet.Resource, targets = "all", mode = "group", rateBytesPerSecond = 2 * SlowBytesPerSecond });
        var shown = await fleet.WaitAsync(0, id, "completed");
        for (var node = 0; node < 4; node++)
        {
            Assert.Equal(fleet.Sha256, fleet.RowOf(shown, node).GetProperty("receipt").GetProperty("sha256").GetString());
            Assert.True(await fleet.HasAsync(node));
        }

        Assert.Contains(await seen, line => line.Contains($"It comes on 239.77.0.1:{port}.", StringComparison.Ordinal));
        Assert.Equal("group", shown.GetProperty("mode").GetString());

        // A group that nobody rains on, as one that does not pass.
        var (status, body) = await fleet.PostAsync(0, new { resource = Fleet.Resource, mode = "group", group = "239.77.0.2:9" });
        Assert.Equal(HttpStatusCode.Conflict, status);
        Assert.Contains("is none of this node's groups", body.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_receiver_and_the_node_that_runs_it_may_be_killed_in_the_middle()
    {
        await using var fleet = await Fleet.StartAsync(4, Length);
        var id = await fleet.DeployAsync(0, new { resource = Fleet.Resource, targets = "all", rateBytesPerSecond = SlowBytesPerSecond });
        await fleet.WaitForBlocksAsync(0, id, 1, BlocksOfPart);
        await fleet.Nodes[1].KillAsync();
        await fleet.Nodes[0].KillAsync();
        await fleet.Nodes[0].StartAgainAsync();
        await fleet.Nodes[1].StartAgainAsync();
        var shown = await fleet.WaitAsync(0, id, "completed");
        for (var node = 0; node < 4; node++)
        {
            Assert.Equal(fleet.Sha256, fleet.RowOf(shown, node).GetProperty("receipt").GetProperty("sha256").GetString());
            Assert.True(await fleet.HasAsync(node));
        }

        // What has ended is there after a restart as well, and nothing of it is done again.
        await fleet.Nodes[0].KillAsync();
        await fleet.Nodes[0].StartAgainAsync();
        Assert.Equal(4, (await fleet.ShowAsync(0, id)).GetProperty("counts").GetProperty("done").GetInt32());
    }

    [Fact]
    public async Task Stopped_its_receivers_leave_it()
    {
        await using var fleet = await Fleet.StartAsync(3, Length);
        var id = await fleet.DeployAsync(0, new { resource = Fleet.Resource, targets = "all", rateBytesPerSecond = SlowBytesPerSecond });
        await fleet.WaitForBlocksAsync(0, id, 2, BlocksOfPart);
        Assert.Equal(HttpStatusCode.NotFound, (await fleet.AskAsync(1, HttpMethod.Delete, $"/deployments/{id}")).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await fleet.AskAsync(0, HttpMethod.Delete, $"/deployments/{id}")).Status);
        var shown = await fleet.WaitAsync(0, id, "stopped");
        Assert.Equal(1, shown.GetProperty("counts").GetProperty("done").GetInt32());
        for (var node = 1; node < 3; node++)
        {
            await GatewayProcess.WaitUntilAsync(
                async () => (await fleet.Nodes[node].GetTransferAsync(Fleet.Resource)).GetProperty("state").GetString() == "cancelled",
                "the fetch to end");
            Assert.False(await fleet.HasAsync(node));
        }

        Assert.Equal(HttpStatusCode.NoContent, (await fleet.AskAsync(0, HttpMethod.Delete, $"/deployments/{id}")).Status);
    }

    [Fact]
    public async Task What_cannot_be_is_refused_with_the_reason()
    {
        await using var fleet = await Fleet.StartAsync(2, 1000, "Cluster:Zone=east");
        (object Wish, HttpStatusCode Status, string Detail)[] cases =
        [
            (new { resource = "7" }, HttpStatusCode.NotFound, "No server has resource 7."),
            (new { resource = "x" }, HttpStatusCode.BadRequest, "resource is to be"),
            (new { resource = "1", target = "all" }, HttpStatusCode.BadRequest, "'target' means nothing here"),
            (new { resource = "1", targets = "some" }, HttpStatusCode.BadRequest, "targets is to be"),
            (new { resource = "1", waves = new[] { 0 } }, HttpStatusCode.BadRequest, "waves is to be"),
            (new { resource = "1", mode = "post" }, HttpStatusCode.BadRequest, "mode is to be"),
            (new { resource = "1", startAt = "soon" }, HttpStatusCode.BadRequest, "startAt is to be"),
            (new { resource = "1", quorum = 3 }, HttpStatusCode.Conflict, "The quorum is 3, and it is for 2 nodes."),
            (new { resource = "1", targets = new { zone = "west" } }, HttpStatusCode.Conflict, "No node is in zone 'west'."),
            (new { resource = "1", targets = new[] { new string('a', 32) } }, HttpStatusCode.Conflict, "is not known here"),
            (new { resource = "1", mode = "group" }, HttpStatusCode.Conflict, "This node listens and rains on no group"),
        ];
        foreach (var (wish, status, detail) in cases)
        {
            var (said, body) = await fleet.PostAsync(0, wish);
            Assert.True(said == status, $"{JsonSerializer.Serialize(wish)}: {said} {body}");
            Assert.Contains(detail, body.GetProperty("detail").GetString(), StringComparison.Ordinal);
        }

        Assert.Equal(HttpStatusCode.NotFound, (await fleet.AskAsync(0, HttpMethod.Get, "/deployments/0123456789abcdef")).Status);
        await fleet.WaitAsync(1, await fleet.DeployAsync(1, new { resource = "1", targets = new { zone = "east" } }), "completed");
        Assert.True(await fleet.HasAsync(1));
    }
}

/// <summary>The same with three processes of etcd.</summary>
public sealed class DeploymentEverywhereTests(EtcdServers etcd) : IClassFixture<EtcdServers>
{
    [Fact]
    public async Task Another_node_goes_on_when_the_one_dies_that_runs_it_and_any_can_be_told_to_stop_it()
    {
        await using var fleet = await Fleet.StartAsync(
            4, 6_000_000, $"Cluster:Etcd={string.Join(',', etcd.Addresses.Select(address => address.Authority))}",
            $"Cluster:Name=deploy-{Guid.NewGuid():N}");
        var wish = new { resource = Fleet.Resource, targets = fleet.Ids, rateBytesPerSecond = 1_000_000, quorum = 3 };
        var id = await fleet.DeployAsync(3, wish);
        await fleet.WaitForBlocksAsync(3, id, 1, 8);

        // Whoever does not run it leads there.
        await GatewayProcess.WaitUntilAsync(
            async () => await fleet.AskAsync(1, HttpMethod.Get, $"/deployments/{id}")
                == (HttpStatusCode.TemporaryRedirect, $"{fleet.Nodes[3].Url}/deployments/{id}"),
            "another node to lead to the runner");
        await fleet.Nodes[3].KillAsync();
        var shown = await fleet.WaitAsync(1, id, "completed");
        Assert.All(Enumerable.Range(0, 3), node => Assert.Equal(
            fleet.Sha256, fleet.RowOf(shown, node).GetProperty("receipt").GetProperty("sha256").GetString()));

        // It may have been done before it died, on a slow machine.
        var receipt = fleet.RowOf(shown, 3).GetProperty("receipt");
        Assert.True(receipt.ValueKind == JsonValueKind.Null || receipt.GetProperty("sha256").GetString() == fleet.Sha256);

        // The one that comes back may have all of that one already: of another nobody has anything, and it would take a minute and a half.
        await fleet.Nodes[3].StartAgainAsync();
        await fleet.PutAsync("2", 2, 6_000_000);
        var other = await fleet.DeployAsync(0, new { resource = "2", targets = new[] { fleet.Ids[3] }, rateBytesPerSecond = 65_536 });
        Assert.Equal(HttpStatusCode.NoContent, (await fleet.AskAsync(2, HttpMethod.Delete, $"/deployments/{other}")).Status);
        await fleet.WaitAsync(1, other, "stopped");
    }
}
