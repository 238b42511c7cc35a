using System.Diagnostics;
using Benchmarks.Processes;

namespace Benchmarks.Swarm;

/// <summary>What one swarm came to.</summary>
/// <param name="Seconds">When each of those who are counted had all of the file; not a number for one that never had.</param>
/// <param name="SeederBytes">Bytes that left the seeder's host, headers included.</param>
/// <param name="OwnShare">Processor seconds of the swarm's processes / what the processors had meanwhile.</param>
/// <param name="BusyShare">Processor seconds of everything on this machine / what the processors had meanwhile.</param>
/// <param name="Untrusted">Frames that the lab itself delayed or dropped.</param>
internal sealed record SwarmOutcome(
    IReadOnlyList<double> Seconds, double SeederBytes, double OwnShare, double BusyShare, long Untrusted)
{
    /// <summary>Not a number when one is missing.</summary>
    public double Last => Seconds.Any(double.IsNaN) ? double.NaN : Seconds.Max();

    public double Median => Seconds.Median();

    public double First => Seconds.Where(double.IsFinite).DefaultIfEmpty(double.NaN).Min();

    public int DoneCount => Seconds.Count(double.IsFinite);

    /// <summary>Plays a swarm and counts what it used.</summary>
    /// <param name="swarm">Its lab, whose counters are set to zero.</param>
    /// <param name="processes">All of its processes.</param>
    /// <param name="play">Has everybody fetch; the seconds of each.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async Task<SwarmOutcome> MeasureAsync(
        SwarmLab swarm, IReadOnlyList<ChildProcess> processes, Func<Task<IReadOnlyList<double>>> play, CancellationToken cancellation)
    {
        await swarm.Lab.ResetAsync(cancellation);
        var own = new ProcessorUse(processes);
        var busy = Machine.BusySeconds();
        var clock = Stopwatch.GetTimestamp();
        var seconds = await play();
        var had = Stopwatch.GetElapsedTime(clock).TotalSeconds * Environment.ProcessorCount;
        busy = Machine.BusySeconds() - busy;
        var counted = await swarm.Lab.StatisticsAsync(cancellation);
        return new SwarmOutcome(
            seconds,
            counted.Up(SwarmLab.Seeder, "bytes") + counted.Up(SwarmLab.Seeder, "lost_bytes"),
            own.Seconds() / had,
            busy / had,
            counted.Untrusted);
    }

    /// <summary>What processes use from now on, those too that are added meanwhile, as far as they still run when asked.</summary>
    private sealed class ProcessorUse(IReadOnlyList<ChildProcess> processes)
    {
        private readonly double[] _before = [.. processes.Select(process => process.CpuSeconds())];

        public double Seconds() => processes
            .Select((process, i) => process.HasExited ? 0 : process.CpuSeconds() - _before.ElementAtOrDefault(i)).Sum();
    }
}
