using System.Diagnostics;
using System.Globalization;
using Benchmarks.Processes;

namespace Benchmarks.Archive;

/// <summary>
/// A resource of three replicas becomes 16 pieces on 16 nodes; one of them is killed, and its piece is made anew: along a path of eleven
/// nodes, or, by nodes that do not say where their HTTP is, of eleven pieces that one node reads; and it is read whole through a 17th, once
/// more with five pieces missing. Before that it is turned into parts, and those into pieces by the pipeline; beside it stands one node
/// that downloads eleven parts, encodes them and uploads five pieces.
/// Every link carries 50 Mbit/s each way, that of the 17th ten times as much. Times are multiples of piece / rate;
/// bytes are multiples of a piece, headers included.
/// </summary>
internal static class ArchiveBenchmark
{
    private const int NodeCount = 16, PartCount = 11;
    private const double Megabits = 50;
    private const string Code = "rapidraid";
    private const string Secret = "Rain:Secret=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    public static async Task RunAsync(BenchmarkOptions options, CancellationToken cancellation)
    {
        var (size, megabits) = (options.Size ?? 64L << 20, options.Megabits ?? Megabits);
        using var folder = new TemporaryFolder();
        var sha256 = await folder.WriteFileAsync("file", size, seed: 1, cancellation);
        await using var lab = await Netlab.UpAsync(
            NodeCount + 1,
            string.Create(
                CultureInfo.InvariantCulture, $"--rate {megabits * 1000:F0}kbit --delay 5ms --host 17:rate={megabits * 10_000:F0}kbit"),
            cancellation);
        var (piece, unit) = (size / (double)PartCount, size / (double)PartCount * 8 / (megabits * 1e6));
        var report = new Report("archive", options, "row", "time", "goal", "bytes in", "bytes out", "most in", "most out", "untrusted");
        foreach (var isPath in options.Wants("repair") ? (bool[])[true, false] : [true])
        {
            await using var nodes = await ArchiveNodes.StartAsync(lab, NodeCount, isPath, [Secret, .. options.Settings], cancellation);

            // How the replicas come is no part of it.
            await FastAsync();
            await nodes.PutAsync(folder["file"], replicas: 3, cancellation);
            if (isPath && options.Wants("pipeline"))
            {
                await nodes.MakePiecesAsync("parts", cancellation);
                await nodes.EndAsync(cancellation);
                await SlowAsync();
                Tell("pipeline", await MeasureAsync("pipeline", () => nodes.MakePiecesAsync(Code, cancellation)), 1.25);
                nodes.RequireChain();
                await nodes.EndAsync(cancellation);
                await FastAsync();
                await nodes.RestoreAsync(cancellation);
            }

            await SlowAsync();
            if (options.Wants("derived") && isPath)
            {
                Tell(
                    "derived from 3 replicas", await MeasureAsync("derived", () => nodes.MakePiecesAsync(Code, cancellation)),
                    1.15 * 14 / 3);
            }
            else
            {
                await nodes.MakePiecesAsync(Code, cancellation);
            }

            await nodes.EndAsync(cancellation);
            if (options.Wants("repair"))
            {
                await ArchiveNodes.LearnAsync(cancellation);
                await nodes.KillAsync(cancellation);
                Tell(
                    isPath ? "repair along a path" : "repair of 11 pieces",
                    await MeasureAsync("repair", () => nodes.RepairedAsync(isPath, cancellation)), isPath ? 1.2 : PartCount);
            }

            // Last: a node that has none of the pieces would get the one that is made anew.
            if (isPath && options.Wants("read"))
            {
                await nodes.StartReaderAsync(cancellation);
                Tell("read", await MeasureAsync("read", () => nodes.ReadAsync(sha256, cancellation)), 1.1);
                await nodes.KillPiecesAsync(cancellation);
                await nodes.StartReaderAsync(cancellation);
                Tell("read, five pieces missing", await MeasureAsync("read", () => nodes.ReadAsync(sha256, cancellation)), 1.1);
            }
        }

        if (options.Wants("single"))
        {
            await using var nodes = await SingleNode.StartAsync(lab, NodeCount, [Secret, .. options.Settings], cancellation);
            await FastAsync();
            await nodes.PutPartsAsync((long)Math.Ceiling(piece), cancellation);
            await SlowAsync();
            Tell(
                $"one node, {nodes.Kernel}", await MeasureAsync("single", () => nodes.EncodeAsync(cancellation)), PartCount);
        }

        report.Note(string.Create(
            CultureInfo.InvariantCulture,
            $"{NodeCount} nodes, {size} bytes, links of {megabits} Mbit/s; a piece takes {unit:F2} s; bytes in pieces, over all nodes"));
        report.Note("and of the one that had most; the time is that in which a link carried 40 % of its rate or more");
        await report.FinishAsync();

        void Tell(string row, Traffic traffic, double goal)
        {
            report.Add(
                row, traffic.Seconds / unit, goal, traffic.In.Sum() / piece, traffic.Out.Sum() / piece, traffic.In.Max() / piece,
                traffic.Out.Max() / piece, traffic.Untrusted);
            Console.Error.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{row}: {traffic.Seconds / unit:F2} (goal {goal:F2}), in {traffic.In.Sum() / piece:F2}, "
                    + $"most in {traffic.In.Max() / piece:F2}, most out {traffic.Out.Max() / piece:F2}, untrusted {traffic.Untrusted}"));
        }

        Task FastAsync() => lab.SetAsync($"1-{NodeCount}", "rate=1gbit", cancellation);

        Task SlowAsync() => lab.SetAsync(
            $"1-{NodeCount}", string.Create(CultureInfo.InvariantCulture, $"rate={megabits * 1000:F0}kbit"), cancellation);

        Task<Traffic> MeasureAsync(string what, Func<Task> act) => Traffic.MeasureAsync(lab, NodeCount, megabits, what, act, cancellation);
    }

    /// <summary>What went over the links of the nodes while something was done.</summary>
    /// <param name="Seconds">From the first moment at which a link was busy to the last.</param>
    /// <param name="In">Bytes into each node.</param>
    /// <param name="Out">Bytes out of each.</param>
    /// <param name="Untrusted">What the lab was late with, or lost.</param>
    private sealed record Traffic(double Seconds, double[] In, double[] Out, long Untrusted)
    {
        /// <summary>What nodes say to each other all the time is less than that of a link.</summary>
        private const double BusyShare = 0.4;

        private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200);

        public static async Task<Traffic> MeasureAsync(
            Netlab lab, int nodeCount, double megabits, string what, Func<Task> act, CancellationToken cancellation)
        {
            await lab.ResetAsync(cancellation);
            var acting = act();
            var clock = Stopwatch.StartNew();
            var before = new double[2 * nodeCount];
            var (first, last, lookedAt) = (double.NaN, 0.0, 0.0);
            LabStatistics seen;
            do
            {
                await Task.WhenAny(acting, Task.Delay(Look, cancellation));
                var now = clock.Elapsed.TotalSeconds;
                seen = await lab.StatisticsAsync(cancellation);
                var busy = false;
                for (var host = 1; host <= nodeCount; host++)
                {
                    for (var way = 0; way < 2; way++)
                    {
                        var bytes = way == 0 ? seen.Down(host, "bytes") : seen.Up(host, "bytes");
                        busy |= bytes - before[(2 * host) - 2 + way] > (now - lookedAt) * megabits * 1e6 / 8 * BusyShare;
                        before[(2 * host) - 2 + way] = bytes;
                    }
                }

                (first, last) = busy ? (double.IsNaN(first) ? lookedAt : first, now) : (first, last);
                lookedAt = now;
            }
            while (!acting.IsCompleted);
            await acting;
            return new Traffic(
                double.IsNaN(first) ? throw new InvalidOperationException($"{what}: no link was ever busy") : last - first,
                [.. Enumerable.Range(1, nodeCount).Select(host => seen.Down(host, "bytes"))],
                [.. Enumerable.Range(1, nodeCount).Select(host => seen.Up(host, "bytes"))], seen.Untrusted);
        }
    }
}
