namespace Browser;

/// <summary>A deployment to a thousand machines on the page.</summary>
public sealed class FleetTests
{
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
}
