using PouringRain.Protocol;

namespace Simulation.Swarms;

/// <summary>A seeder and nodes that fetch one version of it at once, through links of their own, with the machines that ship.</summary>
public sealed record SwarmScenario
{
    /// <summary>Of a link's rate what the headers of IP and UDP leave to datagrams, in which ceilings are counted.</summary>
    internal const double DatagramShare = 0.98;

    /// <summary>Datagrams that are longer than this vanish at a node whose link is narrow.</summary>
    private const int NarrowMtu = 1400;

    /// <summary>The resource.</summary>
    public static readonly ResourceId Id = new(77);

    /// <summary>Nodes, with the seeder.</summary>
    public int NodeCount { get; init; } = 16;

    public int BlockCount { get; init; } = 256;

    public int BlockBytes { get; init; } = 64 * 1024;

    public ulong Seed { get; init; } = 1;

    /// <summary>Of a link, each way, bytes a second with headers.</summary>
    public long RateBytesPerSecond { get; init; } = 2_500_000;

    /// <summary>The node's ceiling, as a share of its link's rate; 0 for none.</summary>
    public double Ceiling { get; init; } = 0.97;

    public TimeSpan Delay { get; init; } = TimeSpan.FromMilliseconds(2);

    public int LossPerMillion { get; init; }

    public bool IsOrdered { get; init; }

    /// <summary>Whether nodes look for others before they have the manifest, where it is long; else when it is here.</summary>
    public bool FindsOthersFirst { get; init; } = true;

    /// <summary>What is the matter with the last node, whose own time is then not counted.</summary>
    public SwarmHarm Harm { get; init; }

    private double UnitSeconds => (double)BlockCount * BlockBytes / RateBytesPerSecond;

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
            var rate = (long)(RateBytesPerSecond * (IsHarmed(i) && Harm == SwarmHarm.Slow ? 0.1 : 1));
            nodes[i] = new SimNode(world, i, i == 0 ? content : null, (long)(rate * Ceiling * DatagramShare));
            nodes[i].Server.Uplink = new SimPipe { RateBytesPerSecond = rate, QueueBytes = Math.Max(256 << 10, rate / 10) };
            nodes[i].Server.Downlink = new SimPipe { RateBytesPerSecond = rate, QueueBytes = Math.Max(256 << 10, rate / 10) };
        }

        var began = world.Now;
        var harmed = nodes[^1];
        foreach (var node in nodes[1..].Where(node => node != harmed || Harm is SwarmHarm.None or SwarmHarm.Slow))
        {
            node.Fetch(content, [nodes[0].Server.Address], IsOrdered, FindsOthersFirst).Pump(world.Now);
        }

        DoHarm(world, content, nodes);
        var limit = TimeSpan.FromSeconds(20.0 * bytes.Length / RateBytesPerSecond);
        var counted = Harm == SwarmHarm.None ? nodes[1..] : nodes[1..^1];
        var left = 0;
        world.RunUntil(() => ++left % 64 == 0 && counted.All(node => node.Client!.HasEnded), limit);
        var size = (double)bytes.Length;
        var seconds = counted
            .Select(node => node.Client!.Fetch.EndReason == FetchEndReason.Completed ? (node.Client.Ended!.Value - began).TotalSeconds
                : double.PositiveInfinity)
            .Order().ToArray();
        var result = new SwarmResult(
            [.. seconds.Select(time => time / UnitSeconds)], nodes[0].Server.Rain.BytesSent / size,
            nodes.Sum(node => (double)node.Server.Rain.BytesSent) / size / (NodeCount - 1), nodes);
        foreach (var node in nodes)
        {
            node.Dispose();
        }

        return result;
    }

    private bool IsHarmed(int index) => Harm != SwarmHarm.None && index == NodeCount - 1;

    /// <summary>Has the last node begin, and be what it is.</summary>
    private void DoHarm(SimWorld world, SimContent content, SimNode[] nodes)
    {
        var harmed = nodes[^1];
        if (Harm is SwarmHarm.WrongBytes or SwarmHarm.SendsNothing)
        {
            var wrong = new byte[content.Bytes.Length];
            new SimRandom(Seed + 1).Fill(wrong);
            harmed.Pretended = SimContent.Of(wrong, content.Manifest);
            if (Harm == SwarmHarm.SendsNothing)
            {
                new Liar(Lie.SendsNothing, world.Random).Teach(harmed.Server);
            }
        }
        else if (Harm is SwarmHarm.Lossy or SwarmHarm.Narrow)
        {
            foreach (var (from, to) in nodes[..^1].SelectMany(node => WaysBetween(node, harmed)))
            {
                if (Harm == SwarmHarm.Lossy)
                {
                    world.Network.SetFaults(from, to, world.Network.DefaultFaults with { LossPerMillion = 200_000 });
                }
                else
                {
                    world.Network.SetMtu(from, to, NarrowMtu);
                }
            }
        }

        void Begin() => harmed.Fetch(content, [nodes[0].Server.Address], IsOrdered, FindsOthersFirst).Pump(world.Now);
        if (Harm == SwarmHarm.Late)
        {
            world.After(TimeSpan.FromSeconds(0.9 * UnitSeconds), Begin);
        }
        else if (Harm is not SwarmHarm.None and not SwarmHarm.Slow)
        {
            Begin();
        }

        if (Harm == SwarmHarm.Killed)
        {
            world.After(TimeSpan.FromSeconds(0.5 * UnitSeconds), harmed.Kill);
        }
    }

    /// <summary>Each node's server and client to the other's client and server, both ways.</summary>
    private static IEnumerable<(PeerAddress From, PeerAddress To)> WaysBetween(SimNode one, SimNode other)
    {
        (PeerAddress, PeerAddress)[] ways =
        [
            (one.Server.Address, other.ClientAddress), (one.ClientAddress, other.Server.Address),
        ];
        return ways.Concat(ways.Select(way => (way.Item2, way.Item1)));
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
