using System.Globalization;
using Benchmarks.Processes;

namespace Benchmarks.Deploy;

/// <summary>Receivers that fail, among others to whom nothing happens: one whose disk is full, one that may not write where it was told to,
/// one that is killed.</summary>
internal static class DeployFaults
{
    private const int Full = 0, Unwritable = 1, Killed = 2, FaultCount = 3;

    public static async Task RunAsync(
        Netlab lab, Report report, BenchmarkOptions options, int receivers, string file, string sha256, double megabits,
        CancellationToken cancellation)
    {
        var others = receivers - FaultCount;
        foreach (var (quorum, expected) in ((int, int)[])[(others, 0), (receivers, 3)])
        {
            var name = $"{receivers}, 1 %, faults, quorum {quorum}";
            if (!options.Wants(name))
            {
                continue;
            }

            var rain = DeployTool.Rain(false);
            var tool = rain with
            {
                Send = (count, rate, isLossy, path) =>
                    [.. rain.Send(count, rate, isLossy, path), "--quorum", quorum.ToString(CultureInfo.InvariantCulture)],
            };
            var run = await DeployRun.PlayAsync(
                lab, tool, receivers, megabits, isLossy: true, file, sha256, Alter,
                async processes =>
                {
                    await Task.Delay(TimeSpan.FromSeconds(1), cancellation);
                    await processes[Killed].KillAsync();
                },
                cancellation);
            string[] named = [.. ((string[])["its disk is full", "it cannot write where it was told to", "nothing is heard of it any more"])
                .Where(text => run.Told.Contains(text, StringComparison.Ordinal))];
            report.Add(
                name, null, null, $"{run.DoneCount} of {others} others", $"exit {run.ExitCode}, {expected} wanted", null, run.Untrusted);
            report.Note($"{name}: named were: {string.Join("; ", named)}");
        }
    }

    private static IReadOnlyList<string> Alter(int receiver, IReadOnlyList<string> command) => receiver switch
    {
        // Files of 1 MiB at most: what is written beyond is refused as by a full disk.
        Full => ["bash", "-c", "ulimit -f 1024; exec \"$@\"", "receiver", .. command],

        // It can only tell a sender that is there.
        Unwritable => ["bash", "-c", "sleep 8; exec \"$@\"", "receiver",
            .. command.Select(word => word.EndsWith("/image", StringComparison.Ordinal) ? "/proc/self/image" : word)],
        _ => command,
    };
}
