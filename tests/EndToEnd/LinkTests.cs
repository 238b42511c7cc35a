using System.Text.Json;
using EndToEnd.Deployments;

namespace EndToEnd;

/// <summary>Links of two nodes, of which each knows of its own.</summary>
public sealed class LinkTests
{
    [Fact]
    public async Task A_link_leads_to_the_gateway_that_made_it_and_outlives_that_being_killed()
    {
        Tool.Require("curl");
        using var folder = new TestFolder();
        await using var fleet = await Fleet.StartAsync(2, 1_000_000);
        var (first, second) = (fleet.Nodes[0].Url, fleet.Nodes[1].Url);
        var wish = JsonSerializer.Serialize(new { id = Fleet.Resource, seconds = 3600 });
        var made = JsonDocument.Parse((await Tool.CurlAsync("-f", "--json", wish, $"{first}/links")).Succeeded()).RootElement;
        var path = made.GetProperty("url").GetString()!;
        Assert.Equal($"307 {first}{path}", await AskAsync("-w", "%{http_code} %{redirect_url}", second + path));
        for (var round = 0; round < 2; round++)
        {
            (await Tool.CurlAsync("-f", "-L", "-o", folder["out"], second + path)).Succeeded();
            Assert.Equal(fleet.Sha256, await TestBytes.HashFileAsync(folder["out"]));
            await fleet.Nodes[0].KillAsync();
            await fleet.Nodes[0].StartAgainAsync();
        }

        var link = $"/links/{made.GetProperty("id").GetString()}";
        Assert.Equal("404", await AskAsync("-X", "DELETE", "-w", "%{http_code}", second + link));
        Assert.Equal("204", await AskAsync("-X", "DELETE", "-w", "%{http_code}", first + link));
        Assert.Equal("404", await AskAsync("-L", "-w", "%{http_code}", second + path));
        Assert.DoesNotContain(path, fleet.Nodes[0].Log, StringComparison.Ordinal);

        async Task<string> AskAsync(params string[] arguments) =>
            (await Tool.CurlAsync([.. arguments, "-o", folder["answer"]])).Succeeded();
    }
}
