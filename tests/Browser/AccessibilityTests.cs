using System.Text.Json;
using EndToEnd;
using OpenQA.Selenium;
using OpenQA.Selenium.Interactions;

namespace Browser;

/// <summary>Labels, contrast, landmarks, headings, target sizes (<c>Page/accessibility.js</c>) and the order of the focus.</summary>
public sealed class AccessibilityTests
{
    private static readonly string Checks = File.ReadAllText(
        Path.Combine(Repository.Root, "tests/Browser/Page/accessibility.js"));

    [Theory]
    [InlineData(360, false)]
    [InlineData(360, true)]
    [InlineData(1024, false)]
    [InlineData(1024, true)]
    [InlineData(1920, false)]
    [InlineData(1920, true)]
    public async Task Every_state_of_the_page_passes(int width, bool dark)
    {
        await using var gateway = await FurnishedAsync();
        using var chromium = Chromium.Start(dark: dark);
        chromium.Resize(width, 900);
        chromium.Open(gateway.Url);
        chromium.Run("""
            localStorage.setItem('pouring-rain-uploads', JSON.stringify({
                'uploads/t': {
                    fingerprint: 'f', location: 'uploads/t', id: null, name: 'begun.iso', length: 9e9, sent: 3e9, atMs: Date.now()
                }
            }))
            """);
        chromium.Driver.Navigate().Refresh();
        await chromium.WaitForAsync("return document.querySelectorAll('.upload.remembered').length === 1", "an upload that was begun");
        await chromium.WaitForAsync(
            "return document.querySelectorAll('.resource').length === 3 && document.querySelectorAll('#servers tbody tr').length > 0 && "
            + "document.querySelectorAll('#nodes-table tbody tr').length === 7 && document.querySelectorAll('.past-line').length === 2",
            "tables and rain");
        Check(chromium, "as it opens");
        foreach (var view in new[] { "rain", "cluster", "deployments", "settings" })
        {
            chromium.Go(view);
            await chromium.WaitForAsync("return !document.getElementById('view-' + arguments[0]).hidden", view, view);
            Check(chromium, $"the view {view}");
        }

        await chromium.WaitForAsync("return document.querySelectorAll('#settings-table tbody tr').length === 2", "the settings");
        Check(chromium, "with settings");
        chromium.Go("rain");
        chromium.Run("document.querySelector('.past-line button').click()");
        await chromium.WaitForAsync("return document.querySelectorAll('.transfer.ended').length > 0", "an explained transfer");
        Check(chromium, "with a transfer explained");
        chromium.Go("files");
        chromium.Run("document.querySelector('.drop-options').open = true; document.querySelector('.resource input').click()");
        Check(chromium, "with options and a selection");
        chromium.Run("document.querySelector('.drop-options').open = false; document.querySelector('.resource-name').click()");
        Check(chromium, "with details");
        chromium.Run("document.getElementById('details-close').click(); document.getElementById('show-folders').click()");
        await chromium.WaitForAsync("return !document.getElementById('crumbs').hidden", "folders");
        Check(chromium, "with folders");
        chromium.Run("document.getElementById('show-all').click()");

        chromium.Run("const s = document.getElementById('search'); s.value = '987654321'; s.dispatchEvent(new Event('input'))");
        await chromium.WaitForAsync(
            "const box = document.getElementById('elsewhere'); return box.dataset.id === '987654321' && !box.hidden", "what is said of it");
        Check(chromium, "with an id that is not kept here");
        chromium.Run("document.querySelector('.elsewhere .primary').click()");
        await chromium.WaitForAsync("return document.querySelectorAll('.notice.bad').length > 0", "an error in words");
        Check(chromium, "with an error");

        chromium.Run("document.getElementById('key-button').click()");
        Check(chromium, "with the key dialog");
    }

    [Fact]
    public async Task The_checks_see_every_fault_of_a_faulty_page()
    {
        await using var gateway = await ScriptedGateway.StartAsync();
        using var chromium = Chromium.Start();
        chromium.Open($"{gateway.Url}/page-tests/faulty.html");

        var wrong = Strings(chromium.Json(Checks));

        Assert.All(
            [
                "no language or no title", "not one banner", "not one first heading", "level 3 after one of 0",
                "contrast 2.85: “pale words”", "“veiled words”", "no name: button", "a target of 10 by 10",
                "no name: input", "a tabindex of its own: a", "id twice: twin", "names nobody, which is not there", "no name: table",
                "without scope: bare", "neither named nor hidden", "no live region", "wide in 1280",
            ],
            fault => Assert.Contains(wrong, found => found.Contains(fault, StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("files")]
    [InlineData("cluster")]
    [InlineData("settings")]
    public async Task The_focus_goes_through_every_control_once_in_the_order_of_the_document_and_is_seen(string view)
    {
        await using var gateway = await FurnishedAsync();
        gateway.Rains.Clear();
        using var chromium = Chromium.Start();
        chromium.Open($"{gateway.Url}/#/{view}");
        await chromium.WaitForAsync(
            "return document.querySelectorAll('.resource').length === 3 && document.querySelectorAll('#servers tbody tr').length > 0 && "
            + "document.querySelectorAll('#subscribers tbody tr').length > 0 && "
            + "document.querySelectorAll('#nodes-table tbody tr').length > 0", "the tables");
        var expected = Strings(chromium.Json("""
            window.label = (e) => e.id || e.getAttribute('aria-label') || e.getAttribute('aria-labelledby') || e.textContent.trim();
            return JSON.stringify([...document.querySelectorAll('a[href], button, input, select, summary, [tabindex="0"]')]
              .filter((e) => e.checkVisibility() && e.getClientRects().length > 0 && !e.closest('dialog')).map(label));
            """));

        var reached = new List<string>();
        for (var press = 0; press < expected.Length; press++)
        {
            new Actions(chromium.Driver).SendKeys(Keys.Tab).Perform();
            var seen = chromium.Json("""
                const e = document.activeElement;
                const ring = e.matches('#file-input, #folder-input') ? e.parentElement : e;
                const style = getComputedStyle(ring);
                const box = ring.getBoundingClientRect();
                const isRinged = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
                return JSON.stringify({ name: label(e), ring: isRinged, inside: box.bottom > 0 && box.top < innerHeight });
                """);
            reached.Add(seen.GetProperty("name").GetString()!);
            Assert.True(seen.GetProperty("ring").GetBoolean(), $"the focus is not seen on {reached[^1]}");
            Assert.True(seen.GetProperty("inside").GetBoolean(), $"the focus is off the screen on {reached[^1]}");
        }

        Assert.Equal(expected, reached);
    }

    [Fact]
    public async Task Deleting_by_keyboard_asks_first_and_gives_the_focus_back()
    {
        await using var gateway = await FurnishedAsync();
        using var chromium = Chromium.Start();
        chromium.Open(gateway.Url);
        await chromium.WaitForAsync("return document.querySelectorAll('.resource').length === 3", "the resources");

        chromium.Run("document.querySelector('[aria-label^=\"Delete\"]').focus()");
        new Actions(chromium.Driver).SendKeys(Keys.Enter).Perform();
        Assert.True((bool)chromium.Run("return document.getElementById('confirm').open")!);
        Assert.Equal("Keep it", chromium.Run("return document.activeElement.textContent"));
        Check(chromium, "with the question");
        new Actions(chromium.Driver).SendKeys(Keys.Escape).Perform();
        Assert.StartsWith(
            "Delete", (string)chromium.Run("return document.activeElement.getAttribute('aria-label')")!, StringComparison.Ordinal);
        Assert.Equal(3, chromium.Elements(".resource").Count);

        new Actions(chromium.Driver).SendKeys(Keys.Enter).SendKeys(Keys.Tab).SendKeys(Keys.Enter).Perform();
        await chromium.WaitForAsync("return document.querySelectorAll('.resource').length === 2", "the deletion");
        Assert.Contains("is deleted", chromium.Text("#announce"), StringComparison.Ordinal);
        Assert.Empty(chromium.ConsoleErrors());
    }

    private static async Task<ScriptedGateway> FurnishedAsync()
    {
        var gateway = await ScriptedGateway.StartAsync();
        (gateway.NodeCount, gateway.HasEngines, gateway.IsHurt) = (7, true, true);
        gateway.AddResource(1, "a.iso", 1_000_000_000, "application/octet-stream", TimeSpan.FromDays(1));
        gateway.AddResource(
            2, "a name that is so very long that it cannot possibly fit into one line of a narrow page.tar.gz", 5, "application/gzip",
            TimeSpan.Zero);
        gateway.AddResource(18_446_744_073_709_551_615, null, 0, "text/plain", TimeSpan.FromHours(1));
        gateway.Rains.Add(new SyntheticRain(3, "1", 954, 5, TimeSpan.FromSeconds(90), seed: 1));
        gateway.Rains.Add(new SyntheticRain(2, "2", 10, 3, TimeSpan.FromMilliseconds(1), seed: 2));
        gateway.Rains.Add(new SyntheticRain(1, "77", 10, 3, TimeSpan.FromMilliseconds(1), seed: 3, failsHalfway: true));
        return gateway;
    }

    /// <summary>Fails with what is wrong with the page as it stands.</summary>
    internal static void Check(Chromium chromium, string state) =>
        Assert.Equal("", string.Join('\n', Strings(chromium.Json(Checks)).Select(wrong => $"{state}: {wrong}")));

    private static string[] Strings(JsonElement list) => [.. list.EnumerateArray().Select(item => item.GetString()!)];
}
