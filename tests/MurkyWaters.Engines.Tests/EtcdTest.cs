using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using MurkyWaters.Cluster;
using MurkyWaters.Engines.Etcd;
using PouringRain.Protocol;

namespace MurkyWaters.Engines.Tests;

/// <summary>The tests that share three processes of etcd, one after the other; each has a cluster of its own name in it.</summary>
[CollectionDefinition(nameof(EtcdCollection))]
public sealed class EtcdCollection : ICollectionFixture<EtcdServers>;

/// <summary>Those that do harm to their three processes, at the same time as the others.</summary>
[CollectionDefinition(nameof(FaultCollection))]
public sealed class FaultCollection : ICollectionFixture<EtcdServers>;

/// <summary>What these tests have in common: nodes of one cluster, each with a registry.</summary>
public abstract class EtcdTest(EtcdServers servers) : IAsyncLifetime
{
    private readonly List<EtcdRegistry> _registries = [];
    private readonly List<Relay> _relays = [];
    private readonly CancellationTokenSource _limit = new(EtcdServers.HangLimit);

    protected EtcdServers Servers => servers;

    protected string Cluster { get; } = $"test-{Guid.NewGuid():N}";

    /// <summary>Cancelled when a test hangs.</summary>
    protected CancellationToken Limit => _limit.Token;

    protected string Root => $"/pouring-rain/{Cluster}/";

    public async ValueTask InitializeAsync() => await servers.HealAsync();

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        foreach (var registry in _registries)
        {
            await registry.DisposeAsync();
        }

        foreach (var relay in _relays)
        {
            await relay.DisposeAsync();
        }

        _limit.Dispose();
        await servers.HealAsync();
    }

    /// <summary>A registry of the cluster.</summary>
    private protected EtcdRegistry Open(EtcdTimes? times = null) => Open(servers.Addresses, times);

    /// <summary>A registry that reaches etcd through relays, which can be cut.</summary>
    private protected (EtcdRegistry Registry, IReadOnlyList<Relay> Relays) OpenRelayed()
    {
        var relays = servers.Addresses.Select(address => new Relay(address.Port)).ToList();
        _relays.AddRange(relays);
        return (Open([.. relays.Select(relay => relay.Address)], null), relays);
    }

    private protected static RegisteredNode Node(int number) => new()
    {
        Id = new NodeId((ulong)number),
        Zone = $"z{number % 3}",
        Host = $"host-{number}",
        Weight = 1.5,
        Rain = [$"10.0.0.{number}:1980", $"rain-{number}.example.org:1981"],
        Url = $"http://10.0.0.{number}:8080",
        ProtocolVersion = 2,
    };

    /// <summary>Waits for a view that is as wanted.</summary>
    private protected async Task<ClusterView> WaitAsync(EtcdRegistry registry, Func<ClusterView, bool> isWanted)
    {
        for (var view = registry.View; ; view = await registry.NextViewAsync(view.Version, Limit))
        {
            if (isWanted(view))
            {
                return view;
            }
        }
    }

    /// <summary>Waits for what no view tells.</summary>
    private protected async Task UntilAsync(Func<bool> isSo)
    {
        while (!isSo())
        {
            await Task.Delay(10, Limit);
        }
    }

    /// <summary>Whether a view has these nodes there, and no other.</summary>
    private protected static bool HasThere(ClusterView view, params IEnumerable<int> numbers) =>
        view.Nodes.Where(seen => seen.Presence == NodePresence.There).Select(seen => seen.Node.Id.Value)
            .SequenceEqual(numbers.Select(number => (Bits128)(ulong)number));

    private protected static SeenNode Seen(ClusterView view, int number) =>
        view.Nodes.Single(seen => seen.Node.Id.Value == (ulong)number);

    private protected string NodeKey(int number) => string.Create(CultureInfo.InvariantCulture, $"{Root}nodes/{number:x32}");

    private protected string MemberKey(int number) => string.Create(CultureInfo.InvariantCulture, $"{Root}members/{number:x32}");

    private EtcdRegistry Open(IReadOnlyList<Uri> addresses, EtcdTimes? times)
    {
        var registry = EtcdRegistry.Open(
            new ClusterOptions { Etcd = addresses, Name = Cluster }, times ?? new(), TimeProvider.System, NullLogger.Instance);
        _registries.Add(registry);
        return registry;
    }
}
