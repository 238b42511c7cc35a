using EndToEnd;

namespace Browser;

/// <summary>Pictures of the page, on demand: <c>POURING_RAIN_SCREENSHOTS</c> names the folder they go to, <c>docs/screenshots</c> when it
/// is not set. docs/developers.md has the command.</summary>
public sealed class ScreenshotTests
{
    private static readonly (int Width, int Height)[] Sizes = [(360, 800), (1024, 1000), (1920, 1200)];

    [Fact(Explicit = true)]
    public async Task The_page_is_pictured_at_three_widths_in_two_schemes()
    {
        var folder = PictureFolder();
        await using var gateway = await ScriptedGateway.StartAsync();
        Furnish(gateway);
        using var chromium = Chromium.Start();

        foreach (var (width, height) in Sizes)
        {
            chromium.Resize(width, height);
            gateway.Restart();
            chromium.Open(gateway.Url);
            chromium.Run("""
                localStorage.setItem('pouring-rain-uploads', JSON.stringify({
                    'uploads/t': {
                        fingerprint: 'f', location: 'uploads/t', id: null, name: 'weather-2026.tar.zst',
                        length: 4.2e9, sent: 2.7e9, atMs: Date.now()
                    }
                }))
                """);
            chromium.Driver.Navigate().Refresh();
            gateway.Restart();
            await chromium.WaitForAsync(
                "return document.querySelectorAll('.resource').length > 0 && "
                + "Number(document.querySelector('.transfer')?.dataset.verified) > 2000",
                "resources, and rain half fallen");
            if (width > 1024)
            {
                chromium.Run("document.querySelector('.resource-name').click()");
            }

            foreach (var dark in new[] { false, true })
            {
                await PictureAsync(chromium, Path.Combine(folder, $"page-{width}-{(dark ? "dark" : "light")}.png"), (width, height), dark);
            }

            foreach (var view in width == 1024 ? new[] { "rain", "cluster", "settings" } : [])
            {
                chromium.Go(view);
                await PictureAsync(chromium, Path.Combine(folder, $"{view}-{width}-dark.png"), (width, height), dark: true);
            }

            Assert.Empty(chromium.ConsoleErrors());
        }
    }

    [Fact(Explicit = true)]
    public async Task The_rain_of_a_real_gateway_is_pictured()
    {
        var folder = PictureFolder();
        using var files = new TestFolder();
        await using var gateway = await GatewayProcess.StartWithThreeServersAsync(files["node"], "Rain:MaxRateBytesPerSecond=30000000");
        await TestBytes.WriteFileAsync(files["in"], 1, 1_500_000_000);
        (await Tool.CurlAsync(
            "-f", "-H", "Content-Disposition: attachment; filename=\"radar-2012-08.tar\"", "-T", files["in"],
            $"{gateway.Url}/resources/1980"))
            .Succeeded();
        using var chromium = Chromium.Start();
        chromium.Resize(1280, 1000);
        chromium.Open(gateway.Url);
        await chromium.WaitForAsync("return document.querySelectorAll('.resource').length === 1", "the resource");

        chromium.Element("[aria-label^='Let']").Click();
        await chromium.WaitForAsync(
            "const c = document.querySelector('.transfer'); return Number(c?.dataset.verified) > 900", "rain half fallen");
        chromium.Screenshot(Path.Combine(folder, "rain-1280-dark.png"), 1280, 1000);
        await chromium.WaitForAsync(
            "return document.querySelector('.transfer.ended .explain')?.innerText.includes('How fast')", "the explanation");
        await Task.Delay(1000, TestContext.Current.CancellationToken);
        chromium.Screenshot(Path.Combine(folder, "explained-1280-dark.png"), 1280, 1000);
        Assert.Empty(chromium.ConsoleErrors());
    }

    [Fact(Explicit = true)]
    public async Task A_swarm_is_pictured()
    {
        var folder = PictureFolder();
        await using var gateway = await ScriptedGateway.StartAsync();
        gateway.ServerCount = 1;
        gateway.AddResource(1980, "cluster-image-2026-11.tar", 1_073_741_824, "application/x-tar", TimeSpan.Zero);
        gateway.Rains.Add(new SyntheticRain(1, "1980", 1024, 13, TimeSpan.FromSeconds(20), seed: 3)
        {
            PeersKnown = 1000,
            FileName = "cluster-image-2026-11.tar",
        });
        using var chromium = Chromium.Start();
        chromium.Resize(1280, 1400);
        gateway.Restart();
        chromium.Open($"{gateway.Url}/#/rain");
        await chromium.WaitForAsync("return Number(document.querySelector('.transfer')?.dataset.verified) > 500", "rain half fallen");
        chromium.Screenshot(Path.Combine(folder, "swarm-1280-dark.png"), 1280, 1400);
        Assert.Empty(chromium.ConsoleErrors());
    }

    private static async Task PictureAsync(Chromium chromium, string path, (int Width, int Height) size, bool dark)
    {
        chromium.PreferDark(dark);
        await Task.Delay(1200, TestContext.Current.CancellationToken);
        chromium.Screenshot(path, size.Width, size.Height);
    }

    private static void Furnish(ScriptedGateway gateway)
    {
        (gateway.NodeCount, gateway.HasEngines, gateway.IsHurt) = (5, true, true);
        gateway.AddResource(4711, "debian-12.11.0-amd64-DVD-1.iso", 3_930_062_848, "application/x-iso9660-image", TimeSpan.FromHours(3));
        gateway.AddResource(1980, "rain-radar-2012-08.tar.zst", 812_004_113, "application/zstd", TimeSpan.FromDays(12));
        gateway.AddResource(77, "murky-waters.pdf", 1_204_557, "application/pdf", TimeSpan.FromMinutes(8));
        gateway.AddResource(9_231_112_004_551_733_021, "kernel.efi", 14_680_064, "application/octet-stream", TimeSpan.FromDays(2));
        gateway.AddResource(12, null, 65_536, "application/octet-stream", TimeSpan.FromDays(41));
        gateway.AddResource(640, "Über den Regen.txt", 18_220, "text/plain; charset=utf-8", TimeSpan.FromSeconds(40));
        gateway.Rains.Add(
            new SyntheticRain(9, "4711", 3748, 4, TimeSpan.FromSeconds(19), seed: 3) { FileName = "debian-12.11.0-amd64-DVD-1.iso" });
        gateway.Rains.Add(new SyntheticRain(8, "77", 2, 4, TimeSpan.FromSeconds(0.4), seed: 4) { FileName = "murky-waters.pdf" });
        gateway.Rains.Add(
            new SyntheticRain(
                7, "1980", 775, 3, TimeSpan.FromSeconds(1.2), seed: 5, failsHalfway: true)
            { FileName = "rain-radar-2012-08.tar.zst" });
    }

    private static string PictureFolder() =>
        Path.GetFullPath(
            Environment.GetEnvironmentVariable("POURING_RAIN_SCREENSHOTS") ?? "docs/screenshots", Repository.Root);
}
