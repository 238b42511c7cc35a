using System.Globalization;
using EndToEnd;
using OpenQA.Selenium;

namespace Browser;

/// <summary>
/// What other pages upload with, cut off in the middle by a network that fails or a gateway that is killed and started again: Uppy's tus
/// plugin, which goes on where it stood, and a plain form, which is sent again. A gigabyte each, or what <c>CUT_CLIENT_BYTES</c>
/// says, and Uppy comes by npm (<c>npm install -g uppy</c>), so these run on demand.
/// </summary>
public sealed class CutUploadTests
{
    private static long Bytes =>
        long.Parse(Environment.GetEnvironmentVariable("CUT_CLIENT_BYTES") ?? "1000000000", CultureInfo.InvariantCulture);

    [Theory(Explicit = true)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Uppy_goes_on_after_a_cut(bool isKilled)
    {
        Tool.Require("npm");
        var modules = (await Tool.RunAsync("npm", "root", "-g")).Succeeded().Trim();
        var uppy = await File.ReadAllTextAsync(Path.Combine(modules, "uppy/dist/uppy.min.js"), TestContext.Current.CancellationToken);
        using var folder = new TestFolder();
        await using var gateway = await StartAsync(folder);
        var sha256 = await TestBytes.WriteFileAsync(folder["disk.iso"], 1, Bytes);
        using var chromium = Chromium.Start();
        await using var relay = Relay(gateway, isKilled);
        chromium.Open($"http://127.0.0.1:{relay.Port}/");
        chromium.Run(uppy);
        chromium.Run("document.body.append(Object.assign(document.createElement('input'), { type: 'file', id: 'picked' }));");
        chromium.Element("#picked").SendKeys(folder["disk.iso"]);
        chromium.Run("""
            const uppy = new Uppy.Uppy({ autoProceed: false })
              .use(Uppy.Tus, { endpoint: '/files/uppy/', retryDelays: Array(30).fill(500) });
            const file = document.getElementById('picked').files[0];
            uppy.addFile({ name: file.name, type: file.type, data: file });
            uppy.upload().then((result) => { window.uppyEnd = `${result.successful.length} done, ${result.failed.length} failed`; });
            """);
        await DoneAsync(chromium, "return Boolean(window.uppyEnd)");
        Assert.Equal("1 done, 0 failed", chromium.Run("return window.uppyEnd"));

        Assert.True(relay.IsCut);

        // It was gone on with and not begun anew. (A request whose connection is reset Chromium sends once more by itself, as far as it is
        // let, before Uppy hears of it: so more bytes may pass than are wanted.)
        Assert.Equal(1, gateway.Log.Split("POST /files/uppy/ 201").Length - 1);
        Assert.InRange(relay.Passed, Bytes, (Bytes * 2.2) + 3_000_000);
        await AssertKeptAsync(gateway, "uppy/disk.iso", folder, sha256);
    }

    /// <summary>Chromium sends it again by itself or says that it was cut off, as it likes; whoever sees that sends it again.</summary>
    [Theory(Explicit = true)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_form_that_was_cut_off_arrives_when_it_is_sent_again(bool isKilled)
    {
        const string IsThere = "document.body.innerText.includes('disk.iso')";
        using var folder = new TestFolder();
        await using var gateway = await StartAsync(folder);
        var sha256 = await TestBytes.WriteFileAsync(folder["disk.iso"], 1, Bytes);
        using var chromium = Chromium.Start();
        await using var relay = Relay(gateway, isKilled);
        Submit();
        await GatewayProcess.WaitUntilAsync(() => Task.FromResult(relay.IsCut), "the cut");
        await DoneAsync(chromium, $"return {IsThere} || location.protocol === 'chrome-error:'");
        if (chromium.Run($"return {IsThere}") is not true)
        {
            Submit();
            await DoneAsync(chromium, $"return {IsThere}");
        }

        await AssertKeptAsync(gateway, "disk.iso", folder, sha256);

        void Submit()
        {
            chromium.Open($"http://127.0.0.1:{relay.Port}/files/");
            chromium.Element("input[type=file]").SendKeys(folder["disk.iso"]);
            chromium.Run("setTimeout(() => document.querySelector('form').submit(), 0);");
        }
    }

    /// <summary>A gigabyte may take longer than what pages are waited for elsewhere.</summary>
    private static Task DoneAsync(Chromium chromium, string script) => GatewayProcess.WaitUntilAsync(
        () =>
        {
            try
            {
                return Task.FromResult(chromium.Run(script) is true);
            }
            catch (WebDriverException)
            {
                // Between two pages there is none to ask.
                return Task.FromResult(false);
            }
        },
        "the upload to end");

    private static CutRelay Relay(GatewayProcess gateway, bool isKilled) => new(gateway.HttpPort, Bytes / 2, async () =>
    {
        if (isKilled)
        {
            await gateway.KillAsync();
            await gateway.StartAgainAsync();
        }
    });

    private static async Task AssertKeptAsync(GatewayProcess gateway, string name, TestFolder folder, string sha256)
    {
        (await Tool.CurlAsync("-f", "-o", folder["copy"], $"{gateway.Url}/files/{name}")).Succeeded();
        Assert.Equal(sha256, await TestBytes.HashFileAsync(folder["copy"]));
    }

    private static Task<GatewayProcess> StartAsync(TestFolder folder)
    {
        var ports = GatewayProcess.FreePorts(2);
        return GatewayProcess.StartAsync(folder["node"], ports[0], [ports[1]], []);
    }
}
