using PouringRain.Protocol;

namespace Simulation;

/// <summary>Random and mutated datagrams at the server, the fetch and the propagation: nothing may throw, and nothing may grow.</summary>
public sealed class Fuzz
{
    private static readonly ResourceId Id = new(77);
    private static readonly PeerAddress Server = PeerAddress.FromIPv4(0x0A00_0001, 1980);
    private readonly SimRandom _random;
    private readonly RainServer _server;
    private readonly List<byte[]> _corpus = [];
    private readonly byte[] _buffer = new byte[65_536];
    private readonly TokenCache _tokens = new(16);
    private readonly SimCatalog _catalog = new();
    private readonly byte[] _scratch = new byte[2048];
    private readonly SwarmTable _swarms = new(), _ownSwarms = new();
    private readonly SimContent _content;
    private Fetch _fetch;
    private Propagation _propagation;
    private Instant _now = new(1_000_000_000_000);

    public Fuzz(ulong seed)
    {
        _random = new SimRandom(seed);
        var bytes = new byte[5000];
        _random.Fill(bytes);
        _content = SimContent.Create(bytes, blockBytes: 256, symbolSize: 64).WithBlocks([1, 2, 3, 5, 8, 13]);
        _catalog.Add(Id, _content);
        var options = new RainServerOptions { TokenKey = new byte[32], SubscriberCountMax = 50, Swarms = _swarms, Node = new NodeId(1) };
        _server = new RainServer(options, _catalog, 1);
        _fetch = NewFetch();
        _propagation = NewPropagation();
    }

    /// <summary>Subscribers at the end, which may not be more than the table's bound.</summary>
    public int SubscriberCount => _server.SnapshotSubscribers(_now).Length;

    public long Accepted { get; private set; }

    /// <summary>Nodes that the server takes for a swarm, no more than it has subscribers and some that had left.</summary>
    public int MemberCount => _swarms.CountMembers(Id, _content.Manifest.Version);

    /// <summary>Datagrams of the swarm that came whole to the other side.</summary>
    public long SwarmWords { get; private set; }

    public void Run(long count)
    {
        for (long i = 0; i < count; i++)
        {
            _now += TimeSpan.FromTicks(_random.Below(20_000));
            var datagram = Draw();
            var client = PeerAddress.FromIPv4(0xC0A8_0000 + (uint)_random.Below(200), (ushort)(1000 + _random.Below(3)));
            switch (_random.Below(4))
            {
                case 0 or 1:
                    _server.Handle(_now, client, datagram);
                    break;
                case 2:
                    _fetch.Handle(_now, Server, datagram);
                    break;
                default:
                    _propagation.Handle(_now, Server, datagram);
                    break;
            }

            if (_random.Chance(300_000))
            {
                Poll();
            }

            if (_random.Chance(500) || _fetch.EndReason != FetchEndReason.None)
            {
                _fetch.Dispose();
                _fetch = NewFetch();
                _propagation = NewPropagation();
            }
        }
    }

    private Fetch NewFetch() => new(
        new FetchOptions
        {
            WindowBytesMax = 4096,
            Swarm = _random.Chance(700_000) ? new FetchSwarm { Table = _ownSwarms, Node = new NodeId(2), RainPort = 1981 } : null,
        },
        new FetchRequest { Resource = Id, Servers = [Server] }, _tokens,
        _random.Below(4) == 0 ? 5 : _random.Next(), _now);

    private Propagation NewPropagation() => new(Id, Sha256Digest.Of([1]), 1980, Server, TimeSpan.FromSeconds(2), _tokens, 5, _now);

    private void Poll()
    {
        var client = PeerAddress.FromIPv4(0xC0A8_0001, 1000);
        _content.AddBlock((int)_random.Below(_random.Chance(1000) ? 20 : 14));
        while (_fetch.TryPollEvent(out _))
        {
        }

        while (_fetch.TryPollWork(out var work))
        {
            work.Run();
            _fetch.CompleteWork(_now, work, work.IsVerified);
        }

        for (var n = 0; n < 4 && _fetch.TryPollTransmit(_now, _buffer, out var transmit); n++)
        {
            Learn(_buffer.AsSpan(0, transmit.Length));
            if (_random.Chance(700_000))
            {
                _server.Handle(_now, client, _buffer.AsSpan(0, transmit.Length));
            }
        }

        if (_propagation.TryPollTransmit(_now, _buffer, out var asked))
        {
            Learn(_buffer.AsSpan(0, asked.Length));
        }

        for (var n = 0; n < 8 && _server.TryPollTransmit(_now, _buffer, out var transmit); n++)
        {
            for (var offset = 0; offset < transmit.Length; offset += transmit.SegmentSize)
            {
                var segment = _buffer.AsSpan(offset, Math.Min(transmit.SegmentSize, transmit.Length - offset)).ToArray();
                Learn(segment);
                if (_random.Chance(700_000))
                {
                    _fetch.Handle(_now, Server, segment);
                    SwarmWords += WireFormat.Is(segment, MessageType.Have) || WireFormat.Is(segment, MessageType.Peers) ? 1 : 0;
                    _propagation.Handle(_now, Server, segment);
                    Accepted++;
                }
            }
        }

        while (_server.TryPollEvent(out _))
        {
        }
    }

    private void Learn(ReadOnlySpan<byte> datagram)
    {
        if (_corpus.Count < 500)
        {
            _corpus.Add(datagram.ToArray());
        }
        else if (_random.Chance(50_000))
        {
            _corpus[(int)_random.Below(_corpus.Count)] = datagram.ToArray();
        }
    }

    private ReadOnlySpan<byte> Draw()
    {
        if (_corpus.Count == 0 || _random.Chance(100_000))
        {
            var random = _scratch.AsSpan(0, (int)_random.Below(200));
            _random.Fill(random);
            if (random.Length > 2 && _random.Chance(800_000))
            {
                random[0] = (byte)'R';
                random[1] = (byte)(0x20 | _random.Below(16));
            }

            return random;
        }

        var seen = _corpus[(int)_random.Below(_corpus.Count)];
        seen.CopyTo(_scratch, 0);
        var length = seen.Length;
        for (var n = _random.Pick(0, 1, 1, 2, 8); n > 0 && length > 0; n--)
        {
            switch (_random.Below(5))
            {
                case 0:
                    length = (int)_random.Below(length + 1);
                    break;
                case 1:
                    _scratch[_random.Below(length)] = _random.Pick<byte>(0, 0xFF, 0x7F, 0x80, 1);
                    break;
                case 2:
                    _scratch[_random.Below(length)] ^= (byte)(1 << (int)_random.Below(8));
                    break;
                case 3:
                    _scratch[_random.Below(length)] = (byte)_random.Next();
                    break;
                default:
                    // The fields lie within the first hundred bytes.
                    _scratch[_random.Below(Math.Min(length, 110))] = (byte)_random.Next();
                    break;
            }
        }

        return _scratch.AsSpan(0, length);
    }
}
