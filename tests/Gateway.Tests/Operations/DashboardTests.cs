using System.Text.Json;
using System.Text.RegularExpressions;

namespace Gateway.Tests.Operations;

/// <summary>deploy/grafana.json asks for nothing that is not there.</summary>
public sealed partial class DashboardTests
{
    [Fact]
    public async Task Every_figure_that_the_dashboard_asks_for_is_in_the_metrics()
    {
        await using var gateway = await TestGateway.StartAsync();
        await gateway.PutAsync("/resources/1", new byte[1000]);
        await gateway.GetAsync("/resources/1");
        var metrics = (await gateway.GetAsync("/metrics")).Text;
        var there = metrics.Split('\n').Where(line => line.StartsWith("# TYPE ", StringComparison.Ordinal))
            .Select(line => line.Split(' ')[2]).ToHashSet(StringComparer.Ordinal);

        using var dashboard = JsonDocument.Parse(
            await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "grafana.json"), TestContext.Current.CancellationToken));
        var panels = dashboard.RootElement.GetProperty("panels").EnumerateArray().ToList();
        Assert.InRange(panels.Count, 10, 50);
        Assert.Equal(panels.Count, panels.Select(panel => panel.GetProperty("id").GetInt32()).Distinct().Count());
        foreach (var panel in panels)
        {
            Assert.NotEmpty(panel.GetProperty("title").GetString()!);
            var place = panel.GetProperty("gridPos");
            Assert.InRange(place.GetProperty("x").GetInt32() + place.GetProperty("w").GetInt32(), 1, 24);
            foreach (var target in panel.GetProperty("targets").EnumerateArray())
            {
                var query = target.GetProperty("expr").GetString()!;
                var names = Names().Matches(query).Select(name => name.Value).ToList();
                Assert.NotEmpty(names);
                Assert.All(names, name => Assert.Contains(name, there));

                // Of a counter alone a rate says something, and of nothing else one does.
                Assert.Equal(names.Exists(name => name.EndsWith("_total", StringComparison.Ordinal)), query.Contains("rate("));
                Assert.Equal(query.Count(at => at == '('), query.Count(at => at == ')'));
            }
        }
    }

    [GeneratedRegex(@"\b(?:rain|murky|process)_[a-z_]+")]
    private static partial Regex Names();
}
