using System.Globalization;
using Benchmarks.Processes;

namespace Benchmarks.Deploy;

/// <summary>
/// One file to 8, 32 and 64 receivers at once, each of which loses its own 0, 1 or 5 % of the frames, over equal links with a round trip of
/// 1 ms: by ours, sealed and not, by uftp and by udpcast. Times are multiples of size / rate, bytes of the sender's link of the size. Then
/// what goes wrong at a receiver, and what a forger does to the rain.
/// </summary>
internal static class DeployBenchmark
{
    private const double Megabits = 50;
    private const long Bytes = 32 << 20;
    private const int ForgedNeedsPerSecond = 10_000;

    private static readonly int[] Receivers = [8, 32, 64], Losses = [0, 1, 5];

    public static async Task RunAsync(BenchmarkOptions options, CancellationToken cancellation)
    {
        var megabits = options.Megabits ?? Megabits;
        var size = options.Size ?? Bytes;
        using var folder = new TemporaryFolder();
        var sha256 = await folder.WriteFileAsync("image", size, seed: 1, cancellation);
        var report = new Report("deploy", options, "receivers, loss, program", "time", "bytes", "done", "worst", "busy", "untrusted");
        var unit = size * 8 / (megabits * 1e6);
        foreach (var receivers in options.Nodes is { } only ? [only] : Receivers)
        {
            await using var lab = await Netlab.UpAsync(
                receivers + 1, string.Create(CultureInfo.InvariantCulture, $"--rate {megabits * 1000:F0}kbit --delay 0.5ms"), cancellation);
            foreach (var loss in Losses)
            {
                await lab.SetAsync($"2-{receivers + 1}", $"loss={loss}%", cancellation);
                foreach (var tool in (DeployTool[])[DeployTool.Rain(false), DeployTool.Rain(true), DeployTool.Uftp, DeployTool.Udpcast])
                {
                    var name = $"{receivers}, {loss} %, {tool.Name}";
                    if (options.Wants(name))
                    {
                        await RowAsync(report, options, name, receivers, run => DeployRun.PlayAsync(
                            lab, tool, receivers, megabits, loss > 0, folder["image"], sha256, null, null, cancellation), unit, size,
                            tool.Name is "rain" or "sealed" ? options.Runs : Math.Min(options.Runs, options.BesideRuns));
                    }
                }
            }

            await lab.SetAsync($"2-{receivers + 1}", "loss=1%", cancellation);
            await ForgeAsync(lab, report, options, receivers, folder["image"], sha256, megabits, size, cancellation);
            await DeployFaults.RunAsync(lab, report, options, receivers, folder["image"], sha256, megabits, cancellation);
        }

        report.Note(string.Create(
            CultureInfo.InvariantCulture,
            $"{size} bytes; time / (size / {megabits} Mbit/s = {unit:F1} s), from the first bytes on the sender's link to the"));
        report.Note("end of the last receiver; bytes of the sender's link / size, headers in; medians; done: files with the right SHA-256");
        report.Note("busy: processor time of all that ran here / what the cores had: near 1 the row says nothing of the program");
        await report.FinishAsync();
    }

    private static async Task RowAsync(
        Report report, BenchmarkOptions options, string name, int receivers, Func<int, Task<DeployRun>> play, double unit, long size,
        int runs)
    {
        var all = new List<DeployRun>();
        for (var run = 0; run < Math.Max(1, runs); run++)
        {
            all.Add(await play(run));
        }

        report.Add(
            name,
            all.Select(run => run.Seconds / unit).Median(),
            all.Select(run => run.Bytes / size).Median(),
            string.Join(' ', all.Select(run => run.DoneCount)),
            all.Max(run => run.Seconds / unit),
            all.Select(run => run.BusyShare).Median(),
            all.Sum(run => run.Untrusted));
        foreach (var run in all.Where(run => run.DoneCount < receivers))
        {
            report.Note($"{name}: {receivers - run.DoneCount} without the file, the sender ended with {run.ExitCode}:");
            report.Note(run.Told.TrimEnd().Split('\n')[^1]);
        }
    }

    /// <summary>Who is on the link and has no token asks for all there is, ten thousand times a second.</summary>
    private static async Task ForgeAsync(
        Netlab lab, Report report, BenchmarkOptions options, int receivers, string file, string sha256, double megabits, long size,
        CancellationToken cancellation)
    {
        var name = $"{receivers}, 1 %, rain, {ForgedNeedsPerSecond} forged needs a second";
        if (!options.Wants(name))
        {
            return;
        }

        var forger = new ForgedNeeds(lab[receivers + 1]);
        await RowAsync(
            report, options, name, receivers,
            _ => DeployRun.PlayAsync(
                lab, DeployTool.Rain(false), receivers, megabits, isLossy: true, file, sha256, null,
                processes => forger.RunAsync(ForgedNeedsPerSecond, () => processes.Any(process => !process.HasExited), cancellation),
                cancellation),
            size * 8 / (megabits * 1e6), size, options.Runs);
    }
}
