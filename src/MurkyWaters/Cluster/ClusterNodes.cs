using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using MurkyWaters.Fetching;
using MurkyWaters.Servers;
using MurkyWaters.Store;
using PouringRain.Protocol;
using PouringRain.Protocol.Cluster;

namespace MurkyWaters.Cluster;

/// <summary>Who the other nodes are: those that the list of servers, the registry or they themselves name are asked, again and again, and
/// what they say is kept. Thread-safe.</summary>
internal sealed class ClusterNodes : IAsyncDisposable
{
    /// <summary>Names in the registry are resolved so often.</summary>
    private static readonly TimeSpan ResolveInterval = TimeSpan.FromSeconds(30);

    private readonly ClusterOptions _options;
    private readonly ResourceStore _store;
    private readonly ServerTable _servers;
    private readonly IRainTransport _transport;
    private readonly IClusterRegistry? _registry;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Membership _membership;
    private readonly StrayPace _strays = new();
    private readonly string _host = Dns.GetHostName();
    private readonly ImmutableArray<PeerAddress> _rain;
    private ImmutableArray<PeerAddress> _registered = [];
    private long _registeredVersion;
    private Instant _resolvedAt;
    private Task _resolving = Task.CompletedTask;
    private Action? _wake;
    private NodeStatus _said;
    private bool _hasTwin;

    public ClusterNodes(
        ClusterOptions options, ResourceStore store, ServerTable servers, IRainTransport transport, IClusterRegistry? registry,
        ReadOnlyMemory<byte> tokenKey, TimeProvider time, ILogger logger)
    {
        _options = options;
        _store = store;
        _servers = servers;
        _transport = transport;
        _registry = registry;
        _time = time;
        _logger = logger;
        _rain = Rain();
        Drains = new Drains(options, store, registry, () => Nodes, time, logger);
        _said = Status();
        _membership = new Membership(
            new MembershipOptions { Node = store.NodeId, TokenKey = tokenKey, DownAfter = options.DownAfter }, _said,
            BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))));
        _registry?.Register(Self());
    }

    /// <summary>Which nodes are to be drained.</summary>
    public Drains Drains { get; }

    /// <summary>How this node keeps what it has; asked once a second at most, null while it does not say.</summary>
    public Func<ReplicationFigures?> Replication { get; set; } = () => null;

    /// <summary>The nodes, this one first, then by id.</summary>
    public ImmutableArray<ClusterNode> Nodes => _membership.Nodes;

    /// <summary>The nodes that the registry knows of; none without one.</summary>
    public ImmutableArray<SeenNode> Registered => _registry?.View.Nodes ?? [];

    /// <summary>How the registry fares; null without one.</summary>
    public RegistryStatus? Registry => _registry?.Status;

    /// <summary>Once a second: who is to be asked, and what this node says of itself.</summary>
    public void Tick()
    {
        var now = _time.GetInstant();
        ResolveRegistered(now);
        Drains.Tick();
        PeerAddress[] others = [.. _servers.OtherNodes().Concat(_registered).Where(address => !_servers.Own.Contains(address)).Distinct()];
        var status = Status();
        if (status != _said)
        {
            var isOther = status.IsDraining != _said.IsDraining;
            _said = status;
            _membership.SetSelf(now, status);
            if (isOther)
            {
                _registry?.Register(Self());
            }
        }

        _membership.SetContacts(now, others);
        if (_wake is not null)
        {
            _wake();
        }
        else if (others.Length > 0)
        {
            // A node that knows nobody opens no socket to ask from.
            TryStart();
        }

        if (_membership.Twin is { } twin && !_hasTwin)
        {
            _hasTwin = true;
            ClusterLog.Twin(_logger, twin.ToString(), _store.NodeId.ToString());
        }
    }

    /// <summary>Answers what another node asks.</summary>
    /// <param name="now">The time.</param>
    /// <param name="from">Who asks.</param>
    /// <param name="isTrusted">Whether who rains at an address is to be believed.</param>
    /// <param name="request">The question.</param>
    /// <param name="answer">Takes the answer.</param>
    public int Answer(
        Instant now, PeerAddress from, Func<PeerAddress, bool> isTrusted, ReadOnlySpan<byte> request, Span<byte> answer) =>
        _membership.Answer(now, _time.GetUtcNow().ToUnixTimeMilliseconds(), from, isTrusted, request, answer);

    public async ValueTask DisposeAsync()
    {
        await Drains.DisposeAsync();
        await (_registry?.DisposeAsync() ?? ValueTask.CompletedTask);
    }

    private void TryStart()
    {
        try
        {
            _wake = _transport.Start(_membership, _time);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The transport has said so; it is tried again with the next beat.
        }
    }

    private NodeStatus Status()
    {
        var figures = Replication();
        if (figures is not null)
        {
            _strays.Note(_time.GetInstant(), figures.Strays.Bytes);
        }

        return Status(figures);
    }

    private NodeStatus Status(ReplicationFigures? figures) => new()
    {
        Zone = _options.Zone,
        Host = _host,
        Url = _options.AdvertiseUrl.Length <= NodeStatus.TextBytesMax ? _options.AdvertiseUrl : "",
        Weight = _options.Weight,
        Rain = _rain,
        Resources = _store.Count,
        Bytes = _store.Catalog.Bytes,
        FreeBytes = Math.Max(0, _store.Space.FreeBytes),
        IsDraining = Drains.IsWished,
        UnderReplicated = figures?.UnderReplicated ?? 0,
        WaitingBytes = figures?.BytesLeft ?? 0,
        Replication = figures is null ? null : new NodeReplication
        {
            Least = figures.Least,
            IsSettled = figures.IsSettled && figures.HasPlaces != Drains.IsWished,
            Waiting = figures.Waiting,
            RateBytesPerSecond = figures.RateBytesPerSecond,
            Strays = figures.Strays.Count,
            StrayBytes = figures.Strays.Bytes,
            StrayRateBytesPerSecond = _strays.BytesPerSecond,
        },
    };

    /// <summary>Where this node rains, as far as it is a number: an address of zero is the one that it is heard from.</summary>
    private ImmutableArray<PeerAddress> Rain()
    {
        var places = _options.AdvertiseRain.Select(text => IPEndPoint.TryParse(text, out var place) ? PeerAddress.From(place) : default)
            .Where(place => place.Port != 0).ToImmutableArray();
        return places.Length > 0 ? places : [new PeerAddress(default, _servers.Own.RainPort ?? 0)];
    }

    private RegisteredNode Self() => new()
    {
        Id = _store.NodeId,
        Zone = _options.Zone,
        Host = _host,
        Weight = _options.Weight,
        Rain = [.. _options.AdvertiseRain.Count > 0 ? _options.AdvertiseRain : _servers.Own.Places()],
        Url = _options.AdvertiseUrl,
        ProtocolVersion = _said.Version,
        IsDraining = _said.IsDraining,
    };

    /// <summary>Names that the registry has are asked of the resolver, in the background.</summary>
    private void ResolveRegistered(Instant now)
    {
        if (_registry is null || !_resolving.IsCompleted
            || (_registry.View.Version == _registeredVersion && now - _resolvedAt < ResolveInterval))
        {
            return;
        }

        var view = _registry.View;
        _registeredVersion = view.Version;
        _resolvedAt = now;
        _resolving = ResolveAsync(view);
    }

    private async Task ResolveAsync(ClusterView view)
    {
        var found = ImmutableArray.CreateBuilder<PeerAddress>();
        foreach (var node in view.Nodes.Where(node => node.Presence != NodePresence.Gone && node.Node.Id != _store.NodeId))
        {
            foreach (var place in node.Node.Rain)
            {
                if (ServerName.TryParse(place, out var name) && await name.ResolveAsync() is { } address)
                {
                    found.Add(address);
                }
            }
        }

        ImmutableInterlocked.InterlockedExchange(ref _registered, found.ToImmutable());
    }
}
