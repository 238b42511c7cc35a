using PouringRain.Protocol;

namespace Simulation.Swarms;

/// <summary>A machine of a swarm in which something happens: it may be killed, start again with fewer blocks, or lie.</summary>
public sealed class TrialNode : IDisposable
{
    private readonly SimWorld _world;
    private readonly SimContent _original;
    private readonly byte[]? _secret;
    private readonly List<SimHost> _past = [];
    private readonly SimPipe _uplink, _downlink;
    private readonly long _ceiling;
    private uint _epoch;

    /// <param name="world">The world.</param>
    /// <param name="index">Its number, from which come address and identity.</param>
    /// <param name="original">The version.</param>
    /// <param name="secret">Under which datagrams are sealed; null when they are not.</param>
    /// <param name="isOld">Whether it is of a release that knows nothing of swarms.</param>
    /// <param name="rate">Of its link, each way, bytes a second.</param>
    /// <param name="hasCeiling">Whether it is told what its link carries.</param>
    public TrialNode(SimWorld world, int index, SimContent original, byte[]? secret, bool isOld, long rate, bool hasCeiling)
    {
        _world = world;
        _original = original;
        _secret = secret;
        Index = index;
        _ceiling = hasCeiling ? (long)(rate * 0.8) : 0;
        IsOld = isOld;
        _uplink = new SimPipe { RateBytesPerSecond = rate, QueueBytes = Math.Max(32_000, rate / 10) };
        _downlink = new SimPipe { RateBytesPerSecond = rate, QueueBytes = Math.Max(32_000, rate / 10) };
        Address = PeerAddress.FromIPv4(0x0A00_0001 + (uint)index, 1980);
        (Server, Swarms) = StartServer();
    }

    public int Index { get; }

    public bool IsOld { get; }

    public PeerAddress Address { get; }

    public SimServer Server { get; private set; }

    public SwarmTable Swarms { get; private set; }

    public SimClient? Client { get; private set; }

    /// <summary>What it holds of the version, once it knows which that is.</summary>
    public SimContent? Content { get; private set; }

    /// <summary>Blocks that came out wrong: never to happen.</summary>
    public int WrongBlocks { get; private set; }

    /// <summary>Changed for a mistake on purpose.</summary>
    public FetchSwarm? SwarmTemplate { get; init; }

    /// <summary>Whether it looks for others before it has the manifest, as with a long one.</summary>
    public bool FindsOthersFirst { get; init; }

    /// <summary>What others get of it, when that is not what it holds.</summary>
    public SimContent? Pretended { get; init; }

    /// <summary>Its list of servers.</summary>
    public IReadOnlyList<PeerAddress> Servers { get; set; } = [];

    public bool IsOrdered { get; init; }

    public TimeSpan WorkTime { get; init; }

    public long WindowBytesMax { get; init; } = 64 << 20;

    public bool IsUp { get; private set; } = true;

    /// <summary>How often its fetch was begun.</summary>
    public int Starts => (int)_epoch;

    public bool IsDone => Client?.Fetch.EndReason == FetchEndReason.Completed || (Client is null && Content is not null);

    public bool HasStarted => Client is not null || Content is not null;

    public int HeldCount => Content?.HeldBlockCount ?? 0;

    /// <summary>Holds the whole version from the first.</summary>
    public void Seed()
    {
        Content = _original.Copy();
        Server.Catalog.Replace(SwarmTrial.Id, Content);
    }

    /// <summary>Begins to fetch, with the blocks that it has.</summary>
    public void Fetch(HashSet<int> held)
    {
        _epoch++;
        var swarm = IsOld ? null : (SwarmTemplate ?? new FetchSwarm { Table = Swarms, Node = default }) with
        {
            Table = Swarms,
            Node = new NodeId((ulong)Index + 1),
            RainPort = Address.Port,
            ShortManifestBytes = FindsOthersFirst ? 0 : 4 * ResourceLayout.UsualSymbolSize,
        };
        var request = new FetchRequest { Resource = SwarmTrial.Id, Servers = Servers, IsOrdered = IsOrdered };
        var options = new FetchOptions { Swarm = swarm, WindowBytesMax = WindowBytesMax };
        var port = (ushort)(4000 + _past.Count);
        Client = new SimClient(_world, Address with { Port = port }, request, options, seal: NewSeal())
        {
            ForgetsBlocks = true,
            WorkTime = WorkTime,
            Uplink = _uplink,
            Downlink = _downlink,
            FindHeld = manifest =>
            {
                // Its own copy: blocks are added to it.
                Content = _original.WithBlocks([.. held], _epoch);
                if (!IsOld)
                {
                    Server.Catalog.Replace(SwarmTrial.Id, Pretended ?? Content);
                }

                var bitmap = new ulong[(manifest.Layout.BlockCount + 63) / 64];
                foreach (var block in held)
                {
                    bitmap[block / 64] |= 1UL << (block % 64);
                }

                return bitmap;
            },
            OnBlock = Take,
        };
        Client.Pump(_world.Now);
    }

    /// <summary>kill -9.</summary>
    public void Kill()
    {
        IsUp = false;
        Server.Kill();
        Client?.Pause(TimeSpan.FromDays(1));
    }

    /// <summary>Starts again with some of the blocks that it had, and goes on.</summary>
    public void Restart(Func<int, bool> keeps)
    {
        Kill();
        HashSet<int> held = [.. Enumerable.Range(0, _original.Manifest.Layout.BlockCount)
            .Where(block => Content?.HasBlock(block) == true && keeps(block))];
        _past.Add(Server);
        _past.Add(Client!);
        IsUp = true;
        (Server, Swarms) = StartServer();
        Content = null;
        Fetch(held);
    }

    public void Dispose()
    {
        _past.ForEach(host => host.Dispose());
        Server.Dispose();
        Client?.Dispose();
    }

    private (SimServer Server, SwarmTable Swarms) StartServer()
    {
        var swarms = new SwarmTable();
        var options = new RainServerOptions
        {
            TokenKey = new byte[32],
            Node = new NodeId((ulong)Index + 1),
            Swarms = IsOld ? null : swarms,
            Ceiling = RainCeiling.Of(_ceiling),
        };
        var server = new SimServer(_world, Address, options, seal: NewSeal())
        {
            Uplink = _uplink,
            Downlink = _downlink,
            Tamper = Server?.Tamper,
            Filter = Server?.Filter,
        };
        return (server, swarms);
    }

    private SimSeal? NewSeal() => _secret is null ? null : new SimSeal(_secret, _world.Random);

    private void Take(BlockWork work)
    {
        var layout = _original.Manifest.Layout;
        var right = _original.Bytes.AsSpan((int)layout.OffsetOf(work.BlockIndex), layout.BytesOf(work.BlockIndex));
        WrongBlocks += work.Bytes.Span.SequenceEqual(right) ? 0 : 1;
        Content!.AddBlock(work.BlockIndex);
        if (IsOld && Content.IsComplete)
        {
            Server.Catalog.Replace(SwarmTrial.Id, Content);
        }
    }
}
