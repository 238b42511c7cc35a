using PouringRain.Coding;
using PouringRain.Protocol;

namespace Simulation;

// What there is: the resource, servers, the network, readers.
public sealed partial class Scenario
{
    private readonly HashSet<PeerAddress> _liars = [];
    private readonly bool _hasNarrowPaths;
    private bool _hasPartial;
    private ushort _nextPort = 4000;

    private SimContent DrawContent(long stamp)
    {
        var symbolSize = _random.Pick(16, 64, 256, 1408);
        var symbols = _random.Pick(0, 1, 2, _random.Between(3, 60), _random.Between(60, 1500));
        var length = Math.Max(0, (symbols * symbolSize) - (int)_random.Below(symbolSize));
        var blockSymbols = _random.Pick(1, 7, 40, 200);
        var code = FountainCodes.All[(int)_random.Below(FountainCodes.All.Length)].Name;
        if (_random.Chance(150_000))
        {
            // As new resources are: the first blocks are small.
            length = (int)_random.Between(ResourceLayout.FirstBlockBytes + 1, _random.Pick(50_000, 200_000, 600_000));
            return Publish(length, code, 65_536 * _random.Pick(1, 2), Math.Max(256, symbolSize), stamp, isGrowing: true);
        }

        return Publish(length, code, blockSymbols * symbolSize, symbolSize, stamp);
    }

    /// <summary>Other bytes of the same layout: what is mixed up between the two does not show in any length.</summary>
    private SimContent DrawSuccessor(SimContent content, long stamp)
    {
        var layout = content.Manifest.Layout;
        return Publish((int)layout.Length, content.Manifest.Code, layout.BlockBytes, layout.SymbolSize, stamp, layout.IsGrowing);
    }

    private SimContent Publish(int length, string code, int blockBytes, int symbolSize, long stamp, bool isGrowing = false)
    {
        var bytes = new byte[length];
        _random.Fill(bytes);
        return Publish(SimContent.Create(bytes, code, blockBytes, symbolSize, stamp, isGrowing));
    }

    private SimContent Publish(SimContent content)
    {
        _versions[content.Manifest.Version] = content;
        return content;
    }

    private void DrawServers()
    {
        var count = _random.Between(1, 5);
        var isPartial = count > 1 && _random.Chance(150_000);
        var hasLiar = count > 1 && _random.Chance(200_000);
        var old = _random.Chance(200_000) ? DrawContent(stamp: 500) : null;
        for (var i = 0; i < count; i++)
        {
            var server = DrawServer(i);
            _servers.Add(server);
            var content = _newest.Copy();
            if (i > 0 && _random.Chance(300_000))
            {
                if (old is not null)
                {
                    server.Catalog.Add(Id, old.Copy());
                }

                // A server without the newest version, or without any.
                _hasLacks |= old is null;
                continue;
            }

            if (isPartial && i > 0)
            {
                content = DrawPartial(content);
            }
            else if (hasLiar && i > 0 && _random.Chance(500_000))
            {
                DrawLies(server, content);
            }

            content.Random = new SimRandom(_random.Next());
            content.NotReadyPerMillion = _random.Chance(300_000) ? _random.Between(1000, 500_000) : 0;
            server.Catalog.Add(Id, content);
        }
    }

    private SimServer DrawServer(int index)
    {
        var options = new RainServerOptions
        {
            TokenKey = DrawKey(),
            Ceiling = RainCeiling.Of(_random.Chance(200_000) ? _random.Between(100_000, 2_000_000) : 0),
            SubscriberCountMax = _random.Chance(50_000) ? 1 : 100,
            SubscriptionLifetime = TimeSpan.FromSeconds(_random.Pick(3, 5, 5)),
        };
        var server = new SimServer(_world, PeerAddress.FromIPv4(0x0A00_0001 + (uint)index, 1980), options, DrawClock(), DrawSeal())
        {
            ReceiveBufferBytes = _random.Pick(8_000, 200_000),
        };
        if (_slowness.Chance(300_000))
        {
            server.Catalog.LoadTime = TimeSpan.FromMilliseconds(_slowness.Between(1, 300));
            server.Catalog.ForgetsPerMillion = _slowness.Pick(0, 1000, 50_000);
        }

        server.Uplink.RateBytesPerSecond = _random.Chance(700_000) ? _random.Between(100_000, 5_000_000) : 0;
        server.Uplink.QueueBytes = _random.Between(5_000, 500_000);
        return server;
    }

    /// <summary>Some blocks of a version; others may come while it rains.</summary>
    private SimContent DrawPartial(SimContent content)
    {
        _hasPartial = true;
        var blocks = Enumerable.Range(0, content.Manifest.Layout.BlockCount).ToList();
        var partial = content.WithBlocks([.. blocks.Where(_ => _random.Chance(500_000))]);
        if (_random.Chance(500_000))
        {
            foreach (var block in blocks.Where(block => !partial.HasBlock(block)))
            {
                _world.After(TimeSpan.FromMilliseconds(_random.Below(8000)), () => partial.AddBlock(block));
            }
        }

        return partial;
    }

    private void DrawLies(SimServer server, SimContent content)
    {
        _liars.Add(server.Address);
        var random = new SimRandom(_random.Next());
        switch (_random.Below(8))
        {
            case 0:
                server.Tamper = datagram => LieAboutOffer(datagram, random);
                break;
            case 1:
                server.Tamper = LieAboutManifest;
                break;
            default:
                content.LiesPerMillion = _random.Pick(1_000_000, 1_000_000, 300_000, 10_000);
                break;
        }
    }

    /// <summary>It claims the version to be newer or of another layout than it is.</summary>
    private static void LieAboutOffer(Span<byte> datagram, SimRandom random)
    {
        if (!OfferMessage.TryParse(datagram, out var offer, out var code))
        {
            return;
        }

        var name = System.Text.Encoding.UTF8.GetString(code);
        if (random.Chance(500_000))
        {
            offer.Stamp += random.Between(1, 5000);
        }
        else
        {
            offer.Length += random.Between(1, 100_000);
        }

        offer.Write(datagram, name);
    }

    private static void LieAboutManifest(Span<byte> datagram)
    {
        if (DropletMessage.TryParse(datagram, out var droplet, out _) && droplet.BlockNumber == WireFormat.ManifestBlockNumber)
        {
            datagram[^1] ^= 0x55;
        }
    }

    private void DrawNetwork()
    {
        _world.TimerLateness = TimeSpan.FromMicroseconds(_random.Pick(0, 100, 1000));
        _world.Network.DefaultFaults = DrawLink();

        // Damage that UDP's checksum does not see: as rare as it is, or without end.
        _world.Network.CorruptionsLeft = _random.Pick(0, 0, 1, int.MaxValue);
    }

    private LinkFaults DrawLink() => new()
    {
        Delay = TimeSpan.FromMicroseconds(_random.Pick(50, 1000, 20_000, 150_000)),
        Jitter = TimeSpan.FromMicroseconds(_random.Pick(0, 0, 500, 20_000)),
        LossPerMillion = _random.Pick(0, 0, 10_000, 100_000, 300_000),
        BurstPerMillion = _random.Pick(0, 0, 0, 10_000),
        DuplicatePerMillion = _random.Pick(0, 0, 10_000, 200_000),
        ReorderPerMillion = _random.Pick(0, 0, 10_000, 200_000),
        ReorderBy = TimeSpan.FromMilliseconds(_random.Between(1, 60)),
        EchoPerMillion = _random.Pick(0, 0, 10_000, 200_000),
        EchoBy = TimeSpan.FromMilliseconds(_random.Pick(50, 300, 3000)),
        CorruptPerMillion = _random.Pick(1000, 20_000),
    };

    private List<TimeSpan> DrawStarts()
    {
        var starts = new List<TimeSpan>();
        for (var i = _random.Between(1, 4); i > 0; i--)
        {
            var start = TimeSpan.FromMilliseconds(_random.Below(3000));
            starts.Add(start);
            _world.After(start, () => DrawReaderFaults(StartClient(isFaulty: true)));
        }

        return starts;
    }

    private SimClient StartClient(bool isFaulty)
    {
        var layout = _newest.Manifest.Layout;
        var isRange = layout.Length > 0 && _random.Chance(200_000);
        var request = new FetchRequest
        {
            Resource = Id,
            Servers = DrawKnownServers(isFaulty),
            Version = isFaulty && _random.Chance(150_000) ? _newest.Manifest.Version : null,
            DemandOffset = isRange ? _random.Below(layout.Length) : 0,
            DemandLength = isRange ? _random.Below(layout.Length) : long.MaxValue,
        };
        var options = new FetchOptions
        {
            WindowBytesMax = Math.Max(layout.Length / 20, _random.Pick(0L, 4L * layout.BlockBytes, 64 * 1024 * 1024)),
            DiscoveryTimeout = TimeSpan.FromSeconds(isFaulty ? _random.Pick(1, 2, 4) : 2),
            StallTimeout = TimeSpan.FromSeconds(isFaulty ? _random.Pick(3, 10) : 10),
        };

        var address = PeerAddress.FromIPv4(0xC0A8_0001 + (uint)_clients.Count, _nextPort++);
        var client = new SimClient(_world, address, request, options, DrawTokens(address), DrawClock(), DrawSeal())
        {
            WorkTime = TimeSpan.FromMicroseconds(_random.Pick(0, 100, 5000)),
            Workers = _random.Between(1, 3),
            ReceiveBufferBytes = _random.Pick(20_000, 200_000),
        };
        client.Fetch.ReceiveBufferBytes = _random.Chance(500_000) ? client.ReceiveBufferBytes : 0;
        client.Downlink.RateBytesPerSecond = _random.Chance(500_000) ? _random.Between(200_000, 5_000_000) : 0;
        client.Downlink.QueueBytes = _random.Between(5_000, 300_000);
        client.OnBlock = work => CheckBlock(client, work);
        DrawPathSizes(client);
        _clients.Add(client);
        client.Pump(_world.Now);
        return client;
    }

    /// <summary>What a process knows of the servers: nothing, or the tokens of an earlier fetch,
    /// which may be stale, and how fast they were.</summary>
    private TokenCache DrawTokens(PeerAddress address)
    {
        var tokens = new TokenCache();
        foreach (var server in _random.Chance(500_000) ? _servers : [])
        {
            tokens.Store(server.Address, _random.Chance(900_000) ? server.TokenFor(address) : (ulong)_random.Next());
            if (_random.Chance(500_000))
            {
                tokens.Store(server.Address, TimeSpan.FromMicroseconds(_random.Between(100, 300_000)), _random.Between(10_000, 10_000_000));
            }
        }

        return tokens;
    }

    /// <summary>In some runs somebody takes without a word.</summary>
    private void DrawMuteClient()
    {
        if (_random.Chance(300_000))
        {
            _amplification.WatchMute(new MuteClient(_world, _servers, Id, _random.Next(), DrawSeal()).Address);
        }
    }

    /// <summary>Some paths are MTU black holes, from the start or from some moment on: a tunnel, another route.</summary>
    private void DrawPathSizes(SimClient client)
    {
        foreach (var server in _servers.Where(_ => _hasNarrowPaths && _sizes.Chance(500_000)))
        {
            // The least that every path carries, a tunnel's, and what only sealed droplets exceed.
            var mtu = _sizes.Pick(1280, 1280, 1400, 1470);
            _world.After(TimeSpan.FromMilliseconds(_sizes.Pick(0, 0, _sizes.Below(500), _sizes.Below(5000))), () =>
            {
                _world.Network.SetMtu(server.Address, client.Address, mtu);
                _world.Network.SetMtu(client.Address, server.Address, mtu);
            });
        }
    }

    /// <summary>All servers, or some of them at first.</summary>
    private PeerAddress[] DrawKnownServers(bool isFaulty) =>
        isFaulty && _random.Chance(150_000)
            ? [.. _servers.Where(_ => _random.Chance(500_000)).Select(server => server.Address)]
            : [.. _servers.Select(server => server.Address)];

    private SimClock DrawClock()
    {
        var clock = new SimClock();
        SetClock(clock);
        return clock;
    }

    private void SetClock(SimClock clock) =>
        clock.Set(_world.Now, new Instant(_random.Below(10_000_000_000_000_000)), _random.Pick(0, 0, -500, 200));

    private SimSeal? DrawSeal() => _secret is null ? null : new SimSeal(_secret, _random);

    private byte[] DrawKey()
    {
        var key = new byte[32];
        _random.Fill(key);
        return key;
    }
}
