using System.Globalization;
using Benchmarks.Processes;

namespace Benchmarks.Swarm;

/// <summary>What all swarms of the benchmark share: the lab, the file in it, and how long it may take. Host 1 is the seeder.</summary>
/// <param name="Lab">The lab.</param>
/// <param name="NodeCount">Hosts in it.</param>
/// <param name="File">The file that all are to have.</param>
/// <param name="Size">Its bytes.</param>
/// <param name="Sha256">Its SHA-256 in hex.</param>
internal sealed record SwarmLab(Netlab Lab, int NodeCount, string File, long Size, string Sha256)
{
    /// <summary>Of each link, both ways, headers included.</summary>
    public const double BitsPerSecond = 20e6;

    public const int Seeder = 1;

    /// <summary>How many times slower the slow one's link is.</summary>
    public const double SlowFactor = 10;

    private const string Rate = "rate=20mbit", SlowRate = "rate=2mbit";

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

    public static Task<Netlab> UpAsync(int nodeCount, CancellationToken cancellation) =>
        Netlab.UpAsync(nodeCount, $"--{Rate.Replace('=', ' ')} --delay 5ms", cancellation);

    /// <summary>Makes the links equal, or one slow.</summary>
    public Task SetLinksAsync(bool slowsOne, CancellationToken cancellation) =>
        Lab.SetAsync(slowsOne ? Slow.ToString(CultureInfo.InvariantCulture) : "all", slowsOne ? SlowRate : Rate, cancellation);
}
