using System.Globalization;
using System.Net;
using Benchmarks.Processes;

namespace Benchmarks.Subscribers;

/// <summary>
/// What one subscriber more costs a node: 1, 10 and 100 readers of the same resource share the same total rate, so that the node's
/// work per byte sent should be the same; and 10,000 readers at trickle rates, with the node's memory and how equal their shares are.
/// The readers count droplets and decode nothing.
/// </summary>
internal static class SubscribersBenchmark
{
    private const ulong Id = 1;
    private const double RateBytesPerSecond = 40e6;

    private static readonly Scene[] Scenes =
    [
        new("1 reader", 1, RateBytesPerSecond, RepairShare: 0),
        new("10 readers", 10, RateBytesPerSecond / 10, RepairShare: 0),
        new("100 readers", 100, RateBytesPerSecond / 100, RepairShare: 0),
        new("1 reader, 5 % repair", 1, RateBytesPerSecond, RepairShare: 0.05),
        new("10 readers, 5 % repair", 10, RateBytesPerSecond / 10, RepairShare: 0.05),
        new("100 readers, 5 % repair", 100, RateBytesPerSecond / 100, RepairShare: 0.05),
        new("10000 readers of 1500 B/s", 10_000, 1500, RepairShare: 0),
        new("10000 readers, ceiling 10 MB/s", 10_000, 100_000, RepairShare: 0) { CeilingBytesPerSecond = 10_000_000 },
    ];

    public static async Task RunAsync(BenchmarkOptions options, CancellationToken cancellation)
    {
        var seconds = options.Seconds ?? 20;
        using var folder = new TemporaryFolder();
        await folder.WriteFileAsync("in", options.Size ?? 64L << 20, seed: 1, cancellation);
        var report = new Report(
            "subscribers", options, "row", "MB/s", "node s/GB", "read/sent", "node MB", "MB more", "raining", "refused", "Jain", "lost");
        foreach (var scene in Scenes.Where(scene => options.Wants(scene.Name)))
        {
            var outcomes = new List<Outcome>();
            for (var run = 0; run < options.Runs; run++)
            {
                outcomes.Add(await PlayAsync(scene, folder, options, seconds, cancellation));
            }

            report.Add(
                scene.Name,
                outcomes.Select(outcome => outcome.SentBytes / outcome.Seconds / 1e6).Median(),
                outcomes.Select(outcome => outcome.CpuSeconds / outcome.SentBytes * 1e9).Median(),
                outcomes.Select(outcome => outcome.ReadBytes / outcome.SentBytes).Median(),
                outcomes.Select(outcome => outcome.MemoryBytes / 1e6).Median(),
                outcomes.Select(outcome => outcome.MemoryGrowthBytes / 1e6).Median(),
                outcomes.Min(outcome => outcome.RainingCount),
                outcomes.Max(outcome => outcome.RefusedCount),
                outcomes.Select(outcome => outcome.Jain).Median(),
                outcomes.Select(outcome => outcome.Lost).Median());
        }

        report.Note(
            $"{seconds} s after a warm-up of a third; read: bytes that the node read from files (by system call, not from the disk);");
        report.Note("memory: resident, without files; Jain: of the readers' bytes");
        await report.FinishAsync();
    }

    private static async Task<Outcome> PlayAsync(
        Scene scene, TemporaryFolder folder, BenchmarkOptions options, double seconds, CancellationToken cancellation)
    {
        var ports = Ports.Free(2);
        await using var node = await GatewayNode.StartAsync(
            Host.Local,
            folder["node"],
            ports[0],
            ports[1],
            [],
            [.. options.Settings, string.Create(CultureInfo.InvariantCulture, $"Rain:MaxRateBytesPerSecond={scene.CeilingBytesPerSecond}")],
            cancellation);
        await node.PutAsync(Id, folder["in"], cancellation);
        var memoryBefore = node.Process.MemoryBytes();

        // The fewer they are, the more each asks for at once and the more often, so that none runs dry.
        TrickleReader[] readers =
        [
            .. Enumerable.Range(0, scene.ReaderCount).Select(i =>
                new TrickleReader((uint)i, Id, (uint)scene.RateBytesPerSecond, scene.ReaderCount <= 10 ? 16 : 2, scene.RepairShare)),
        ];
        var interval = TimeSpan.FromSeconds(scene.ReaderCount <= 100 ? 0.05 : 2);
        await using var load = new LoadGenerator(new IPEndPoint(IPAddress.Loopback, ports[1]), readers, interval);
        await Task.Delay(TimeSpan.FromSeconds((seconds / 3) + (2 * interval.TotalSeconds)), cancellation);
        var (cpuBefore, readBefore) = (node.Process.CpuSeconds(), node.Process.ReadBytes());
        var (sentBefore, receivedBefore) = (Sum(readers, reader => reader.Sent), Sum(readers, reader => reader.Received));
        var bytesBefore = readers.Select(reader => reader.Bytes).ToArray();
        await Task.Delay(TimeSpan.FromSeconds(seconds), cancellation);
        var bytes = readers.Zip(bytesBefore, (reader, early) => (double)(reader.Bytes - early)).ToArray();
        var sent = Sum(readers, reader => reader.Sent) - sentBefore;
        var received = Sum(readers, reader => reader.Received) - receivedBefore;
        return new Outcome(
            seconds,
            bytes.Sum() * sent / Math.Max(1, received),
            node.Process.CpuSeconds() - cpuBefore,
            node.Process.ReadBytes() - readBefore,
            node.Process.MemoryBytes(),
            node.Process.MemoryBytes() - memoryBefore,
            readers.Count(reader => reader.Received > 0),
            readers.Count(reader => reader.IsRefused),
            Statistics.Jain(bytes),
            1 - (received / Math.Max(1, sent)));
    }

    private static double Sum(TrickleReader[] readers, Func<TrickleReader, uint> value) => readers.Sum(reader => (double)value(reader));

    private sealed record Scene(string Name, int ReaderCount, double RateBytesPerSecond, double RepairShare)
    {
        public long CeilingBytesPerSecond { get; init; }
    }

    private sealed record Outcome(
        double Seconds, double SentBytes, double CpuSeconds, double ReadBytes,
            long MemoryBytes, long MemoryGrowthBytes, int RainingCount, int RefusedCount, double Jain, double Lost);
}
