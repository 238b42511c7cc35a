using System.Globalization;
using Benchmarks.Processes;

namespace Benchmarks.Swarm;

/// <summary>What all swarms of the benchmark share: the lab, the file in it, and how long it may take. Host 1 is the seeder.</summary>
/// <param name="Lab">The lab.</param>
/// <param name="NodeCount">Hosts in it.</param>
/// <param name="File">The file that all are to have.</param>
/// <param name="Size">Its bytes.</param>
/// <param name="Sha256">Its SHA-256 in hex.</param>
/// <param name="Megabits">Megabits a second of each link, both ways, headers included.</param>
internal sealed record SwarmLab(Netlab Lab, int NodeCount, string File, long Size, string Sha256, double Megabits)
{
    public const int Seeder = 1;

    /// <summary>How many times slower the slow one's link is.</summary>
    public const double SlowFactor = 10;

    /// <summary>Bits a second of each link.</summary>
    public double BitsPerSecond => Megabits * 1e6;

    /// <summary>Seconds that the file needs over one link, its own headers not counted.</summary>
    public double UnitSeconds => Size * 8 / BitsPerSecond;

    /// <summary>When a swarm is given up.</summary>
    public TimeSpan Limit => TimeSpan.FromSeconds((6 * UnitSeconds) + 30);

    /// <summary>The hosts that fetch.</summary>
    public IEnumerable<int> Receivers => Enumerable.Range(Seeder + 1, NodeCount - 1);

    /// <summary>The one that is killed at half time, where one is.</summary>
    public int Killed => NodeCount;

    /// <summary>The one with the slow link, where one has it.</summary>
    public int Slow => NodeCount - 1;

    public static Task<Netlab> UpAsync(int nodeCount, double megabits, CancellationToken cancellation) =>
        Netlab.UpAsync(nodeCount, $"--rate {Rate(megabits)} --delay 5ms", cancellation);

    /// <summary>Makes the links equal, or one slow.</summary>
    public Task SetLinksAsync(bool slowsOne, CancellationToken cancellation) =>
        Lab.SetAsync(slowsOne ? Slow.ToString(CultureInfo.InvariantCulture) : "all",
            $"rate={Rate(slowsOne ? Megabits / SlowFactor : Megabits)}", cancellation);

    private static string Rate(double megabits) => string.Create(CultureInfo.InvariantCulture, $"{megabits * 1000:F0}kbit");
}
