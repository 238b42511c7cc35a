using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using MurkyWaters.Cluster;
using MurkyWaters.Fetching;
using MurkyWaters.Store;
using PouringRain.Protocol;
using PouringRain.Protocol.Cluster;

namespace MurkyWaters.Replicating;

/// <summary>
/// Owns the <see cref="Replication"/> machine: gives it the members, the commits of the store and the questions of other nodes, does what
/// it asks for (<see cref="ReplicationWork"/>), and answers what the node wants to know of copies elsewhere. A node that is alone does none
/// of it. Thread-safe.
/// </summary>
internal sealed class Replicator : IAsyncDisposable
{
    /// <summary>How long addresses that are new may take to answer before the members are those that were heard by then.</summary>
    private static readonly TimeSpan SettleMax = TimeSpan.FromSeconds(3);

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

    private readonly ConcurrentDictionary<long, TaskCompletionSource<SurveyResult>> _surveys = new();
    private readonly ConcurrentDictionary<TaskCompletionSource, byte> _waiters = new();
    private readonly byte[] _scratch = new byte[2048];
    private readonly Lock _updating = new();
    private readonly Task _pump;
    private Task? _loading;
    private Action? _wake;
    private volatile bool _hasOthers;

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
            store.Catalog.Replicas, BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))));
        _work = new ReplicationWork(store, fetches, logger);
        store.AskNewest = AskNewestAsync;
        store.MakeStamp = MakeStamp;
        store.Changed = NoteChanged;
        nodes.Changed = UpdateMembers;
        nodes.Replication = () => Figures;
        _pump = PumpAsync();
    }

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

    /// <summary>Who is known to keep the newest version that is here of a resource, and how many are to.</summary>
    public (ImmutableArray<NodeId> Holders, int Wanted) HoldersOf(ResourceId id)
    {
        var isHere = _store.FindEntry(id) is { IsTombstone: false };
        if (!_hasOthers)
        {
            return (isHere ? [_store.NodeId] : [], 1);
        }

        var members = _nodes.Members.Count(member => member.State != MemberState.Gone);
        var wanted = _options.Replicas == 0 ? members : Math.Min(_options.Replicas, members);
        return (_machine.KnownHolders(id), Math.Max(wanted, _machine.WantedCount(id)));
    }

    /// <summary>Counts the nodes that keep what is newest here, this one included, until there are enough, the time is up, or nobody is
    /// left who is to keep it and answers.</summary>
    public async Task<int> CountAsync(ResourceId id, int replicas, TimeSpan limit, CancellationToken cancellationToken)
    {
        if (_store.FindEntry(id) is not { IsTombstone: false })
        {
            return 0;
        }

        using var limited = new CancellationTokenSource(limit, _time);
        using var time = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stopping, limited.Token);
        while (true)
        {
            var count = 0;
            try
            {
                if (await ChangeAsync(IsEnough, time.Token))
                {
                    return count;
                }
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                return Math.Max(1, _machine.KnownHolders(id).Length);
            }

            bool IsEnough()
            {
                var holders = _machine.KnownHolders(id);
                count = Math.Max(1, holders.Length);
                return count >= replicas || IsAllOf(id, holders);
            }
        }
    }

    /// <summary>The newest version that this node and the holders that answer know of; <see cref="ReplicaVersion.None"/> for
    /// none.</summary>
    public async Task<ReplicaVersion> SurveyAsync(ResourceId id, CancellationToken cancellationToken) =>
        (await SurveyAsync(id, isOfAll: true, cancellationToken)).Newest;

    /// <summary>The newest version that this node and others know of.</summary>
    /// <param name="id">The resource.</param>
    /// <param name="isOfAll">Whether nodes that are no holders are asked too.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public async Task<SurveyResult> SurveyAsync(ResourceId id, bool isOfAll, CancellationToken cancellationToken)
    {
        // A version that is made before the others are known might be stamped by a wrong clock, and is older than what they have.
        while (!IsDecided)
        {
            await ChangeAsync(() => IsDecided, cancellationToken);
        }

        var here = _store.FindEntry(id) is { } entry ? ReplicaVersion.Of(entry.Resource.Manifest) : ReplicaVersion.None;
        if (!_hasOthers)
        {
            return new SurveyResult(0, id, here, 0, 0) { Holders = 1, HoldersAnswered = 1, HoldersKnowing = 1 };
        }

        var surveyed = new TaskCompletionSource<SurveyResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        long number;
        lock (_surveys)
        {
            // Under a lock, so that a result does not come before there is somebody to take it.
            number = _machine.Survey(_time.GetInstant(), id, isOfAll);
            _surveys[number] = surveyed;
        }

        _wake?.Invoke();
        Ring();
        try
        {
            var survey = await surveyed.Task.WaitAsync(cancellationToken);
            return survey.Newest >= here ? survey : survey with { Newest = here, HoldersKnowing = 0 };
        }
        finally
        {
            _surveys.TryRemove(number, out _);
        }
    }

    /// <summary>The stamp of that; the least number for none.</summary>
    public async Task<long> AskNewestAsync(ResourceId id, CancellationToken cancellationToken) =>
        (await SurveyAsync(id, cancellationToken)).Stamp;

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
            _machine.SetMembers(now, _nodes.ClusterMs, _nodes.Members);
            _hasOthers = true;
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

    private void NoteChanged(ResourceId id)
    {
        if (_hasOthers)
        {
            _machine.Changed(_time.GetInstant(), id);
            _wake?.Invoke();
            WakeWaiters();
        }
    }

    /// <summary>Alone, a clock that was set back must not stop anybody; among others it is they who would refuse what is too far
    /// ahead.</summary>
    private long? MakeStamp(long seen)
    {
        if (!_hasOthers)
        {
            return Math.Max(_time.GetUtcNow().ToUnixTimeMilliseconds(), seen == long.MinValue ? 0 : seen + 1);
        }

        return _clock.Next(_nodes.ClusterMs, seen) is var stamp && stamp == ClusterClock.Refused ? null : stamp;
    }

    /// <summary>Whether who is there is known, as far as that can be.</summary>
    private bool IsSettled => _nodes.IsSettled || _time.GetInstant() - _nodes.ContactsChangedAt >= SettleMax;

    /// <summary>Whether this node is alone, or the machine has been told of the others: between the last answer and that nobody is taken
    /// for alone.</summary>
    private bool IsDecided => IsSettled && (_hasOthers || !_nodes.HasOthers);

    /// <summary>Looks whether something is so, and if not, waits until something has happened.</summary>
    /// <returns>Whether it was so.</returns>
    private async Task<bool> ChangeAsync(Func<bool> isSo, CancellationToken cancellationToken)
    {
        var changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiters.TryAdd(changed, 0);
        try
        {
            if (isSo())
            {
                return true;
            }

            await changed.Task.WaitAsync(cancellationToken);
            return false;
        }
        finally
        {
            _waiters.TryRemove(changed, out _);
        }
    }

    /// <summary>Whether all that are to keep it and answer are known to.</summary>
    private bool IsAllOf(ResourceId id, ImmutableArray<NodeId> known)
    {
        if (!_hasOthers)
        {
            return IsDecided;
        }

        var members = _nodes.Members;
        return _nodes.IsSettled && _machine.Holders(id).All(
            holder => known.Contains(holder) || !members.Any(member => member.Id == holder && member.IsReachable));
    }

    private void NoteTurn()
    {
        RingIfNeeded();
        WakeWaiters();
    }

    private void WakeWaiters()
    {
        foreach (var (waiter, _) in _waiters)
        {
            waiter.TrySetResult();
        }
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

    private void TakeSurveys()
    {
        lock (_surveys)
        {
            while (_machine.TryPollSurvey(out var result))
            {
                if (_surveys.TryRemove(result.Number, out var waiting))
                {
                    waiting.TrySetResult(result);
                }
            }
        }
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
