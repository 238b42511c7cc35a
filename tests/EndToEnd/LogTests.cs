using System.Text.Json;
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

    [Fact]
    public async Task Every_panel_of_the_dashboard_has_figures_by_a_real_prometheus()
    {
        Tool.Require("curl", "prometheus");
        using var folder = new TestFolder();
        await using var gateway = await GatewayProcess.StartWithThreeServersAsync(folder["node"]);
        await TestBytes.WriteFileAsync(folder["bytes"], 1, 300_000);
        (await Tool.CurlAsync("-f", "-T", folder["bytes"], $"{gateway.Url}/resources/1")).Succeeded();
        var address = $"127.0.0.1:{GatewayProcess.FreePorts(1)[0]}";
        await File.WriteAllTextAsync(
            folder["prometheus.yml"],
            "scrape_configs:\n  - { job_name: rain, scrape_interval: 1s, scrape_timeout: 1s, static_configs: [{ targets: ['"
                + $"{new Uri(gateway.Url).Authority}'] }}] }}\n", TestContext.Current.CancellationToken);
        using var prometheus = Tool.Start(
            "prometheus", $"--config.file={folder["prometheus.yml"]}", $"--storage.tsdb.path={folder["series"]}",
            $"--web.listen-address={address}");
        await GatewayProcess.WaitUntilAsync(
            async () => await CountAsync(address, "rate(rain_http_requests_total[10s])") > 0, "two looks of Prometheus");

        // What is counted comes between two looks.
        (await Tool.CurlAsync("-f", "-H", "Cache-Control: no-cache", "-o", folder["copy"], $"{gateway.Url}/resources/1")).Succeeded();
        using var dashboard = JsonDocument.Parse(
            await File.ReadAllTextAsync(Path.Combine(Repository.Root, "deploy/grafana.json"), TestContext.Current.CancellationToken));
        var panels = dashboard.RootElement.GetProperty("panels").EnumerateArray().ToList();
        Assert.NotEmpty(panels);
        foreach (var panel in panels)
        {
            foreach (var target in panel.GetProperty("targets").EnumerateArray())
            {
                var query = target.GetProperty("expr").GetString()!.Replace("$instance", ".*", StringComparison.Ordinal)
                    .Replace("$__rate_interval", "10s", StringComparison.Ordinal);

                // A series that begins late has no rate before the look after the next.
                await GatewayProcess.WaitUntilAsync(
                    async () => await CountAsync(address, query) > 0, $"{panel.GetProperty("title")}: {query}");
            }
        }
    }

    /// <summary>How many series there are of a query; none while nobody answers. A query that cannot be read fails.</summary>
    private static async Task<int> CountAsync(string address, string query)
    {
        var answer = await Tool.CurlAsync("-G", $"http://{address}/api/v1/query", "--data-urlencode", $"query={query}");
        if (answer.ExitCode != 0 || !answer.Output.StartsWith('{'))
        {
            return 0;
        }

        using var document = JsonDocument.Parse(answer.Output);
        Assert.True(document.RootElement.GetProperty("status").GetString() == "success", $"{query}: {answer.Output}");
        return document.RootElement.GetProperty("data").GetProperty("result").GetArrayLength();
    }

    [GeneratedRegex(@"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} [+-]\d\d:\d\d [A-Z]{3} \w")]
    private static partial Regex Dated();
}
