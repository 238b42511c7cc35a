namespace Browser;

/// <summary>A deployment to a thousand machines on the page.</summary>
public sealed class FleetTests
{
    [Fact]
    public async Task What_is_selected_is_archived_and_deployed_as_it_is_asked()
    {
        await using var gateway = await ScriptedGateway.StartAsync();
        (gateway.NodeCount, gateway.MachineCount) = (5, 3);
        gateway.AddResource(42, "image.tar", 1_000_000, "application/x-tar", TimeSpan.FromHours(1));
        gateway.AddResource(43, "other.tar", 1_000_000, "application/x-tar", TimeSpan.FromHours(2));
        using var chromium = Chromium.Start();
        chromium.Open(gateway.Url);
        await chromium.WaitForAsync(
            "return document.querySelectorAll('.resource').length === 2 && document.querySelectorAll('#nodes-table tbody tr').length === 5",
            "files and nodes");
        chromium.Element("#select-all").Click();
        chromium.Press("#selection", "Archive");
        Assert.Contains(
            "Of 2 files, “image.tar”, “other.tar”, coded pieces are made", chromium.Text("#confirm"), StringComparison.Ordinal);
        AccessibilityTests.Check(chromium, "with the question about an archive");
        chromium.Element("#confirm [value=yes]").Click();
        await chromium.WaitForAsync(
            "return document.getElementById('notices').innerText.includes('other.tar is being archived')", "both to be archived");
        Assert.Equal(["42", "43"], gateway.Wishes);

        chromium.Element(".resource:nth-child(2) input").Click();
        chromium.Press("#selection", "Deploy");
        AccessibilityTests.Check(chromium, "with a deployment to be asked for");
        chromium.Element("#deploy-targets").SendKeys("the zone");
        chromium.Element("#deploy-mode").SendKeys("as a swarm");
        chromium.Element("#deploy-rate").SendKeys("12.5");
        chromium.Element("#deploy-waves").SendKeys("1, 10");
        chromium.Element("#deploy [value=deploy]").Click();
        await chromium.WaitForAsync("return document.body.dataset.view === 'deployments'", "the view of deployments");
        Assert.Matches(
            """^\{"resource":"42","targets":\{"zone":"[^"]+"\},"mode":"swarm","rateBytesPerSecond":12500000,"waves":\[1,10\]\}$""",
            gateway.Wishes.Last());
        await chromium.WaitForAsync(
            "return document.querySelectorAll('#deployment-list li').length === 1 && !document.getElementById('fleet').hidden", "the list");
        Assert.StartsWith("image.tar", chromium.Text("#deployment-list"), StringComparison.Ordinal);
        Assert.Equal("image.tar", chromium.Text("#fleet-note"));
        Assert.Empty(chromium.ConsoleErrors());
    }

    [Fact]
    public async Task A_thousand_machines_are_a_cell_each_with_state_and_progress()
    {
        await using var gateway = await ScriptedGateway.StartAsync();
        gateway.NodeCount = 2;
        gateway.MachineCount = 1000;
        using var chromium = Chromium.Start();
        chromium.Resize(360, 900);
        chromium.Open($"{gateway.Url}/#/deployments");
        await chromium.WaitForAsync("return document.querySelectorAll('#fleet-grid .fleet-cell').length === 1000", "the machines");
        Assert.Equal(
            "167 of 1,000 machines have it and have read it back on 239.77.0.1:7857, wave 2 of 3: running.",
            chromium.Text("#fleet-lead").Replace('\u00a0', ' '));
        Assert.Equal(
            "1000 machines: 167 waiting, 167 receiving, 167 verifying, 167 done, 166 late, 166 failed",
            chromium.Element("#fleet-grid").GetAttribute("aria-label"));
        Assert.Equal(6, Convert.ToInt32(chromium.Run("return document.querySelectorAll('#fleet-legend li').length"), null));

        // Cell 7 receives: 7 of 1000 blocks; cell 5 has failed and says why. The first two are known by where their gateways are.
        Assert.Equal(
            "0.01", chromium.Run("return document.querySelectorAll('.fleet-grid .fleet-cell')[7].style.getPropertyValue('--part')"));
        Assert.Equal(
            $"{ScriptedGateway.NodeId(5)[..8]}, failed, 1.0 % lost: Its disk is full.",
            ((string)chromium.Run("return document.querySelectorAll('.fleet-grid .fleet-cell')[5].title")!).Replace('\u00a0', ' '));
        Assert.StartsWith(
            "10.20.0.12:8080, receiving", (string)chromium.Run("return document.querySelectorAll('.fleet-grid .fleet-cell')[1].title")!,
            StringComparison.Ordinal);
        Assert.True((bool)chromium.Run("return document.documentElement.scrollWidth <= innerWidth")!);
        AccessibilityTests.Check(chromium, "with a deployment");

        gateway.IsDeployed = true;
        await chromium.WaitForAsync(
            "return document.querySelectorAll('.fleet-grid .fleet-cell[data-state=done]').length === 1000", "the end");
        Assert.Contains("completed", chromium.Text("#fleet-lead"), StringComparison.Ordinal);
        gateway.MachineCount = 0;
        await chromium.WaitForAsync("return document.getElementById('fleet').hidden", "nothing of a deployment");
        Assert.Empty(chromium.ConsoleErrors());
    }

    [Fact]
    public async Task A_deployment_that_another_node_runs_leads_to_its_page_and_is_no_trouble_of_this_one()
    {
        await using var gateway = await ScriptedGateway.StartAsync();
        (gateway.NodeCount, gateway.MachineCount, gateway.Runner) = (3, 8, 2);
        using var chromium = Chromium.Start();
        chromium.Open($"{gateway.Url}/#/deployments");
        await chromium.WaitForAsync("return document.querySelector('#fleet-elsewhere a') !== null", "where it is run");

        Assert.Equal(
            "How far each machine is knows the node that runs it: 10.20.0.13:8080.", chromium.Text("#fleet-elsewhere"));
        Assert.Equal("http://10.20.0.13:8080/#/deployments", chromium.Element("#fleet-elsewhere a").GetAttribute("href"));
        Assert.StartsWith("1 of 8 machines have it", chromium.Text("#fleet-lead").Replace('\u00a0', ' '), StringComparison.Ordinal);
        Assert.Equal("Live", chromium.Text("#link-text"));
        Assert.True((bool)chromium.Run("return document.getElementById('link-banner').hidden")!);
        AccessibilityTests.Check(chromium, "with a deployment of another node");

        gateway.Runner = null;
        await chromium.WaitForAsync(
            "return document.querySelectorAll('#fleet-grid .fleet-cell').length === 8 && document.getElementById('fleet-elsewhere').hidden",
            "the machines, once this one runs it");
        Assert.Empty(chromium.ConsoleErrors());
    }
}
