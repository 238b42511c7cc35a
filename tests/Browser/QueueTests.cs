using System.Globalization;
using System.Text.RegularExpressions;
using EndToEnd;
using OpenQA.Selenium;

namespace Browser;

/// <summary>Ten files at once, of which some are paused, cancelled and tried again at random: what the page says is what the store has, by
/// the log of requests too.</summary>
public sealed partial class QueueTests
{
    /// <summary>The acts of one seed; <c>QUEUE_SEED</c> gives another.</summary>
    [Fact]
    public async Task Ten_uploads_end_as_the_page_says()
    {
        var seed = int.Parse(Environment.GetEnvironmentVariable("QUEUE_SEED") ?? "1", CultureInfo.InvariantCulture);
        using var folder = new TestFolder();
        await using var gateway = await GatewayProcess.StartWithThreeServersAsync(
            folder["node"], "Serilog:MinimumLevel:Override:Gateway.Requests=Debug");
        var hashes = new Dictionary<string, string>();
        for (var i = 0; i < 10; i++)
        {
            hashes[$"f{i}.bin"] = await TestBytes.WriteFileAsync(folder[$"f{i}.bin"], (ulong)((10 * seed) + i), 700_000 + (i * 1000));
        }

        using var chromium = Chromium.Start();
        chromium.Open(gateway.Url);
        await chromium.WaitForAsync("return document.getElementById('link-text').textContent === 'Live'", "the event stream");
        chromium.Cdp("Network.enable", []);
        Throttle(chromium, 700_000);
        chromium.DropFile("#files-empty", [.. hashes.Keys.Select(name => folder[name])]);
        await chromium.WaitForAsync("return document.querySelectorAll('.upload').length === 10", "the list");

        var random = new Random(seed);
        for (var act = 0; act < 25; act++)
        {
            // Whichever of its buttons an upload shows just now; what is over is not taken off the list.
            chromium.Run(
                """
                const row = document.querySelectorAll('.upload')[arguments[0]];
                const isShown = (one) => !one.hidden && !/off this list/.test(one.ariaLabel);
                const shown = [...row.querySelectorAll('.icon-button')].filter(isShown);
                shown[arguments[1] % shown.length]?.click();
                """,
                random.Next(10), random.Next(60));
            await Task.Delay(random.Next(120), TestContext.Current.CancellationToken);
        }

        Throttle(chromium, -1);
        chromium.Run("[...document.querySelectorAll('.upload-resume')].filter((one) => !one.hidden).forEach((one) => one.click())");
        await chromium.WaitForAsync(
            "return [...document.querySelectorAll('.upload')].every((one) => /done|cancelled|failed/.test(one.className))",
            "the end of all");

        var said = chromium.Elements(".upload").Select(row => (
            Name: row.FindElement(By.CssSelector(".upload-name")).Text, State: row.GetAttribute("class")!.Split(' ')[^1])).ToList();
        var kept = (await gateway.GetJsonAsync("/resources")).GetProperty("items").EnumerateArray()
            .ToDictionary(item => item.GetProperty("path").GetString()!, item => item.GetProperty("sha256").GetString()!);
        var done = said.Where(one => one.State == "done").Select(one => one.Name);
        Assert.Equal(done.Order(StringComparer.Ordinal), kept.Keys.Order(StringComparer.Ordinal));
        Assert.All(kept, pair => Assert.Equal(hashes[pair.Key], pair.Value));
        Assert.DoesNotContain(said, one => one.State == "failed");

        // Each that was stored was completed by one request, and of those that were not none was.
        Assert.Equal(kept.Count, Completed().Count(gateway.Log));
        Assert.Equal("{}", chromium.Run("return localStorage.getItem('pouring-rain-uploads') ?? '{}'"));
        chromium.Element("#tray-clear").Click();
        Assert.True((bool)chromium.Run("return document.getElementById('tray').hidden")!);
        Assert.Empty(chromium.ConsoleErrors());
    }

    /// <summary>By counts, not by a clock: of rows, of elements, of rows that are drawn when one or all of them change.</summary>
    [Fact]
    public async Task Of_ten_thousand_those_are_shown_that_matter_and_what_has_changed_is_drawn()
    {
        await using var gateway = await ScriptedGateway.StartAsync();
        gateway.HoldsPieces = true;
        using var chromium = Chromium.Start();
        chromium.Open(gateway.Url);
        await chromium.WaitForAsync("return document.getElementById('link-text').textContent === 'Live'", "the event stream");
        chromium.Run("""
            window.drawn = [];
            const rowOf = (node) => (node.nodeType === 1 ? node : node.parentElement)?.closest('.upload');
            const rowsOf = ({ target, addedNodes }) => [target, ...addedNodes].map(rowOf).filter((row) => row);
            new MutationObserver((records) => drawn.push(...records.flatMap(rowsOf)))
              .observe(document.getElementById('uploads'), { subtree: true, childList: true, attributes: true, characterData: true });
            const chosen = new DataTransfer();
            for (let at = 1; at <= 10_000; at++) {
              chosen.items.add(new File(['rain'], `file-${at}.txt`, { lastModified: at }));
            }

            const input = document.getElementById('file-input');
            input.files = chosen.files;
            input.dispatchEvent(new Event('change'));
            """);
        await chromium.WaitForAsync("return document.querySelectorAll('.upload.finishing').length === 2", "the first two");

        Assert.Equal("10,000 to upload, 0.02 %", chromium.Text("#tray-title").Replace('\u00a0', ' '));
        Assert.Contains("100 of 10,000 are shown", chromium.Text("#uploads-rest"), StringComparison.Ordinal);
        Assert.Equal(100, chromium.Elements(".upload").Count);
        Assert.InRange(chromium.Number("return document.querySelectorAll('#uploads *').length"), 100, 3000);
        Assert.Equal(100, Drawn(chromium, ""));
        Assert.Equal(1, Drawn(chromium, "document.querySelector('.upload:nth-child(5) .upload-pause').click()"));
        Assert.Equal(97, Drawn(chromium, "document.getElementById('tray-pause').click()"));
        Assert.Equal("Go on with all", chromium.Text("#tray-pause"));
        Assert.Equal(2, gateway.OpenUploads);

        chromium.Press(".tray-deeds", "Cancel all");
        Assert.Equal("Cancel 10,000 uploads?", chromium.Text("#confirm-title"));
        chromium.Element("#confirm [value=yes]").Click();
        await chromium.WaitForAsync("return document.querySelectorAll('.upload.cancelled').length === 100", "the end of all");
        Assert.Equal(0, gateway.OpenUploads);
        Assert.Equal("{}", chromium.Run("return localStorage.getItem('pouring-rain-uploads') ?? '{}'"));
        chromium.Element("#tray-clear").Click();
        Assert.True((bool)chromium.Run("return document.getElementById('tray').hidden")!);
        Assert.Empty(chromium.ConsoleErrors());
    }

    /// <summary>How many rows have been drawn since this was asked last, once an act is done.</summary>
    private static double Drawn(Chromium chromium, string act) => Convert.ToDouble(
        chromium.RunAsync(act + "; setTimeout((done) => { done(new Set(drawn).size); drawn = []; }, 0, arguments[0]);"),
        CultureInfo.InvariantCulture);

    [GeneratedRegex("PATCH /uploads/[^ ]+ 201")]
    private static partial Regex Completed();

    private static void Throttle(Chromium chromium, int uploadBytesPerSecond) => chromium.Cdp(
        "Network.emulateNetworkConditions",
        new() { ["offline"] = false, ["latency"] = 0, ["downloadThroughput"] = -1, ["uploadThroughput"] = uploadBytesPerSecond });
}
