using PouringRain.Protocol;

namespace Simulation.Swarms;

/// <summary>A seeder and nodes that fetch one version of it at once, through links of their own, with the machines that ship.</summary>
public sealed class SwarmScenario
{
    /// <summary>The resource.</summary>
    public static readonly ResourceId Id = new(77);

    /// <summary>Nodes, with the seeder.</summary>
    public int NodeCount { get; init; } = 16;

    public int BlockCount { get; init; } = 256;

    public int BlockBytes { get; init; } = 64 * 1024;

    public ulong Seed { get; init; } = 1;

    /// <summary>Of a link, each way, bytes a second with headers.</summary>
    public long RateBytesPerSecond { get; init; } = 2_500_000;

    /// <summary>By what the rate of a node's link is multiplied.</summary>
    public Func<int, double> FactorOf { get; init; } = _ => 1;

    /// <summary>The node's ceiling, as a share of its link's rate; 0 for none.</summary>
    public double Ceiling { get; init; } = 0.97;

    public TimeSpan Delay { get; init; } = TimeSpan.FromMilliseconds(2);

    public int LossPerMillion { get; init; }

    public bool IsOrdered { get; init; }

    /// <summary>Called when all have begun, to plan what happens.</summary>
    public Action<SimWorld, IReadOnlyList<SimNode>>? Plan { get; init; }

    /// <summary>Runs it.</summary>
    public SwarmResult Run()
    {
        var world = new SimWorld(Seed) { TimerLateness = TimeSpan.FromMicroseconds(200) };
        world.Network.DefaultFaults = new LinkFaults { Delay = Delay, LossPerMillion = LossPerMillion };
        var bytes = new byte[BlockCount * BlockBytes];
        new SimRandom(Seed).Fill(bytes);
        var content = SimContent.Create(bytes, blockBytes: BlockBytes);
        var nodes = new SimNode[NodeCount];
        for (var i = 0; i < nodes.Length; i++)
        {
            var rate = (long)(RateBytesPerSecond * FactorOf(i));
            nodes[i] = new SimNode(world, i, i == 0 ? content : null, (long)(rate * Ceiling * 0.98));
            nodes[i].Server.Uplink = new SimPipe { RateBytesPerSecond = rate, QueueBytes = Math.Max(256 << 10, rate / 10) };
            nodes[i].Server.Downlink = new SimPipe { RateBytesPerSecond = rate, QueueBytes = Math.Max(256 << 10, rate / 10) };
        }

        var began = world.Now;
        foreach (var node in nodes[1..])
        {
            node.Fetch(content, [nodes[0].Server.Address], IsOrdered).Pump(world.Now);
        }

        Plan?.Invoke(world, nodes);
        var limit = TimeSpan.FromSeconds(20.0 * bytes.Length / RateBytesPerSecond);
        var left = 0;
        world.RunUntil(() => ++left % 64 == 0 && nodes[1..].All(node => !node.Server.IsUp || node.Client!.HasEnded), limit);
        var size = (double)bytes.Length;
        var seconds = nodes[1..].Where(node => node.Server.IsUp)
            .Select(node => node.Client!.Fetch.EndReason == FetchEndReason.Completed ? (node.Client.Ended!.Value - began).TotalSeconds
                : double.PositiveInfinity)
            .Order().ToArray();
        var result = new SwarmResult(
            [.. seconds.Select(time => time / (size / RateBytesPerSecond))], nodes[0].Server.Rain.BytesSent / size,
            nodes.Sum(node => (double)node.Server.Rain.BytesSent) / size / (NodeCount - 1), nodes);
        foreach (var node in nodes)
        {
            node.Dispose();
        }

        return result;
    }
}

/// <summary>What came of a swarm.</summary>
/// <param name="Times">When each node had all, of size / rate, in ascending order.</param>
/// <param name="Seeded">Bytes that the seeder sent, of the size.</param>
/// <param name="Sent">Bytes that all sent, of what all fetched.</param>
/// <param name="Nodes">The nodes.</param>
public sealed record SwarmResult(double[] Times, double Seeded, double Sent, IReadOnlyList<SimNode> Nodes)
{
    public double Last => Times[^1];

    public double Median => Times[Times.Length / 2];
}
