using System.Diagnostics;

namespace EndToEnd.Replication;

/// <summary>What a node has missed it has soon after it is back, and what is lost with a node is made good.</summary>
public sealed class MissedChangesTests
{
    [Theory]
    [InlineData(60, 10)]
    [InlineData(300, 50, Explicit = true)]
    public async Task Nothing_is_moved_for_a_node_that_is_away_and_what_it_missed_it_has_when_it_is_back(int resources, int changes)
    {
        using var folder = new TestFolder();
        await using var group = await NodeGroup.StartAsync(folder, 5, _ => []);
        await PutAllAsync(group, resources);
        await group.SettleAsync(3);
        await WaitUntilWholeAsync(group, 5);
        var transfers = await CountTransfersAsync(group);

        await group.Nodes[4].KillAsync();
        await GatewayProcess.WaitUntilAsync(async () => await CountAsync(group, "late") == 1, "the node counts as late");
        Assert.Equal(transfers, await CountTransfersAsync(group));
        for (var i = 0; i < changes; i++)
        {
            await group.PutAsync(i % 4, $"{i + 1}", 1000 + i);
            await group.DeleteAsync(i % 4, $"{resources - i}");
        }

        await group.Nodes[4].StartAgainAsync();
        var settled = await group.SettleAsync(3);
        TestContext.Current.TestOutputHelper?.WriteLine($"{resources} resources, {changes} PUTs, {changes} DELETEs: {settled}");
    }

    [Theory]
    [InlineData(60)]
    [InlineData(300, Explicit = true)]
    public async Task The_copies_of_a_node_that_is_down_are_made_elsewhere(int resources)
    {
        using var folder = new TestFolder();
        await using var group = await NodeGroup.StartAsync(folder, 5, _ => ["Cluster:DownAfterSeconds=12"]);
        await PutAllAsync(group, resources);
        await group.SettleAsync(3);

        await group.Nodes[4].KillAsync();
        var clock = Stopwatch.StartNew();
        await GatewayProcess.WaitUntilAsync(async () => await CountAsync(group, "down") == 1, "the node counts as down");
        await group.SettleAsync(3);
        TestContext.Current.TestOutputHelper?.WriteLine($"{resources} resources are at three nodes {clock.Elapsed} after the kill");
    }

    private static async Task<int> CountAsync(NodeGroup group, string state) =>
        (await group.Nodes[0].GetJsonAsync("/cluster")).GetProperty("nodes").GetProperty(state).GetInt32();

    private static async Task PutAllAsync(NodeGroup group, int count)
    {
        for (var i = 1; i <= count; i++)
        {
            await group.PutAsync(i % group.Nodes.Count, $"{i}", i % 20 == 0 ? 300_000 : 1000 + (37 * i));
        }
    }

    private static Task WaitUntilWholeAsync(NodeGroup group, int nodes) => GatewayProcess.WaitUntilAsync(
        async () =>
        {
            var cluster = await group.Nodes[0].GetJsonAsync("/cluster");
            return cluster.GetProperty("underReplicated").GetInt64() == 0
                && cluster.GetProperty("nodes").GetProperty("up").GetInt32() == nodes
                && cluster.GetProperty("repair").GetProperty("waiting").GetInt64() == 0;
        },
        "nothing is under-replicated");

    /// <summary>Transfers of all nodes but the last one.</summary>
    private static async Task<int> CountTransfersAsync(NodeGroup group)
    {
        var counts = await Task.WhenAll(group.Nodes.Take(4).Select(async node =>
            (await node.GetJsonAsync("/transfers")).GetProperty("items").GetArrayLength()));
        return counts.Sum();
    }
}
