using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using MurkyWaters.Fetching;
using MurkyWaters.Servers;
using MurkyWaters.Store;
using PouringRain.Network;
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
    private readonly Lock _ticking = new();
    private bool _hasTwin;
    private long _toldView = -1;
    private PeerAddress[] _others = [];
    private Instant _contactsChangedAt;
    private long _rememberedView = -1;
    private string _remembered = "";
    private TaskCompletionSource? _turn;

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
            RandomNumber.Draw());
        _contactsChangedAt = time.GetInstant();
        _membership.Remember(time.GetInstant(), RememberedNode.Read(store.Catalog.ReadMembers()));
        _registry?.Register(Self());
    }

    /// <summary>Whether nodes that are heard are added to the servers.</summary>
    public bool AddsPeers { get; init; }

    /// <summary>Whether whoever is heard has the cluster's secret.</summary>
    public bool IsSealed { get; init; }

    /// <summary>Called when who is there, or how somebody is, may be another than before, by any thread.</summary>
    public Action? Changed { get; set; }

    /// <summary>Whether every address that was to be asked has answered, and the registry was read, if there is one.</summary>
    public bool IsSettled => _registry is not { View.Version: 0 } && _membership.IsSettled(Others());

    /// <summary>When addresses came that had not been asked before, or the start.</summary>
    public Instant ContactsChangedAt => _contactsChangedAt;

    /// <summary>The clock of the cluster, milliseconds of Unix time.</summary>
    public long ClusterMs => _time.GetUtcNow().ToUnixTimeMilliseconds() + _membership.ClockOffsetMs;

    /// <summary>Whether there are others, or may be soon.</summary>
    public bool HasOthers => _registry is not null || _membership.Nodes.Length > 1;

    /// <summary>All that are known, this one among them, as replication has them.</summary>
    public ImmutableArray<ClusterMember> Members
    {
        get
        {
            var heard = Nodes;
            var members = ImmutableArray.CreateBuilder<ClusterMember>();
            foreach (var node in heard)
            {
                members.Add(new ClusterMember
                {
                    Id = node.Id,
                    Rain = node.IsSelf ? [] : node.Addresses,
                    Zone = node.Status.Zone,
                    Host = node.Status.Host,
                    Weight = Told(node.Status.Weight),
                    State = node.State,
                });
            }

            foreach (var seen in Registered.Where(seen => !heard.Any(node => node.Id == seen.Node.Id)))
            {
                members.Add(new ClusterMember
                {
                    Id = seen.Node.Id,
                    Zone = seen.Node.Zone,
                    Host = seen.Node.Host,
                    Weight = Told(seen.Node.Weight),
                    State = StateOf(seen),
                });
            }

            return members.ToImmutable();
        }
    }

    /// <summary>Where the others rain that answer, the best place of each.</summary>
    public IReadOnlyList<PeerAddress> RainOfOthers => [.. _membership.Nodes
        .Where(node => !node.IsSelf && node.State is MemberState.Up or MemberState.Draining && !node.Addresses.IsEmpty)
        .Select(node => node.Addresses[0])];

    /// <summary>Of a node that was never heard the registry alone tells. One that gives away what it holds has no places.</summary>
    public MemberState StateOf(SeenNode seen) =>
        seen.Presence == NodePresence.Gone ? MemberState.Gone
        : seen.Node.IsDraining ? MemberState.Down
        : seen.Presence == NodePresence.Absent && _time.GetInstant() - seen.Since >= _options.DownAfter ? MemberState.Down
        : MemberState.Late;

    /// <summary>Whether what comes from an address is said by a node that was asked and answered, or that the registry names.</summary>
    public bool IsKnown(PeerAddress address) => _membership.IsAskedFrom(address) || _registered.Contains(address);

    /// <summary>Which nodes are to be drained.</summary>
    public Drains Drains { get; }

    /// <summary>How this node keeps what it has; asked once a second at most, null while it does not say.</summary>
    public Func<ReplicationFigures?> Replication { get; set; } = () => null;

    /// <summary>Pieces that this node alone has of those that are to stay, while it is drained, and their bytes; null until that was
    /// counted.</summary>
    public Func<(long Count, long Bytes)?> PiecesAlone { get; set; } = () => (0, 0);

    /// <summary>The nodes that were heard, this one first, then by id. Of one that is silent the registry may know that it is
    /// gone.</summary>
    public ImmutableArray<ClusterNode> Nodes
    {
        get
        {
            var gone = Registered.Where(seen => seen.Presence == NodePresence.Gone).Select(seen => seen.Node.Id).ToHashSet();
            return gone.Count == 0 ? _membership.Nodes : [.. _membership.Nodes.Select(node =>
                node.State is MemberState.Late or MemberState.Down && gone.Contains(node.Id)
                    ? node with { State = MemberState.Gone } : node)];
        }
    }

    /// <summary>The nodes that the registry knows of; none without one.</summary>
    public ImmutableArray<SeenNode> Registered => _registry?.View.Nodes ?? [];

    /// <summary>Gives turns over all nodes; null without one.</summary>
    public IClusterRegistry? Turns => _registry;

    /// <summary>How the registry fares; null without one.</summary>
    public RegistryStatus? Registry => _registry?.Status;

    /// <summary>Once a second: who is to be asked, and what this node says of itself.</summary>
    public void Tick()
    {
        lock (_ticking)
        {
            TickAlone();
        }
    }

    private void TickAlone()
    {
        var now = _time.GetInstant();
        ResolveRegistered(now);
        Drains.Tick();
        var others = Others();
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

        if (others.Except(_others).Any())
        {
            _contactsChangedAt = now;
        }

        _others = others;
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

        Remember();
        foreach (var node in AddsPeers ? _membership.Nodes : [])
        {
            if (node is { IsSelf: false, State: MemberState.Up, Addresses: [var place, ..] })
            {
                _servers.AddPeer(place, isClassic: false, IsSealed);
            }
        }

        if (_membership.Twin is { } twin && !_hasTwin)
        {
            _hasTwin = true;
            ClusterLog.Twin(_logger, twin.ToString(), _store.NodeId.ToString());
        }
    }

    /// <summary>Waits until who was to be asked has answered: a node that has just started does not know yet who is there.</summary>
    /// <param name="patience">How long after the start, or after there was somebody new to ask, that is waited for at most.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public async Task SettleAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        while (!IsSettled)
        {
            var fresh = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var turn = Interlocked.CompareExchange(ref _turn, fresh, null) ?? fresh;
            var left = patience - (_time.GetInstant() - _contactsChangedAt);
            if (IsSettled || left <= TimeSpan.Zero)
            {
                return;
            }

            try
            {
                await turn.Task.WaitAsync(left, _time, cancellationToken);
            }
            catch (TimeoutException)
            {
                return;
            }
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
        _membership.Answer(
            now, _time.GetUtcNow().ToUnixTimeMilliseconds(), from, place => isTrusted(place) || _registered.Contains(place), request,
            answer);

    public async ValueTask DisposeAsync()
    {
        await Drains.DisposeAsync();
        await (_registry?.DisposeAsync() ?? ValueTask.CompletedTask);
    }

    private PeerAddress[] Others() =>
        [.. _servers.OtherNodes().Concat(_registered).Where(address => !_servers.Own.Contains(address)).Distinct()];

    private void TryStart()
    {
        try
        {
            _wake = _transport.Start(_membership, _time, NoteTurn);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The transport has said so; it is tried again with the next beat.
        }
    }

    /// <summary>By the thread of the sockets: whoever goes by the members is told when they have changed.</summary>
    private void NoteTurn()
    {
        if (Volatile.Read(ref _turn) is not null)
        {
            Interlocked.Exchange(ref _turn, null)?.TrySetResult();
        }

        var view = _membership.ViewNumber;
        if (Interlocked.Exchange(ref _toldView, view) != view)
        {
            Changed?.Invoke();
        }
    }

    /// <summary>What is known of the others is kept for the next start.</summary>
    private void Remember()
    {
        var view = _membership.ViewNumber;
        if (view == _rememberedView)
        {
            return;
        }

        var known = RememberedNode.Write(_membership.Nodes.Where(node => !node.IsSelf && !node.Status.IsDraining));
        var text = string.Join('\n', known.Select(member => $"{member.Id} {member.Document}"));
        try
        {
            if (text != _remembered)
            {
                _store.Catalog.SaveMembersAsync(known).GetAwaiter().GetResult();
            }

            (_rememberedView, _remembered) = (view, text);
        }
        catch (StoreException)
        {
            // The store has said so. The next beat tries again, and nobody who adds a server or starts the node fails by it.
        }
    }

    /// <summary>A weight as nodes tell it to one another, so that all go by the same.</summary>
    private static double Told(double weight) => Math.Max(1, Math.Round(weight * 1000)) / 1000;

    private NodeStatus Status()
    {
        var figures = Replication();
        if (figures is not null)
        {
            var alone = Drains.IsWished ? PiecesAlone() : (0, 0);
            figures = figures with
            {
                IsSettled = figures.IsSettled && alone is not null,
                Strays = (figures.Strays.Count + (alone?.Count ?? 0), figures.Strays.Bytes + (alone?.Bytes ?? 0)),
            };
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
        AskPort = _transport.AskPort,
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
