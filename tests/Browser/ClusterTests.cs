namespace Browser;

/// <summary>What the page shows of the cluster, and draining a node from it.</summary>
public sealed class ClusterTests
{
    [Fact]
    public async Task A_node_is_drained_after_a_question_and_the_drain_is_shown_and_stopped()
    {
        await using var gateway = await ScriptedGateway.StartAsync();
        gateway.NodeCount = 5;
        using var chromium = Chromium.Start();
        chromium.Open($"{gateway.Url}/#/cluster");
        await chromium.WaitForAsync("return document.querySelectorAll('#nodes-table tbody tr').length === 5", "the nodes");
        Assert.Equal(
            "Any 2 nodes, or any 1 zone, can be lost now without losing a resource.", chromium.Text("#cluster-lead"));
        Assert.Equal("5 nodes in 2 zones", chromium.Text("#cluster-note"));
        Assert.Contains("17 % of 494 GB", chromium.Text("#nodes-table tbody tr").Replace('\u00a0', ' '), StringComparison.Ordinal);

        chromium.Element("[aria-label='Drain 10.20.0.12:8080']").Click();
        Assert.Contains("10.20.0.12:8080 gives what it keeps to the other nodes", chromium.Text("#confirm"), StringComparison.Ordinal);
        AccessibilityTests.Check(chromium, "with the question about a node");
        chromium.Element("#confirm [value=no]").Click();
        Assert.Empty(gateway.DrainRequests);
        chromium.Element("[aria-label='Drain 10.20.0.12:8080']").Click();
        chromium.Element("#confirm [value=yes]").Click();
        await chromium.WaitForAsync("return document.querySelectorAll('#cluster-drains li').length === 1", "the drain");
        Assert.Equal(
            "10.20.0.12:8080: 312 resources, 24.5 GB, to be given away, at 98 MB/s: done in 4 min 10 s.",
            chromium.Text("#cluster-drains").Replace('\u00a0', ' '));
        AccessibilityTests.Check(chromium, "with a drain");

        gateway.DrainsAreDone = true;
        await chromium.WaitForAsync(
            "return document.getElementById('cluster-drains').textContent.includes('it may be switched off')", "the end of the drain");
        chromium.Element("[aria-label='Stop draining 10.20.0.12:8080']").Click();
        await chromium.WaitForAsync("return document.querySelectorAll('#cluster-drains li').length === 0", "the drain to be stopped");
        Assert.Equal([$"POST {ScriptedGateway.NodeId(1)}", $"DELETE {ScriptedGateway.NodeId(1)}"], gateway.DrainRequests);
        Assert.Empty(chromium.ConsoleErrors());

        // What a node alone is told, and nothing of an older gateway that does not say.
        gateway.NodeCount = 1;
        await chromium.WaitForAsync(
            "return document.getElementById('cluster-lead').textContent === 'This node is alone: nobody else keeps what is put here.'",
            "that it is alone");
        Assert.False(chromium.Element("#nodes-table").Displayed);
        gateway.NodeCount = 0;
        await chromium.WaitForAsync("return document.getElementById('cluster').hidden", "nothing of a cluster");
        Assert.Equal("Live", chromium.Text("#link-text"));
        Assert.True((bool)chromium.Run("return document.getElementById('link-banner').hidden")!);
    }

    [Fact]
    public async Task A_node_that_has_to_be_asked_itself_is_named()
    {
        await using var gateway = await ScriptedGateway.StartAsync();
        (gateway.NodeCount, gateway.DrainsLeadElsewhere) = (3, true);
        using var chromium = Chromium.Start();
        chromium.Open($"{gateway.Url}/#/cluster");
        await chromium.WaitForAsync("return document.querySelectorAll('#nodes-table tbody tr').length === 3", "the nodes");

        chromium.Element("[aria-label='Drain 10.20.0.12:8080']").Click();
        chromium.Element("#confirm [value=yes]").Click();

        await chromium.WaitForAsync(
            "return document.querySelector('.notice.bad')?.innerText.includes('10.20.0.12:8080 has to be asked itself')", "who it is");
        Assert.Contains("http://10.20.0.12:8080/#/cluster", chromium.Text(".notice.bad"), StringComparison.Ordinal);
        Assert.True((bool)chromium.Run("return document.getElementById('link-banner').hidden")!);
        Assert.Empty(chromium.ConsoleErrors());
    }
}
