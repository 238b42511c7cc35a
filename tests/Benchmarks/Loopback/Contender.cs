using Benchmarks.Processes;

namespace Benchmarks.Loopback;

/// <summary>One row of a table of GETs whose runs are interleaved: its rates, and what the processes spent on them.</summary>
/// <param name="name">The row's name.</param>
/// <param name="get">One GET.</param>
internal sealed class Contender(string name, Func<Task<CurlResult>> get)
{
    private double[] _cpuSeconds = [];

    public string Name => name;

    /// <summary>Bytes a second of every run.</summary>
    public List<double> Rates { get; } = [];

    /// <summary>Runs once.</summary>
    /// <param name="processes">Whose processor time is accounted.</param>
    /// <param name="size">The bytes that must come.</param>
    public async Task MeasureAsync(IReadOnlyList<ChildProcess> processes, long size)
    {
        double[] before = [.. processes.Select(process => process.CpuSeconds()), ChildProcess.CpuSecondsOfEnded()];
        Rates.Add((await get()).Whole(size).BytesPerSecond);
        double[] after = [.. processes.Select(process => process.CpuSeconds()), ChildProcess.CpuSecondsOfEnded()];
        _cpuSeconds = [.. before.Select((early, i) => _cpuSeconds.ElementAtOrDefault(i) + after[i] - early)];
    }

    /// <summary>Begins again: the runs so far do not count.</summary>
    public void Forget()
    {
        Rates.Clear();
        _cpuSeconds = [];
    }

    /// <summary>The median of this one's rate over that of <paramref name="other"/> in the same round.</summary>
    public double RatioTo(Contender other) => Rates.Zip(other.Rates, (mine, theirs) => mine / theirs).Median();

    /// <summary>Core-seconds a GB: of every process, and last of curl.</summary>
    public IEnumerable<double> CpuSecondsPerGigabyte(long size) => _cpuSeconds.Select(seconds => seconds / (Rates.Count * size / 1e9));
}
