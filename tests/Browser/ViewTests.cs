using EndToEnd;

namespace Browser;

/// <summary>The views of the page, and what they do when the gateway goes and comes back.</summary>
public sealed class ViewTests
{
    [Fact]
    public async Task A_gateway_that_is_killed_is_told_in_every_view_and_is_back_when_it_is()
    {
        (string View, string Note)[] views =
        [
            ("files", "#files-note"), ("rain", "#rain-note"), ("cluster", "#servers-note"), ("deployments", "#deployments-note"),
            ("settings", "#settings-note"),
        ];
        using var folder = new TestFolder();
        await using var gateway = await GatewayProcess.StartWithThreeServersAsync(folder["node"]);
        await File.WriteAllTextAsync(folder["note.txt"], "rain", TestContext.Current.CancellationToken);
        (await Tool.CurlAsync("-f", "-T", folder["note.txt"], $"{gateway.Url}/files/")).Succeeded();
        using var chromium = Chromium.Start();
        chromium.Open(gateway.Url);
        await chromium.WaitForAsync(
            "return document.getElementById('link-text').textContent === 'Live' && document.querySelectorAll('.resource').length === 1",
            "the page");
        foreach (var (view, _) in views)
        {
            chromium.Go(view);
            await chromium.WaitForAsync("return document.body.dataset.view === arguments[0]", view, view);
            Assert.Equal(view, chromium.Run("return document.querySelector('.views [aria-current]').dataset.view"));
            Assert.Equal(1, chromium.Number("return [...document.querySelectorAll('.view')].filter((one) => !one.hidden).length"));
        }

        await chromium.WaitForAsync("return document.querySelectorAll('#settings-table tbody tr').length > 10", "the settings");
        await gateway.KillAsync();
        foreach (var (view, note) in views)
        {
            chromium.Go(view);
            await chromium.WaitForAsync(
                "return document.body.dataset.view === arguments[1] && !document.getElementById('link-banner').hidden "
                    + "&& /as of \\d\\d:\\d\\d:\\d\\d$/.test(document.querySelector(arguments[0]).textContent)",
                $"the banner, and since when, in {view}", note, view);
            AccessibilityTests.Check(chromium, $"{view} with the gateway gone");
        }

        await gateway.StartAgainAsync();
        foreach (var (view, note) in views)
        {
            chromium.Go(view);
            await chromium.WaitForAsync(
                "return document.body.dataset.view === arguments[1] && document.getElementById('link-banner').hidden "
                    + "&& !document.querySelector(arguments[0]).textContent.includes('as of')", $"figures of now in {view}", note, view);
        }

        Assert.Equal(1, chromium.Number("return document.querySelectorAll('.resource').length"));
    }

    [Fact]
    public async Task Rain_that_has_ended_is_remembered_when_the_gateway_is_started_again()
    {
        using var folder = new TestFolder();
        await using var gateway = await GatewayProcess.StartWithThreeServersAsync(folder["node"]);
        await TestBytes.WriteFileAsync(folder["in.bin"], 1, 300_000);
        (await Tool.CurlAsync("-f", "-T", folder["in.bin"], $"{gateway.Url}/files/")).Succeeded();
        using var chromium = Chromium.Start();
        chromium.Open(gateway.Url);
        await chromium.WaitForAsync("return document.querySelectorAll('.resource').length === 1", "the file");
        chromium.Element(".resource [aria-label^='Let']").Click();
        await chromium.WaitForAsync("return document.querySelectorAll('.transfer.ended').length === 1", "the rain");
        Assert.Empty(chromium.Elements(".past-line"));

        await gateway.KillAsync();
        await gateway.StartAgainAsync();
        chromium.Driver.Navigate().Refresh();
        await chromium.WaitForAsync("return document.querySelectorAll('.past-line.before').length === 1", "what was");
        Assert.Equal("in.bin", chromium.Text(".past-name"));
        chromium.Element(".past-line summary").Click();
        Assert.Contains("All of it is here", chromium.Text(".past-words"), StringComparison.Ordinal);

        // Another one of the same number is another one.
        chromium.Go("files");
        chromium.Element(".resource [aria-label^='Let']").Click();
        await chromium.WaitForAsync("return document.querySelectorAll('.transfer.ended').length === 1", "rain again");
        Assert.Single(chromium.Elements(".past-line.before"));
        AccessibilityTests.Check(chromium, "with earlier rain");
    }

    [Fact]
    public async Task Rain_shows_as_a_strip_in_every_other_view_and_leads_to_its_own()
    {
        using var folder = new TestFolder();
        await using var gateway = await GatewayProcess.StartWithThreeServersAsync(folder["node"], "Rain:MaxRateBytesPerSecond=1000000");
        await TestBytes.WriteFileAsync(folder["in.bin"], 1, 30_000_000);
        (await Tool.CurlAsync("-f", "-T", folder["in.bin"], $"{gateway.Url}/files/")).Succeeded();
        using var chromium = Chromium.Start();
        chromium.Open(gateway.Url);
        await chromium.WaitForAsync("return document.querySelectorAll('.resource').length === 1", "the file");
        Assert.False(chromium.Element("#strip").Displayed);
        chromium.Element(".resource [aria-label^='Let']").Click();
        await chromium.WaitForAsync("return Number(document.querySelector('.transfer')?.dataset.servers) >= 1", "rain");
        Assert.False(chromium.Element("#strip").Displayed);

        chromium.Go("cluster");
        await chromium.WaitForAsync(
            "return document.querySelector('#strip progress')?.value > 0 && document.getElementById('strip').checkVisibility()",
            "the strip");
        Assert.Equal("in.bin", chromium.Text(".strip-name"));
        AccessibilityTests.Check(chromium, "with the strip");
        chromium.Element(".strip-name").Click();
        await chromium.WaitForAsync("return document.body.dataset.view === 'rain'", "its own view");
        chromium.Go("files");

        // A sign at once, however long the gateway takes to end it.
        Assert.Equal("stopping", chromium.Run("""
            [...document.querySelectorAll('#strip button')].at(-1).click();
            return document.querySelector('.strip-facts').textContent;
            """));
        await chromium.WaitForAsync("return document.getElementById('strip').hidden", "the end of it");
        Assert.Empty(chromium.ConsoleErrors());
    }

    [Fact]
    public async Task Settings_are_shown_with_who_said_so_and_links_are_listed_and_revoked()
    {
        using var folder = new TestFolder();
        await using var gateway = await GatewayProcess.StartWithThreeServersAsync(folder["node"], "Rain:MaxRateBytesPerSecond=7MB");
        await File.WriteAllTextAsync(folder["note.txt"], "rain", TestContext.Current.CancellationToken);
        (await Tool.CurlAsync("-f", "-T", folder["note.txt"], $"{gateway.Url}/files/")).Succeeded();
        using var chromium = Chromium.Start();
        chromium.Open(gateway.Url);
        await chromium.WaitForAsync("return document.querySelectorAll('.resource').length === 1", "the file");
        chromium.Element(".resource-name").Click();
        chromium.Press(".resource-details", "Copy a link for a day");
        await chromium.WaitForAsync("return document.querySelector('.notice.good')?.innerText.includes('/s/') ?? false", "the link");
        var link = chromium.Text(".notice.good").Split('\n').Single(line => line.StartsWith("http", StringComparison.Ordinal));
        Assert.Equal("rain", (await Tool.CurlAsync("-f", link)).Succeeded());

        chromium.Go("settings");
        await chromium.WaitForAsync("return document.querySelectorAll('#link-list li').length === 1", "the link in the list");
        Assert.Contains("note.txt", chromium.Text("#link-list"), StringComparison.Ordinal);
        chromium.Element("#settings-search").SendKeys("maxrate");
        var row = chromium.Text("#settings-table tbody tr");
        Assert.Contains("Rain:MaxRateBytesPerSecond", row, StringComparison.Ordinal);
        Assert.Contains("7MB", row, StringComparison.Ordinal);
        Assert.Contains("the command line", row, StringComparison.Ordinal);
        Assert.Matches("^\\d of \\d+$", chromium.Text("#settings-note"));
        AccessibilityTests.Check(chromium, "with a link and a search");

        chromium.Press("#link-list", "Revoke");
        chromium.Element("#confirm [value=yes]").Click();
        await chromium.WaitForAsync("return document.querySelectorAll('#link-list li').length === 0", "the end of the link");
        Assert.NotEqual(0, (await Tool.CurlAsync("-f", link)).ExitCode);
        Assert.Empty(chromium.ConsoleErrors());
    }
}
