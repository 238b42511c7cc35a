using EndToEnd;

namespace Browser;

/// <summary>Big uploads from the page, which are sent in pieces: what breaks them, and how they go on.</summary>
public sealed class ResumedUploadTests
{
    private const string Sent = "return Number(document.querySelector('.upload progress')?.value ?? 0)";

    [Fact]
    public async Task An_upload_goes_on_where_it_stood_when_the_gateway_was_killed_and_started_again()
    {
        using var folder = new TestFolder();
        await using var gateway = await GatewayProcess.StartWithThreeServersAsync(folder["node"]);
        var sha256 = await TestBytes.WriteFileAsync(folder["big.bin"], 1, 60_000_000);
        using var chromium = Chromium.Start();
        chromium.Open(gateway.Url);
        Throttle(chromium, 10_000_000);

        chromium.DropFile("#drop", folder["big.bin"]);
        await chromium.WaitForAsync($"{Sent} > 0.4", "a good part of the upload");
        await gateway.KillAsync();
        await chromium.WaitForAsync("return document.querySelectorAll('.upload.broken').length === 1", "the break to be seen");
        Assert.Contains("trying again", chromium.Text(".upload-state"), StringComparison.Ordinal);
        AccessibilityTests.Check(chromium, "with an upload that broke off");
        chromium.Run("""
            window.least = 1;
            new MutationObserver(() => { least = Math.min(least, document.querySelector('.upload progress').value); })
              .observe(document.getElementById('uploads'), { subtree: true, childList: true, attributes: true, characterData: true });
            """);
        Throttle(chromium, -1);
        await gateway.StartAgainAsync();

        await DoneAsync(chromium);
        Assert.InRange(chromium.Number("return least"), 0.25, 1);
        await AssertKeptAsync(gateway, folder, sha256);
    }

    [Fact]
    public async Task An_upload_is_paused_and_goes_on_after_a_reload_when_its_file_is_chosen_again()
    {
        using var folder = new TestFolder();
        await using var gateway = await GatewayProcess.StartWithThreeServersAsync(folder["node"]);
        var sha256 = await TestBytes.WriteFileAsync(folder["big.bin"], 2, 60_000_000);
        using var chromium = Chromium.Start();
        chromium.Open(gateway.Url);
        Throttle(chromium, 10_000_000);

        chromium.DropFile("#drop", folder["big.bin"]);
        await chromium.WaitForAsync($"{Sent} > 0.1", "some of the upload");
        chromium.Element(".upload-pause").Click();
        await chromium.WaitForAsync("return document.querySelectorAll('.upload.paused').length === 1", "the pause");
        Assert.Equal("upload-resume", chromium.Run("return document.activeElement.className.split(' ').at(-1)"));
        AccessibilityTests.Check(chromium, "with a paused upload");
        var paused = chromium.Number(Sent);
        await chromium.WaitForAsync(
            "return performance.getEntriesByType('resource').filter((entry) => entry.name.endsWith('/subscribers')).length >= 2",
            "some time to pass");
        Assert.Equal(paused, chromium.Number(Sent));

        chromium.Element(".upload-resume").Click();
        await chromium.WaitForAsync($"{Sent} > arguments[0] + 0.3", "the upload to go on", paused);
        chromium.Driver.Navigate().Refresh();
        await chromium.WaitForAsync("return document.querySelectorAll('.upload.remembered').length === 1", "the upload to be remembered");
        Assert.Contains("same file again", chromium.Text(".upload-state"), StringComparison.Ordinal);
        Assert.InRange(chromium.Number(Sent), 0.2, 0.99);
        Throttle(chromium, -1);
        chromium.DropFile("#drop", folder["big.bin"]);

        await DoneAsync(chromium);
        Assert.Single(chromium.Elements(".upload"));
        Assert.Equal("{}", chromium.Run("return localStorage.getItem('pouring-rain-uploads')"));
        await AssertKeptAsync(gateway, folder, sha256);
        Assert.Equal(1, gateway.Log.Split("PUT /files/big.bin").Length - 1);
        Assert.Empty(chromium.ConsoleErrors());
    }

    [Fact]
    public async Task An_upload_goes_on_after_the_network_was_away()
    {
        using var folder = new TestFolder();
        await using var gateway = await GatewayProcess.StartWithThreeServersAsync(folder["node"]);
        var sha256 = await TestBytes.WriteFileAsync(folder["big.bin"], 3, 40_000_000);
        using var chromium = Chromium.Start();
        chromium.Open(gateway.Url);
        Throttle(chromium, 10_000_000);

        chromium.DropFile("#drop", folder["big.bin"]);
        await chromium.WaitForAsync($"{Sent} > 0.3", "some of the upload");
        Throttle(chromium, 10_000_000, isOffline: true);
        await chromium.WaitForAsync("return document.querySelectorAll('.upload.broken').length === 1", "the break to be seen");
        Throttle(chromium, -1);

        await DoneAsync(chromium);
        await AssertKeptAsync(gateway, folder, sha256);
    }

    [Fact]
    public async Task A_cancelled_upload_leaves_nothing_at_the_gateway()
    {
        using var folder = new TestFolder();
        await using var gateway = await GatewayProcess.StartWithThreeServersAsync(folder["node"]);
        await TestBytes.WriteFileAsync(folder["big.bin"], 4, 40_000_000);
        using var chromium = Chromium.Start();
        chromium.Open(gateway.Url);
        Throttle(chromium, 10_000_000);

        chromium.DropFile("#drop", folder["big.bin"]);
        await chromium.WaitForAsync($"{Sent} > 0.2", "some of the upload");
        var path = chromium.Run("return Object.values(JSON.parse(localStorage.getItem('pouring-rain-uploads')))[0].location");
        chromium.Element(".upload-end").Click();
        await GatewayProcess.WaitUntilAsync(
            async () => (await Tool.CurlAsync("-s", "-o", "/dev/null", "-w", "%{http_code}", $"{gateway.Url}/{path}")).Output == "404",
            "the upload to be gone");

        await chromium.WaitForAsync("return document.querySelectorAll('.upload.cancelled').length === 1", "the cancelled upload");
        Assert.Equal("Cancelled; nothing was stored", chromium.Text(".upload-state"));
        Assert.Equal("{}", chromium.Run("return localStorage.getItem('pouring-rain-uploads')"));
        Assert.Equal(0, (await gateway.GetJsonAsync("/resources")).GetProperty("items").GetArrayLength());
        Assert.Empty(chromium.ConsoleErrors());
    }

    private static async Task DoneAsync(Chromium chromium)
    {
        await chromium.WaitForAsync("return document.querySelectorAll('.upload.done, .upload.failed').length === 1", "the upload to end");
        Assert.StartsWith(
            "upload done", (string)chromium.Run("return document.querySelector('.upload').className")!, StringComparison.Ordinal);
    }

    private static async Task AssertKeptAsync(GatewayProcess gateway, TestFolder folder, string sha256)
    {
        var summary = (await gateway.GetJsonAsync("/resources")).GetProperty("items")[0];
        Assert.Equal("big.bin", summary.GetProperty("fileName").GetString());
        (await Tool.CurlAsync("-f", "-o", folder["copy"], $"{gateway.Url}/resources/{summary.GetProperty("id").GetString()}")).Succeeded();
        Assert.Equal(sha256, await TestBytes.HashFileAsync(folder["copy"]));
    }

    /// <summary>Bytes a second up; -1 for as many as may be.</summary>
    private static void Throttle(Chromium chromium, int uploadBytesPerSecond, bool isOffline = false)
    {
        chromium.Cdp("Network.enable", []);
        chromium.Cdp("Network.emulateNetworkConditions", new()
        {
            ["offline"] = isOffline,
            ["latency"] = 0,
            ["downloadThroughput"] = -1,
            ["uploadThroughput"] = uploadBytesPerSecond,
        });
    }
}
