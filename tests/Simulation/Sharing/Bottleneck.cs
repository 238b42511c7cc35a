using PouringRain.Protocol;

namespace Simulation;

/// <summary>Flows that share one link into their receivers: rains and TCP flows, each with a
/// server of its own, begun one after another.</summary>
public sealed class Bottleneck : IDisposable
{
    private static readonly ResourceId Id = new(1);
    private readonly SimEndless _content;
    private readonly List<Flow> _flows = [];
    private readonly FetchOptions _options = new();

    /// <summary>Makes the link; nobody uses it yet.</summary>
    /// <param name="seed">Of all that is random.</param>
    /// <param name="megabits">Its rate in Mbit/s, headers counted.</param>
    /// <param name="roundTripMs">The round trip without a queue.</param>
    /// <param name="products">Its queue in bandwidth-delay products.</param>
    /// <param name="lossPerMillion">Random loss towards the receivers.</param>
    public Bottleneck(ulong seed, int megabits = 50, int roundTripMs = 40, double products = 1, int lossPerMillion = 0)
    {
        World = new SimWorld(seed) { TimerLateness = TimeSpan.FromMicroseconds(500) };
        World.Network.DefaultFaults = new LinkFaults { Delay = TimeSpan.FromMilliseconds(roundTripMs / 2.0) };
        Link = new SimPipe
        {
            RateBytesPerSecond = megabits * 125_000L,
            QueueBytes = (long)(megabits * 125L * roundTripMs * products),
        };
        LossPerMillion = lossPerMillion;
        RoundTripMs = roundTripMs;
        _content = new SimEndless(4L << 30);
    }

    public SimWorld World { get; }

    public SimPipe Link { get; }

    public int LossPerMillion { get; }

    public int RoundTripMs { get; }

    public IReadOnlyList<SimClient> Rains => [.. _flows.Where(flow => flow.Rain is not null).Select(flow => flow.Rain!)];

    /// <summary>Bytes that each flow has got, headers and all, in the order in which they were added.</summary>
    public double[] Received => [.. _flows.Select(flow => flow.Bytes(World.Now))];

    /// <summary>Begins a flow: <c>rain</c>, <c>background</c>, <c>cubic</c> or <c>bbr</c>.</summary>
    public void Begin(string kind)
    {
        switch (kind)
        {
            case "rain":
                AddRain();
                break;
            case "background":
                AddRain(new FetchOptions { IsBackground = true });
                break;
            case "cubic":
                AddTcp(new SimCubic());
                break;
            case "bbr":
                AddTcp(new SimBbr());
                break;
            default:
                throw new ArgumentException($"{kind} is none of rain, background, cubic and bbr.", nameof(kind));
        }
    }

    /// <summary>Begins another rain, of a server of its own.</summary>
    public SimClient AddRain(FetchOptions? options = null)
    {
        var index = (uint)_flows.Count;
        var server = new SimServer(World, PeerAddress.FromIPv4(0x0A00_0001 + index, 1980));
        server.Catalog.Add(Id, _content);
        return AddRain(PeerAddress.FromIPv4(0xC0A8_0001 + index, 4000), server.Address, options, new TokenCache());
    }

    /// <summary>Begins another fetch of the same server on the same host, with the tokens and what was learnt of the path.</summary>
    public SimClient AddRainAfter(SimClient before)
    {
        ArgumentNullException.ThrowIfNull(before);
        return AddRain(before.Address, before.Request.Servers[0], null, before.Tokens);
    }

    /// <summary>Begins a TCP flow.</summary>
    public void AddTcp(ISimCongestion congestion)
    {
        var index = (uint)_flows.Count;
        var sender = new SimTcp(
            World, PeerAddress.FromIPv4(0x0A00_0001 + index, 80), PeerAddress.FromIPv4(0xC0A8_0001 + index, 80), congestion);
        sender.Receiver.Downlink = Link;
        Join(sender.Address, sender.Receiver.Address);
        _flows.Add(new Flow(null, sender.Receiver));
        sender.Pump(World.Now);
    }

    /// <summary>Runs on and says what each flow has got meanwhile, bytes a second, headers and all.</summary>
    public double[] Run(double seconds)
    {
        var before = Received;
        World.Run(TimeSpan.FromSeconds(seconds));
        return [.. Received.Select((bytes, i) => (bytes - before.ElementAtOrDefault(i)) / seconds)];
    }

    /// <summary>Jain's index: 1 when all are equal, 1 / n when one has all.</summary>
    public static double Jain(IReadOnlyCollection<double> shares) =>
        Math.Pow(shares.Sum(), 2) / (shares.Count * shares.Sum(share => share * share));

    public void Dispose()
    {
        foreach (var flow in _flows)
        {
            flow.Rain?.Dispose();
        }
    }

    private SimClient AddRain(PeerAddress address, PeerAddress server, FetchOptions? options, TokenCache tokens)
    {
        var request = new FetchRequest { Resource = Id, Servers = [server] };
        var client = new SimClient(World, address, request, options ?? _options, tokens) { Downlink = Link, ForgetsBlocks = true };
        Join(server, address);
        _flows.Add(new Flow(client, null));
        client.Pump(World.Now);
        return client;
    }

    private void Join(PeerAddress from, PeerAddress to) =>
        World.Network.SetFaults(from, to, World.Network.DefaultFaults with { LossPerMillion = LossPerMillion });

    private sealed record Flow(SimClient? Rain, SimTcpReceiver? Tcp)
    {
        public double Bytes(Instant now) => Rain is not null
            ? Rain.Fetch.Snapshot(now).WireBytes * (1 + ((double)SimNetwork.HeaderBytes / (1408 + WireFormat.DropletHeaderBytes)))
            : Tcp!.Bytes * (1500.0 / SimTcp.SegmentBytes);
    }
}
