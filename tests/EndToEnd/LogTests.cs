using System.Text.RegularExpressions;

namespace EndToEnd;

/// <summary>What the gateway writes and what its figures look like, to those who read them.</summary>
public sealed partial class LogTests
{
    [Fact]
    public async Task Lines_have_a_date_and_an_open_page_writes_none()
    {
        using var folder = new TestFolder();
        var ports = GatewayProcess.FreePorts(2);
        await using var gateway = await GatewayProcess.StartAsync(folder["node"], ports[0], [ports[1]], [ports[1]]);
        using var events = Tool.Start("curl", "-sN", "--max-time", "3", $"{gateway.Url}/transfers/events");
        for (var i = 0; i < 20; i++)
        {
            await gateway.GetJsonAsync("/transfers");
            await gateway.GetJsonAsync("/servers");
            await gateway.GetJsonAsync("/subscribers");
        }

        Assert.Contains("event: idle", (await events.WaitAsync()).Output, StringComparison.Ordinal);
        await gateway.StopAsync();
        var lines = gateway.Log.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
        Assert.All(lines, line => Assert.Matches(Dated(), line));
        Assert.DoesNotContain("Gateway.Requests", gateway.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Promtool_finds_nothing_to_complain_of_in_the_figures()
    {
        Tool.Require("sh", "curl", "promtool");
        using var folder = new TestFolder();
        var ports = GatewayProcess.FreePorts(2);
        await using var gateway = await GatewayProcess.StartAsync(folder["node"], ports[0], [ports[1]], [ports[1]]);
        var found = await Tool.RunAsync("sh", "-c", $"curl -sS {gateway.Url}/metrics | promtool check metrics 2>&1");
        found.Succeeded();
        Assert.Equal("", found.Output);
    }

    [GeneratedRegex(@"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} [+-]\d\d:\d\d [A-Z]{3} \w")]
    private static partial Regex Dated();
}
