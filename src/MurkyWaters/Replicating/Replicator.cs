using System.Collections.Immutable;
using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using MurkyWaters.Cluster;
using MurkyWaters.Fetching;
using MurkyWaters.Store;
using PouringRain.Network;
using PouringRain.Protocol;
using PouringRain.Protocol.Cluster;

namespace MurkyWaters.Replicating;

/// <summary>
/// Owns the <see cref="Replication"/> machine: gives it the members, the commits of the store and the questions of other nodes, does what
/// it asks for (<see cref="ReplicationWork"/>), and answers what the node wants to know of copies elsewhere. A node that is alone does none
/// of it. Thread-safe.
/// </summary>
internal sealed partial class Replicator : IAsyncDisposable
{
    private readonly ClusterOptions _options;
    private readonly ResourceStore _store;
    private readonly IRainTransport _transport;
    private readonly ClusterNodes _nodes;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationToken _stopping;
    private readonly Replication _machine;
    private readonly ReplicationWork _work;
    private readonly ClusterClock _clock;
    private readonly Channel<bool> _bell = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private readonly byte[] _scratch = new byte[2048];
    private readonly Lock _updating = new();
    private readonly Task _pump;
    private Task? _loading;
    private Action? _wake;
    private volatile bool _hasOthers;
    private volatile int _wantedCount = 1;

    public Replicator(
        ClusterOptions options, ResourceStore store, FetchTable fetches, IRainTransport transport, ClusterNodes nodes,
        ReadOnlyMemory<byte> tokenKey, TimeProvider time, ILogger logger, CancellationToken stopping)
    {
        _options = options;
        _store = store;
        _transport = transport;
        _nodes = nodes;
        _time = time;
        _logger = logger;
        _stopping = stopping;
        _clock = new ClusterClock((long)options.ClockSkewMax.TotalMilliseconds);
        _machine = new Replication(
            new ReplicationOptions
            {
                Node = store.NodeId,
                Replicas = options.Replicas,
                TokenKey = tokenKey,
                MaxAheadMs = _clock.MaxAheadMs,
                RepairBytesPerSecond = options.RepairBytesPerSecondMax,
                TombstoneLifetime = store.Options.TombstoneLifetime,
                SweepInterval = options.SweepInterval,
                Marks = store.Catalog.ReadMarks(),
            },
            store.Catalog.Replicas, RandomNumber.Draw());
        _work = new ReplicationWork(store, fetches, logger);
        store.AskNewest = AskNewestAsync;
        store.Changed = NoteChanged;
        nodes.Changed = UpdateMembers;
        nodes.Replication = () => Figures;
        _pump = PumpAsync();
    }

    /// <summary>Learns of what is kept in pieces.</summary>
    public Func<ResourceId, ReplicaVersion, Task<bool>>? Adopt
    {
        get => _work.Adopt;
        set => _work.Adopt = value;
    }

    /// <summary>Who is to keep a resource; this node alone when there are no others.</summary>
    public ImmutableArray<NodeId> PlacesOf(ResourceId id) => _hasOthers ? _machine.Holders(id) : [_store.NodeId];

    /// <summary>Whether there are other nodes.</summary>
    public bool HasOthers => _hasOthers;

    /// <summary>How replication fares; null on a node that is alone.</summary>
    public ReplicationFigures? Figures => _hasOthers ? _machine.Figures(_time.GetInstant()) : null;

    /// <summary>Once a second: who is there, and what has fallen due.</summary>
    public void Tick()
    {
        UpdateMembers();
        WakeWaiters();
        if (_wake is null)
        {
            // Without others there is nothing to be sent, but time goes on.
            _machine.TryPollTransmit(_time.GetInstant(), _scratch, out _);
        }

        Ring();
    }

    /// <summary>Answers what another node asks.</summary>
    /// <param name="now">The time.</param>
    /// <param name="from">Who asks.</param>
    /// <param name="isTrusted">Whether he may be a node of the cluster.</param>
    /// <param name="request">The question.</param>
    /// <param name="answer">Takes the answer.</param>
    public int Answer(Instant now, PeerAddress from, bool isTrusted, ReadOnlySpan<byte> request, Span<byte> answer)
    {
        var length = _machine.Answer(now, from, isTrusted, request, answer);
        if (length > 0 && isTrusted)
        {
            _wake?.Invoke();
            RingIfNeeded();
        }

        return length;
    }

    /// <summary>Tells the others of a version once more: somebody was seen with an older one.</summary>
    public void Nudge(ResourceId id) => NoteChanged(id);

    /// <summary>Ends when what is being done has ended.</summary>
    public async ValueTask DisposeAsync()
    {
        _bell.Writer.TryComplete();
        await _pump;
        await _work.EndAsync();
        await (_loading ?? Task.CompletedTask);
    }

    private void UpdateMembers()
    {
        if (!_nodes.HasOthers && !_hasOthers)
        {
            return;
        }

        var now = _time.GetInstant();
        if (!_hasOthers && !IsSettled)
        {
            // Whoever looks too early finds himself alone.
            return;
        }

        lock (_updating)
        {
            var members = _nodes.Members;
            _machine.SetMembers(now, _nodes.ClusterMs, members);
            _wantedCount = WantedOf(members);
            _hasOthers = true;
            _store.MakeStamp = MakeStamp;
            _loading ??= Task.Run(LoadAsync, CancellationToken.None);
            Start();
        }

        _wake?.Invoke();
        WakeWaiters();
    }

    /// <summary>Under the lock of <see cref="UpdateMembers"/>: a machine has one flow.</summary>
    private void Start()
    {
        if (_wake is not null)
        {
            return;
        }

        try
        {
            _wake = _transport.Start(_machine, NoteTurn);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The transport has said so; it is tried again with the next beat.
        }
    }

    private async Task LoadAsync()
    {
        var began = _time.GetTimestamp();
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                _store.Catalog.LoadReplicas(() => _stopping.IsCancellationRequested);
                if (_store.Catalog.Replicas.IsLoaded)
                {
                    ReplicationLog.Loaded(
                        _logger, _store.Catalog.Replicas.Count, _time.GetElapsedTime(began).TotalMilliseconds);
                    _wake?.Invoke();
                }

                return;
            }
            catch (StoreException error)
            {
                ReplicationLog.NotLoaded(_logger, error);
                await Task.Delay(TimeSpan.FromSeconds(1), _time, _stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>How many are to keep each resource: as the setting says and as far as there are so many, those that are down among
    /// them.</summary>
    private int WantedOf(ImmutableArray<ClusterMember> members)
    {
        var count = members.Count(member => member.State != MemberState.Gone);
        return _options.Replicas == 0 ? count : Math.Min(_options.Replicas, count);
    }

    private void NoteChanged(ResourceId id)
    {
        if (_hasOthers)
        {
            _machine.Changed(_time.GetInstant(), id);
            _wake?.Invoke();
            WakeWaiters();
        }
    }

    /// <summary>Among others, by the cluster's clock: what is too far ahead of that they would refuse.</summary>
    private long? MakeStamp(long seen) =>
        _clock.Next(_nodes.ClusterMs, seen) is var stamp && stamp == ClusterClock.Refused ? null : stamp;

    private void NoteTurn()
    {
        RingIfNeeded();
        WakeWaiters();
    }

    private void RingIfNeeded()
    {
        if (_machine.HasWork)
        {
            Ring();
        }
    }

    private void Ring() => _bell.Writer.TryWrite(true);

    private async Task PumpAsync()
    {
        await Task.Yield();
        await foreach (var _ in _bell.Reader.ReadAllAsync(CancellationToken.None))
        {
            while (_machine.TryPollAction(out var action))
            {
                if (action.Kind == ReplicationActionKind.SaveMarks)
                {
                    await SaveAsync(action.Marks);
                }
                else if (!_stopping.IsCancellationRequested)
                {
                    _work.Start(action, NoteEnded);
                }
            }

            TakeSurveys();
        }
    }

    private void NoteEnded(ReplicationAction action, ReplicationOutcome outcome)
    {
        _machine.Ended(_time.GetInstant(), action, outcome);
        _wake?.Invoke();
        RingIfNeeded();
    }

    private async Task SaveAsync(ReplicationMarks marks)
    {
        try
        {
            await _store.Catalog.SaveMarksAsync(marks);
            _machine.MarksSaved(marks);
        }
        catch (StoreException error)
        {
            ReplicationLog.MarksNotSaved(_logger, error);
        }
    }
}
