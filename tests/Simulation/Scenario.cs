using PouringRain.Coding;
using PouringRain.Protocol;

namespace Simulation;

/// <summary>One run drawn from one seed: first faults, in which nothing wrong may happen, then healing, after which everything must
/// come to its end.</summary>
public sealed class Scenario
{
    private static readonly ResourceId Id = new(0xC0FFEE);
    private static readonly TimeSpan FaultTime = TimeSpan.FromSeconds(8);

    private readonly SimRandom _random;
    private readonly SimWorld _world;
    private readonly List<SimServer> _servers = [];
    private readonly List<SimClient> _clients = [];
    private readonly Dictionary<Sha256Digest, SimContent> _versions = [];
    private readonly HashSet<PeerAddress> _liars = [];
    private readonly List<string> _broken = [];
    private readonly TokenCache _tokens = new();
    private readonly AmplificationChecker _amplification;
    private SimContent _newest;
    private bool _hasPartial, _hasCorruption;
    private ushort _nextPort = 4000;

    public Scenario(ulong seed)
    {
        _random = new SimRandom(seed);
        _world = new SimWorld(_random.Next());
        _amplification = new AmplificationChecker(_world.Network);
        _newest = DrawContent(stamp: 1000);
    }

    /// <summary>The promises that were broken; empty when all is well.</summary>
    public IReadOnlyList<string> Broken => _broken;

    /// <summary>A line about what was drawn and what came of it.</summary>
    public string Description { get; private set; } = "";

    public void Run()
    {
        DrawServers();
        DrawNetwork();
        DrawEvents();
        var clientCount = _random.Between(1, 3);
        for (var i = 0; i < clientCount; i++)
        {
            _world.After(TimeSpan.FromMilliseconds(_random.Below(3000)), () => StartClient(isFaulty: true));
        }

        var attacker = new Attacker(_world, _servers, _random.Next());
        _amplification.Watch(attacker.Victim);
        RunGuarded(FaultTime);
        Heal();

        // What was begun under faults may fail, but not hang: the stall time and the discovery time bound its silence.
        if (!RunGuarded(() => _clients.TrueForAll(client => client.HasEnded), TimeSpan.FromSeconds(120)))
        {
            foreach (var client in _clients.Where(client => !client.HasEnded))
            {
                Fail($"a fetch neither ends nor gives up: {Describe(client)}");
            }
        }

        foreach (var client in _clients)
        {
            CheckEnd(client);
        }

        CheckAfterHealing();
        CheckSoftState();
        _broken.AddRange(_amplification.Broken);
        Description = $"{_newest.Manifest.Code} {_newest.Bytes.Length} bytes, T {_newest.Manifest.Layout.SymbolSize}, {_servers.Count} servers, "
            + $"{_world.Steps} steps, {string.Join(" ", _clients.Select(client => client.Fetch.EndReason))}";
    }

    private SimContent DrawContent(long stamp)
    {
        var symbolSize = _random.Pick(16, 64, 256, 1408);
        var symbols = _random.Pick(0, 1, 2, _random.Between(3, 60), _random.Between(60, 1500));
        var length = Math.Max(0, (symbols * symbolSize) - (int)_random.Below(symbolSize));
        var blockSymbols = _random.Pick(1, 7, 40, 200);
        var bytes = new byte[length];
        _random.Fill(bytes);
        var code = FountainCodes.All[(int)_random.Below(FountainCodes.All.Length)].Name;
        var content = SimContent.Create(bytes, code, blockSymbols * symbolSize, symbolSize, stamp);
        _versions[content.Manifest.Version] = content;
        return content;
    }

    private void DrawServers()
    {
        var count = _random.Between(1, 5);
        var isPartial = count > 1 && _random.Chance(150_000);
        var hasLiar = count > 1 && _random.Chance(200_000);
        var old = _random.Chance(200_000) ? DrawContent(stamp: 500) : null;
        var blocks = _newest.Manifest.Layout.BlockCount;
        for (var i = 0; i < count; i++)
        {
            var options = new RainServerOptions
            {
                TokenKey = new byte[32],
                RateBytesPerSecondMax = _random.Chance(200_000) ? _random.Between(100_000, 2_000_000) : 0,
                SubscriberCountMax = _random.Chance(50_000) ? 1 : 100,
            };
            var server = new SimServer(_world, PeerAddress.FromIPv4(0x0A00_0001 + (uint)i, 1980), options);
            server.Uplink.RateBytesPerSecond = _random.Chance(700_000) ? _random.Between(100_000, 5_000_000) : 0;
            server.Uplink.QueueBytes = _random.Between(5_000, 500_000);
            _servers.Add(server);
            var content = _newest.Copy();
            if (i > 0 && _random.Chance(300_000))
            {
                if (old is not null)
                {
                    server.Catalog.Add(Id, old.Copy());
                }

                // A server without the newest version.
                continue;
            }

            if (isPartial && i > 0)
            {
                _hasPartial = true;
                content = content.WithBlocks([.. Enumerable.Range(0, blocks).Where(_ => _random.Chance(500_000))]);
            }
            else if (hasLiar && i > 0 && _random.Chance(500_000))
            {
                content.IsLying = true;
                _liars.Add(server.Address);
            }

            content.Random = new SimRandom(_random.Next());
            content.NotReadyPerMillion = _random.Chance(300_000) ? _random.Between(1000, 500_000) : 0;
            server.Catalog.Add(Id, content);
        }
    }

    private void DrawNetwork()
    {
        _world.TimerLateness = TimeSpan.FromMicroseconds(_random.Pick(0, 100, 1000));
        _world.Network.DefaultFaults = new LinkFaults
        {
            Delay = TimeSpan.FromMicroseconds(_random.Pick(50, 1000, 20_000, 150_000)),
            Jitter = TimeSpan.FromMicroseconds(_random.Pick(0, 0, 500, 20_000)),
            LossPerMillion = _random.Pick(0, 0, 10_000, 100_000, 300_000),
            BurstPerMillion = _random.Pick(0, 0, 0, 10_000),
            DuplicatePerMillion = _random.Pick(0, 0, 10_000, 200_000),
            ReorderPerMillion = _random.Pick(0, 0, 10_000, 200_000),
            ReorderBy = TimeSpan.FromMilliseconds(_random.Between(1, 60)),
            CorruptPerMillion = _random.Pick(0, 0, 20_000),
        };
        _hasCorruption = _world.Network.DefaultFaults.CorruptPerMillion > 0;
        _world.Network.CorruptionsLeft = _hasCorruption ? 1 : 0;
    }

    private void DrawEvents()
    {
        foreach (var server in _servers)
        {
            for (var n = _random.Pick(0, 0, 1, 3); n > 0; n--)
            {
                var at = TimeSpan.FromMilliseconds(_random.Below(6000));
                var back = at + TimeSpan.FromMilliseconds(_random.Pick(20, 300, 1500, 30_000));
                if (_random.Chance(500_000))
                {
                    _world.After(at, server.Kill);
                    _world.After(Min(back, FaultTime), server.Restart);
                }
                else
                {
                    _world.After(at, () => _world.Network.SetCut(server.Address, true));
                    _world.After(Min(back, FaultTime), () => _world.Network.SetCut(server.Address, false));
                }
            }
        }

        if (_random.Chance(100_000))
        {
            var newer = _random.Chance(300_000) ? SimContent.CreateTombstone(2000) : DrawContent(stamp: 2000);
            _versions[newer.Manifest.Version] = newer;
            _world.After(TimeSpan.FromMilliseconds(_random.Below(5000)), () =>
            {
                _newest = newer;
                _servers[0].Catalog.Add(Id, newer.Copy());
            });
        }
    }

    private void Heal()
    {
        foreach (var server in _servers)
        {
            _world.Network.SetCut(server.Address, false);
            server.Restart();
        }

        var faults = _world.Network.DefaultFaults;
        _world.Network.DefaultFaults = faults with
        {
            LossPerMillion = Math.Min(faults.LossPerMillion, 100_000),
            BurstPerMillion = 0,
            CorruptPerMillion = 0,
        };
        foreach (var client in _clients)
        {
            client.IsStalled = false;
            client.Pump(_world.Now);
        }
    }

    private SimClient StartClient(bool isFaulty)
    {
        var layout = _newest.Manifest.Layout;
        var isRange = layout.Length > 0 && _random.Chance(200_000);
        var request = new FetchRequest
        {
            Resource = Id,
            Servers = [.. _servers.Select(server => server.Address)],
            DemandOffset = isRange ? _random.Below(layout.Length) : 0,
            DemandLength = isRange ? _random.Below(layout.Length) : long.MaxValue,
        };
        var options = new FetchOptions { WindowBytesMax = Math.Max(layout.Length / 20, _random.Pick(0L, 4L * layout.BlockBytes, 64 * 1024 * 1024)) };
        var client = new SimClient(
            _world, PeerAddress.FromIPv4(0xC0A8_0001 + (uint)_clients.Count, _nextPort++), request, options, _random.Chance(500_000) ? _tokens : null)
        {
            WorkTime = TimeSpan.FromMicroseconds(_random.Pick(0, 100, 5000)),
        };
        client.Downlink.RateBytesPerSecond = _random.Chance(500_000) ? _random.Between(200_000, 5_000_000) : 0;
        client.Downlink.QueueBytes = _random.Between(5_000, 300_000);
        client.OnBlock = work => CheckBlock(client, work);
        if (isFaulty && _random.Chance(200_000))
        {
            client.IsStalled = true;
            _world.After(TimeSpan.FromMilliseconds(_random.Below(7000)), () =>
            {
                client.IsStalled = false;
                client.Pump(_world.Now);
            });
        }

        _clients.Add(client);
        client.Pump(_world.Now);
        return client;
    }

    private void CheckBlock(SimClient client, BlockWork work)
    {
        var manifest = client.Fetch.Manifest!;
        if (!_versions.TryGetValue(manifest.Version, out var content))
        {
            Fail("a manifest that nobody published");
            return;
        }

        var layout = content.Manifest.Layout;
        if (!work.Bytes.Span.SequenceEqual(content.Bytes.AsSpan((int)layout.OffsetOf(work.BlockIndex), layout.BytesOf(work.BlockIndex))))
        {
            Fail($"block {work.BlockIndex} has wrong bytes");
        }

        if (client.Version is { } version && version != manifest.Version)
        {
            Fail("versions were mixed");
        }

        client.Version = manifest.Version;
        if (client.Blocks.ContainsKey(work.BlockIndex))
        {
            Fail($"block {work.BlockIndex} came twice");
        }
    }

    private void CheckEnd(SimClient client)
    {
        var reason = client.Fetch.EndReason;
        if (reason == FetchEndReason.Completed)
        {
            CheckWhole(client);
        }

        if (reason == FetchEndReason.NotFound && _servers.TrueForAll(server => server.Catalog.Find(Id) is not null))
        {
            Fail("NotFound though every server has the resource");
        }

        if (reason == FetchEndReason.IntegrityFailure && _liars.Count == 0 && !_hasCorruption)
        {
            Fail("an integrity failure though nobody lied");
        }

        if (reason is FetchEndReason.None or FetchEndReason.LocalFailure or FetchEndReason.Cancelled)
        {
            Fail($"an impossible end: {reason}");
        }

        foreach (var fetchEvent in client.Events)
        {
            if (fetchEvent.Kind == FetchEventKind.SourceLied && !_liars.Contains(fetchEvent.Peer) && !_hasCorruption)
            {
                Fail($"{fetchEvent.Peer} was called a liar and is none");
            }
        }
    }

    private static void ForEachDemanded(SimClient client, Action<int> action)
    {
        var layout = client.Fetch.Manifest!.Layout;
        var (offset, length) = (client.Request.DemandOffset, client.Request.DemandLength);
        if (length <= 0 || offset >= layout.Length)
        {
            return;
        }

        var last = length > layout.Length - offset ? layout.Length - 1 : offset + length - 1;
        for (var block = layout.BlockAt(offset); block <= layout.BlockAt(last); block++)
        {
            action(block);
        }
    }

    private void CheckWhole(SimClient client) => ForEachDemanded(client, block =>
    {
        if (!client.Blocks.ContainsKey(block))
        {
            Fail($"completed without block {block}");
        }
    });

    private void CheckAfterHealing()
    {
        // A small subscriber table may still hold rows whose UNSUBSCRIBE was lost.
        RunGuarded(TimeSpan.FromSeconds(6));
        var client = StartClient(isFaulty: false);
        var allTime = TimeSpan.FromSeconds(60);
        if (!RunGuarded(() => client.HasEnded, allTime) || client.Fetch.EndReason != FetchEndReason.Completed)
        {
            Fail($"a fetch on the healed network does not complete: {Describe(client)}");
        }
        else if (client.Fetch.Manifest!.Version != _newest.Manifest.Version && _liars.Count == 0)
        {
            // A server that denied or was late may leave an older version to win: only loss excuses it.
            if (_world.Network.DefaultFaults is { LossPerMillion: 0, Jitter.Ticks: 0, ReorderPerMillion: 0 } && !_hasPartial && _servers.TrueForAll(server => server.Catalog.Find(Id) is not null))
            {
                var offered = client.Fetch.Snapshot(_world.Now).Sources.Count(source => source.State == SourceState.Asked);
                if (offered == 0)
                {
                    Fail("the newest version on offer did not win");
                }
            }
        }
        else
        {
            CheckWhole(client);
        }

        CheckEnd(client);
    }

    private void CheckSoftState()
    {
        RunGuarded(TimeSpan.FromSeconds(6));
        foreach (var server in _servers)
        {
            server.Pump(_world.Now);
            if (server.Rain.SnapshotSubscribers(_world.Now).Length > 0)
            {
                Fail("a subscription outlives its lifetime");
            }
        }
    }

    private bool RunGuarded(Func<bool> condition, TimeSpan limit)
    {
        var stepsMax = _world.Steps + 5_000_000;
        var reached = _world.RunUntil(() => _world.Steps > stepsMax || condition(), limit);
        if (_world.Steps > stepsMax)
        {
            Fail($"spins: {string.Join("; ", _clients.Select(Describe))}");
        }

        return reached;
    }

    private void RunGuarded(TimeSpan limit) => RunGuarded(() => false, limit);

    private static TimeSpan Min(TimeSpan left, TimeSpan right) => left < right ? left : right;

    private void Fail(string promise) => _broken.Add(promise);

    private string Describe(SimClient client)
    {
        var snapshot = client.Fetch.Snapshot(_world.Now);
        var sources = string.Join("; ", snapshot.Sources.Select(s => $"{s.Peer} {s.State} droplets {s.Droplets} lost {s.Lost} rtt {s.RoundTrip.TotalMilliseconds:F1} ms rate {s.RateBytesPerSecond}"));
        return $"{client.Fetch.EndReason}, {snapshot.VerifiedBlocks} blocks of {_newest.Manifest.Layout.BlockCount}, needed {snapshot.SymbolsNeeded}, received {snapshot.DropletsReceived}, {sources}";
    }
}
