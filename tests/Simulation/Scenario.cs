using PouringRain.Protocol;

namespace Simulation;

/// <summary>One run drawn from one seed: first faults, in which nothing wrong may happen, then healing, after which everything must
/// come to its end. <c>Scenario.Draws</c> draws hosts, network and readers, <c>Scenario.Faults</c> what happens to them,
/// <c>Scenario.Checks</c> knows the promises.</summary>
public sealed partial class Scenario
{
    private static readonly ResourceId Id = new(0xC0FFEE);
    private static readonly TimeSpan FaultTime = TimeSpan.FromSeconds(8);
    private static readonly Instant FaultsEnd = new Instant(1_000_000_000_000) + FaultTime;

    private readonly SimRandom _random, _sizes, _hostility, _slowness;
    private readonly SimWorld _world;
    private readonly List<SimServer> _servers = [];
    private readonly List<SimClient> _clients = [];
    private readonly Dictionary<Sha256Digest, SimContent> _versions = [];
    private readonly AmplificationChecker _amplification;
    private readonly byte[]? _secret;
    private SimContent _newest;

    public Scenario(ulong seed)
    {
        _random = new SimRandom(seed);
        _sizes = new SimRandom(seed ^ 0x4D54_5500);
        _hostility = new SimRandom(seed ^ 0x4E41_5300);
        _slowness = new SimRandom(seed ^ 0x4449_534B);
        _hasNarrowPaths = _sizes.Chance(500_000);
        _world = new SimWorld(_random.Next());
        _amplification = new AmplificationChecker(_world.Network, _servers);
        _secret = _random.Chance(250_000) ? [.. "a secret"u8] : null;
        _newest = DrawContent(stamp: 1000);
    }

    /// <summary>A line about what was drawn and what came of it.</summary>
    public string Description { get; private set; } = "";

    public void Run()
    {
        try
        {
            DrawServers();
            DrawWithholders();
            DrawNetwork();
            var starts = DrawStarts();
            DrawServerFaults();
            DrawReplacements(starts);
            var attacker = new Attacker(_world, _servers, _random.Next(), replays: _secret is not null);
            _amplification.Watch(attacker.Victim);
            DrawMuteClient();
            WatchBounds();
            RunGuarded(FaultTime);
            Heal();
            CheckEnds();
            CheckAfterHealing();
            CheckSoftState();
            _broken.AddRange(_amplification.Broken);
            Description = Describe();
        }
        finally
        {
            _clients.ForEach(client => client.Dispose());
            _servers.ForEach(server => server.Dispose());
        }
    }

    private void Heal()
    {
        _world.Network.Heal();
        foreach (var server in _servers.Where(server => !_gone.Contains(server.Address)))
        {
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

    private string Describe() =>
        $"{_newest.Manifest.Code} {_newest.Bytes.Length} bytes, T {_newest.Manifest.Layout.SymbolSize}, {_servers.Count} servers"
        + $"{(_hasNarrowPaths ? ", narrow paths" : "")}"
        + $"{(_secret is null ? "" : ", sealed")}{(_liars.Count == 0 ? "" : $", {_liars.Count} liars")}"
        + $"{(_withholders.Count == 0 ? "" : $", {_withholders.Count} withholders")}, {_versions.Count} versions, "
        + $"{_world.Steps} steps, {string.Join(" ", _clients.Select(client => client.Fetch.EndReason))}";

    private string Describe(SimClient client)
    {
        var snapshot = client.Fetch.Snapshot(client.LocalNow);
        var sources = string.Join("; ", snapshot.Sources.Select(source =>
            $"{source.Peer} {source.State} droplets {source.Droplets} lost {source.Lost} rtt {source.RoundTrip.TotalMilliseconds:F1} ms "
            + $"rate {source.RateBytesPerSecond}"));
        return $"{client.Address} {client.Fetch.EndReason}, {snapshot.VerifiedBlocks} blocks of {_newest.Manifest.Layout.BlockCount}, "
            + $"needed {snapshot.SymbolsNeeded}, received {snapshot.DropletsReceived}, {sources}";
    }
}
