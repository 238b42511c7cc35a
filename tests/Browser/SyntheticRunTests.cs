namespace Browser;

/// <summary>10,000 blocks from 32 servers, drawn while frames are counted.</summary>
[Collection(nameof(Alone))]
public sealed class SyntheticRunTests
{
    // Frames from requestAnimationFrame, as the page itself sees them: in each second, and the longest pauses. Asserted is the median
    // second: other work on a shared machine takes a second here and there, a page that is too slow loses all of them.
    private const string CountFrames = """
        const [seconds, done] = arguments;
        const pauses = [];
        let first = 0;
        let last = 0;
        requestAnimationFrame(function frame(now) {
          if (last > 0) {
            pauses.push(now - last);
          }
          first ||= now;
          last = now;
          if (now - first < seconds * 1000) {
            requestAnimationFrame(frame);
          } else {
            let at = 0;
            const windows = new Array(seconds).fill(0);
            for (const pause of pauses) {
              at += pause;
              windows[Math.min(seconds - 1, Math.floor(at / 1000))]++;
            }

            pauses.sort((a, b) => a - b);
            const median = windows.toSorted((a, b) => a - b)[seconds >> 1];
            const rate = pauses.length / (last - first) * 1000;
            done(JSON.stringify({ windows, median, rate, p99: pauses[Math.floor(pauses.length * 0.99)], longest: pauses.at(-1) }));
          }
        });
        """;

    [Theory]
    [InlineData(1920, 1200)]
    [InlineData(360, 800)]
    public async Task The_page_stays_at_fifty_frames_a_second_with_10000_blocks_and_32_servers(int width, int height)
    {
        await using var gateway = await ScriptedGateway.StartAsync();
        gateway.ServerCount = 32;
        gateway.Rains.Add(new SyntheticRain(1, "4711", 10_000, 32, TimeSpan.FromSeconds(40), seed: 1));
        gateway.AddResource(4711, "ten-thousand-blocks.bin", 10_000L << 20, "application/octet-stream", TimeSpan.Zero);
        using var chromium = Chromium.Start();
        chromium.Resize(width, height);
        gateway.Restart();
        chromium.Open($"{gateway.Url}/#/rain");
        await chromium.WaitForAsync("return Number(document.querySelector('.transfer')?.dataset.verified) > 300", "the first blocks");
        chromium.Run("document.querySelector('.sky').scrollIntoView({ block: 'center' })");

        var before = chromium.Number("return document.querySelector('.transfer').dataset.verified");
        using var measured = System.Text.Json.JsonDocument.Parse((string)chromium.RunAsync(CountFrames, 10)!);
        var after = chromium.Number("return document.querySelector('.transfer').dataset.verified");

        var rate = measured.RootElement.GetProperty("median").GetDouble();
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{width} px: {measured.RootElement.GetRawText()}, {after - before} blocks meanwhile");
        Assert.Equal(32, chromium.Number("return Number(document.querySelector('.transfer').dataset.servers)"));
        Assert.InRange(after - before, 1000, 10_000);
        Assert.True(rate >= 50, $"{rate:F1} frames in the median second: {measured.RootElement.GetRawText()}");
        Assert.Empty(chromium.ConsoleErrors());
    }
}
