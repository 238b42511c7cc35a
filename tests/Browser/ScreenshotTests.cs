namespace Browser;

/// <summary>Pictures of the page for docs/screenshots: run with <c>POURING_RAIN_SCREENSHOTS=docs/screenshots</c>.</summary>
public sealed class ScreenshotTests
{
    private static readonly (int Width, int Height)[] Sizes = [(360, 800), (1024, 1000), (1920, 1200)];

    [Fact]
    public async Task The_page_is_pictured_at_three_widths_in_two_schemes()
    {
        var folder = Environment.GetEnvironmentVariable("POURING_RAIN_SCREENSHOTS");
        Assert.SkipWhen(string.IsNullOrEmpty(folder), "POURING_RAIN_SCREENSHOTS names no folder");
        folder = Path.GetFullPath(folder!, ScriptedGateway.RepositoryRoot());
        await using var gateway = await ScriptedGateway.StartAsync();
        Furnish(gateway);
        using var chromium = Chromium.Start();

        foreach (var (width, height) in Sizes)
        {
            chromium.Resize(width, height);
            gateway.Restart();
            chromium.Open(gateway.Url);
            await chromium.WaitForAsync(
                "return document.querySelectorAll('.resource').length > 0 && Number(document.querySelector('.transfer')?.dataset.verified) > 2000",
                "resources, and rain half fallen");
            var tall = width == 360 ? (int)chromium.Number("return document.documentElement.scrollHeight") : height;
            chromium.Resize(width, tall);
            foreach (var dark in new[] { false, true })
            {
                chromium.PreferDark(dark);
                await Task.Delay(1200, TestContext.Current.CancellationToken);
                chromium.Screenshot(Path.Combine(folder, $"page-{width}-{(dark ? "dark" : "light")}.png"), width, tall);
            }

            Assert.Empty(chromium.ConsoleErrors());
        }
    }

    private static void Furnish(ScriptedGateway gateway)
    {
        gateway.AddResource(4711, "debian-12.11.0-amd64-DVD-1.iso", 3_930_062_848, "application/x-iso9660-image", TimeSpan.FromHours(3));
        gateway.AddResource(1980, "rain-radar-2012-08.tar.zst", 812_004_113, "application/zstd", TimeSpan.FromDays(12));
        gateway.AddResource(77, "murky-waters.pdf", 1_204_557, "application/pdf", TimeSpan.FromMinutes(8));
        gateway.AddResource(9_231_112_004_551_733_021, "kernel.efi", 14_680_064, "application/octet-stream", TimeSpan.FromDays(2));
        gateway.AddResource(12, null, 65_536, "application/octet-stream", TimeSpan.FromDays(41));
        gateway.AddResource(640, "Über den Regen.txt", 18_220, "text/plain; charset=utf-8", TimeSpan.FromSeconds(40));
        gateway.Rains.Add(new SyntheticRain(9, "4711", 3748, 4, TimeSpan.FromSeconds(19), seed: 3));
        gateway.Rains.Add(new SyntheticRain(8, "77", 2, 4, TimeSpan.FromSeconds(0.4), seed: 4));
        gateway.Rains.Add(new SyntheticRain(7, "1980", 775, 3, TimeSpan.FromSeconds(1.2), seed: 5, failsHalfway: true));
    }
}
