using System.Globalization;
using Benchmarks.Processes;

namespace Benchmarks.Swarm;

/// <summary>
/// One node has a file that all others want at once; every link carries 20 Mbit/s each way, 10 ms of round trip. Times are multiples of
/// size / rate, which is what the last node needs at least; a swarm cannot be better than (1 + floor(log2 N) / blocks) of it, and its
/// headers. Beside it BitTorrent over the same links.
/// </summary>
internal static class SwarmBenchmark
{
    private const int NodeCount = 16;
    private const double Megabits = 20;
    private const int NodeCountMin = 4;
    private const int NodeCountMax = 250;
    private const long WarmUpBytes = 16 << 20;
    private const string Secret = "Rain:Secret=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    private static readonly Scene[] Scenes =
    [
        new("a", "prefetch"),
        new("b", "curl on each"),
        new("c", "one killed, one 10 times slower") { IsHarsh = true },
        new("aria2", "aria2c") { Torrent = TorrentClient.Aria2 },
        new("transmission", "transmission") { Torrent = TorrentClient.Transmission },
    ];

    public static async Task RunAsync(BenchmarkOptions options, CancellationToken cancellation)
    {
        var nodeCount = options.Nodes ?? NodeCount;
        if (nodeCount is < NodeCountMin or > NodeCountMax)
        {
            throw new InvalidOperationException($"--nodes {nodeCount}: {NodeCountMin} to {NodeCountMax}");
        }

        // Names, not parts of them: every one of them has an a.
        var scenes = Scenes.Where(scene => options.Only.Count == 0 || options.Only.Contains(scene.Name)).ToArray();
        var size = options.Size ?? 64L << 20;
        using var folder = new TemporaryFolder();
        var sha256 = await folder.WriteFileAsync("file", size, seed: 1, cancellation);
        await folder.WriteFileAsync("warm-up", Math.Min(size, WarmUpBytes), seed: 2, cancellation);
        await using var lab = await SwarmLab.UpAsync(nodeCount, options.Megabits ?? Megabits, cancellation);
        var swarm = new SwarmLab(lab, nodeCount, folder["file"], size, sha256, options.Megabits ?? Megabits);
        var outcomes = scenes.ToDictionary(scene => scene, _ => new List<SwarmOutcome>());
        var blockSize = 0;
        for (var run = 0; run < options.Runs; run++)
        {
            foreach (var scene in scenes.Where(scene => scene.Torrent is null || run < options.BesideRuns))
            {
                await swarm.SetLinksAsync(slowsOne: false, cancellation);
                if (scene.Torrent is { } torrent)
                {
                    outcomes[scene].Add(await TorrentSwarm.PlayAsync(swarm, torrent, cancellation));
                }
                else
                {
                    string[] settings = [.. options.IsSealed ? [Secret] : Array.Empty<string>(), .. options.Settings];
                    await using var rain = await RainSwarm.StartAsync(swarm, settings, cancellation);
                    blockSize = rain.BlockSize;
                    await rain.WarmUpAsync(folder["warm-up"], cancellation);
                    outcomes[scene].Add(await PlayAsync(swarm, rain, scene, cancellation));
                }

                await Console.Error.WriteLineAsync($"run {run + 1}: {scene.Name} {Describe(outcomes[scene][^1], swarm)}");
            }
        }

        await TellAsync(options, swarm, outcomes, blockSize);
    }

    private static async Task<SwarmOutcome> PlayAsync(SwarmLab swarm, RainSwarm rain, Scene scene, CancellationToken cancellation)
    {
        await swarm.SetLinksAsync(scene.IsHarsh, cancellation);
        var counted = swarm.Receivers.Where(host => !scene.IsHarsh || (host != swarm.Killed && host != swarm.Slow)).ToArray();
        var outcome = await SwarmOutcome.MeasureAsync(
            swarm,
            rain.Processes,
            () => scene.Name == "b" ? rain.ReadAsync(cancellation)
                : rain.PrefetchAsync(counted, scene.IsHarsh ? swarm.Killed : null, cancellation),
            cancellation);
        if (scene.Name == "b")
        {
            await rain.CheckReadsAsync(cancellation);
        }

        await rain.CheckStoresAsync(counted.Where((_, i) => double.IsFinite(outcome.Seconds[i])), cancellation);
        return outcome;
    }

    private static async Task TellAsync(
        BenchmarkOptions options, SwarmLab swarm, Dictionary<Scene, List<SwarmOutcome>> outcomes, int blockSize)
    {
        var report = new Report(
            "swarm", options, "row", "last", "median", "first", "worst", "of a", "seeder sent", "done", "own cpu", "busy", "untrusted");
        var alone = outcomes.Where(pair => pair.Key.Name == "a").SelectMany(pair => pair.Value).Select(one => one.Last).Median();
        foreach (var (scene, all) in outcomes.Where(pair => pair.Value.Count > 0))
        {
            report.Add(
                $"{scene.Name}: {scene.What}",
                all.Select(one => one.Last / swarm.UnitSeconds).Median(),
                all.Select(one => one.Median / swarm.UnitSeconds).Median(),
                all.Select(one => one.First / swarm.UnitSeconds).Median(),
                all.Max(one => one.Last / swarm.UnitSeconds),
                all.Select(one => one.Last / alone).Median(),
                all.Select(one => one.SeederBytes / swarm.Size).Median(),
                string.Create(CultureInfo.InvariantCulture, $"{all.Sum(one => one.DoneCount)}/{all.Sum(one => one.Seconds.Count)}"),
                all.Select(one => one.OwnShare).Median(),
                all.Select(one => one.BusyShare).Median(),
                all.Sum(one => one.Untrusted));
        }

        report.Note(string.Create(
            CultureInfo.InvariantCulture,
            $"{swarm.NodeCount} nodes, {swarm.Size} bytes in blocks of {blockSize}{(options.IsSealed ? ", sealed" : "")}; "
                + $"time / (size / {swarm.Megabits} Mbit/s = {swarm.UnitSeconds:F1} s)"));
        report.Note("seeder sent: bytes on its link / size; c counts those that were neither killed nor slow;");
        report.Note("nodes have fetched something else before: no row counts what their compilers need at first");
        report.Note("own cpu, busy: processor time of the swarm, and of all that ran here, / what the cores had: near 1 the cores were");
        report.Note("the limit, and the row says nothing of the swarm");
        await report.FinishAsync();
    }

    private static string Describe(SwarmOutcome outcome, SwarmLab swarm) => string.Create(
        CultureInfo.InvariantCulture,
        $"last {outcome.Last / swarm.UnitSeconds:F3}, median {outcome.Median / swarm.UnitSeconds:F3}, "
            + $"seeder {outcome.SeederBytes / swarm.Size:F3}, {outcome.DoneCount} done, "
            + $"own cpu {outcome.OwnShare:F2}, busy {outcome.BusyShare:F2}, untrusted {outcome.Untrusted}");

    private sealed record Scene(string Name, string What)
    {
        /// <summary>Whether one is killed at half time and one has a slow link.</summary>
        public bool IsHarsh { get; init; }

        /// <summary>The program, where it is not ours.</summary>
        public TorrentClient? Torrent { get; init; }
    }
}
