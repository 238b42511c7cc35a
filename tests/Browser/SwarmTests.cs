namespace Browser;

/// <summary>A transfer in a swarm: who gives, who takes, and how many there are.</summary>
public sealed class SwarmTests
{
    private const int Servers = 13;

    [Theory]
    [InlineData(1280, 1000)]
    [InlineData(360, 800)]
    public async Task Twelve_neighbours_of_a_thousand_are_told_apart(int width, int height)
    {
        await using var gateway = await ScriptedGateway.StartAsync();
        gateway.ServerCount = 1;
        gateway.Rains.Add(new SyntheticRain(1, "4711", 1024, Servers, TimeSpan.FromSeconds(40), seed: 1) { PeersKnown = 1000 });
        gateway.AddResource(4711, "image.tar", 1024L << 20, "application/octet-stream", TimeSpan.Zero);
        using var chromium = Chromium.Start();
        chromium.Resize(width, height);
        gateway.Restart();
        chromium.Open($"{gateway.Url}/#/rain");
        await chromium.WaitForAsync("return Number(document.querySelector('.transfer')?.dataset.verified) > 100", "the first blocks");

        var company = (string)chromium.Run("return document.querySelector('.company').innerText")!;
        Assert.Matches(
            "^12 neighbours of 1,000 known\\s· 2 seeders, 9 give and take, 2 only give\\s· [0-9.]+ MB given$", company);
        var label = (string)chromium.Run("return document.querySelector('.sky').getAttribute('aria-label')")!;
        Assert.Contains("13 of 13 servers rain. 12 neighbours of 1,000 known", label, StringComparison.Ordinal);
        Assert.Equal(
            ["seeder", "seeder", "both ways", "both ways", "gives", .. Enumerable.Repeat("both ways", 4), "gives"],
            chromium.Elements(".transfer td[data-column=Role]").Take(10).Select(cell => cell.Text.Split('\n')[^1]));
        Assert.Equal("100 %", chromium.Elements(".transfer td[data-column=Holds]")[0].Text);
        Assert.Equal(
            [false, false, true, true, false],
            chromium.Elements(".transfer td[data-column=Given]").Take(5).Select(cell => cell.Text != "0 B"));
        Assert.Contains(
            "both ways", (string)chromium.Run("return document.querySelector('.legend').innerText")!, StringComparison.Ordinal);
        Assert.True((bool)chromium.Run("return document.documentElement.scrollWidth <= innerWidth")!);
        Assert.Empty(chromium.ConsoleErrors());
    }

    [Fact]
    public async Task A_transfer_that_is_made_alone_says_nothing_of_company()
    {
        await using var gateway = await ScriptedGateway.StartAsync();
        gateway.Rains.Add(new SyntheticRain(1, "4711", 1024, 3, TimeSpan.FromSeconds(40), seed: 1));
        gateway.AddResource(4711, "image.tar", 1024L << 20, "application/octet-stream", TimeSpan.Zero);
        using var chromium = Chromium.Start();
        chromium.Resize(1280, 1000);
        gateway.Restart();
        chromium.Open($"{gateway.Url}/#/rain");
        await chromium.WaitForAsync("return Number(document.querySelector('.transfer')?.dataset.verified) > 20", "the first blocks");

        Assert.False((bool)chromium.Run("return document.querySelector('.company').checkVisibility()")!);
        Assert.All(chromium.Elements(".transfer td[data-column=Role]"), cell => Assert.False(cell.Displayed));
        Assert.DoesNotContain(
            "both ways", (string)chromium.Run("return document.querySelector('.legend').innerText")!, StringComparison.Ordinal);
        Assert.Empty(chromium.ConsoleErrors());
    }
}
