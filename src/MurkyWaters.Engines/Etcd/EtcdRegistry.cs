using Microsoft.Extensions.Logging;
using MurkyWaters.Cluster;
using PouringRain.Protocol;

namespace MurkyWaters.Engines.Etcd;

/// <summary>
/// The registry in etcd. One loop reads and registers: it asks what has changed every two seconds and whenever the watch rings, lists
/// everything every 30 s and after every silence, and then writes this node's keys where they are not as they should be.
/// </summary>
public sealed class EtcdRegistry : IClusterRegistry
{
    /// <summary>Jobs that are read; more are passed over.</summary>
    internal const int JobCountMax = 1024;

    private const int NodeCountMax = 2048;
    private const int MemberCountMax = 4096;
    private static readonly TimeSpan FailurePause = TimeSpan.FromSeconds(1);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Bell _bell = new();
    private readonly string _name;
    private readonly EtcdTimes _times;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly EtcdKeys _keys;
    private readonly EtcdClient _client;
    private readonly EtcdState _state;
    private readonly EtcdWatch _watch;
    private readonly EtcdTurns _turns;
    private readonly EtcdJobs _jobs;
    private readonly EtcdRegistration _registration;
    private readonly ITimer _timer;
    private readonly Task _running;
    private readonly long _startedAt;
    private ClusterView _view = ClusterView.Unknown;
    private TaskCompletionSource _nextView = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isListWanted = true;
    private long _listedAt;
    private long _readAt;
    private long _revision;
    private long _lists;
    private long _reconnects;
    private long _refused;
    private int _isDisposed;

    private EtcdRegistry(ClusterOptions options, EtcdTimes times, TimeProvider time, ILogger logger)
    {
        (_name, _times, _time, _logger) = (options.Name, times, time, logger);
        _keys = new EtcdKeys(options.Name);
        _client = new EtcdClient(options.Etcd, times, time);
        _state = new EtcdState(_keys, logger);
        _watch = new EtcdWatch(_client, _keys, times, time, Ring);
        _turns = new EtcdTurns(_client, _keys, times, time);
        _registration = new EtcdRegistration(_client, _keys, times, time, logger, _bell.Ring);
        _jobs = new EtcdJobs(_client, _keys, times, _turns, () => _registration.Self?.Id, _bell.Ring);
        _readAt = _startedAt = time.GetTimestamp();
        _timer = time.CreateTimer(_ => _bell.Ring(), null, TimeSpan.Zero, times.Ask);
        _running = Task.WhenAll(ReadLoopAsync(), _watch.RunAsync(_stopping.Token));
    }

    /// <inheritdoc/>
    public ClusterView View => Volatile.Read(ref _view);

    /// <inheritdoc/>
    public IClusterJobs Jobs => _jobs;

    /// <inheritdoc/>
    public RegistryStatus Status => new()
    {
        IsConnected = _client.IsConnected,
        Trouble = _client.Trouble ?? (_client.IsConnected ? null : "etcd has not answered yet"),
        LastHeard = _client.HeardAge is { } age ? _time.GetUtcNow() - age : null,
        Lag = _time.GetElapsedTime(Interlocked.Read(ref _readAt)),
        IsRegistered = _registration.IsRegistered,
        Revision = Interlocked.Read(ref _revision),
        Reconnects = Interlocked.Read(ref _reconnects),
        LeasesLost = _registration.LeasesLost,
        Lists = Interlocked.Read(ref _lists),
        Notices = _watch.NoticeCount,
        Refused = Interlocked.Read(ref _refused),
    };

    /// <summary>Opens the registry of a cluster, without waiting for etcd.</summary>
    /// <param name="options">With endpoints of etcd.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Hears of what happens.</param>
    /// <exception cref="ArgumentException">There are no endpoints, or the name is none.</exception>
    public static IClusterRegistry Open(ClusterOptions options, TimeProvider time, ILogger logger) =>
        Open(options, new EtcdTimes(), time, logger);

    /// <summary>As the other, with another patience.</summary>
    internal static EtcdRegistry Open(ClusterOptions options, EtcdTimes times, TimeProvider time, ILogger logger)
    {
        if (options.Etcd.Count == 0 || !EtcdKeys.IsName(options.Name))
        {
            throw new ArgumentException("Endpoints of etcd and the cluster's name are wanted.", nameof(options));
        }

        return new EtcdRegistry(options, times, time, logger);
    }

    /// <inheritdoc/>
    public void Register(RegisteredNode self)
    {
        if (!NodeDocument.IsSound(self))
        {
            throw new ArgumentException($"The node says something of itself that is out of bounds: {self}", nameof(self));
        }

        _registration.Self = self;
        _bell.Ring();
    }

    /// <inheritdoc/>
    public async Task<ClusterView> NextViewAsync(long version, CancellationToken cancellationToken)
    {
        while (true)
        {
            // Taken before the view is looked at: one that comes in between completes it.
            var next = Volatile.Read(ref _nextView).Task;
            if (View is var view && view.Version > version)
            {
                return view;
            }

            await next.WaitAsync(cancellationToken);
        }
    }

    /// <inheritdoc/>
    public async Task<NodeRemoval> RemoveAsync(NodeId id, CancellationToken cancellationToken)
    {
        try
        {
            var known = View.Nodes.FirstOrDefault(seen => seen.Node.Id == id)?.Node;
            return await _registration.RemoveAsync(id, known, cancellationToken);
        }
        catch (EtcdException e)
        {
            throw new ClusterUnavailableException(e.Message, e);
        }
    }

    /// <inheritdoc/>
    public async Task<IClusterTurn?> TryLockAsync(string key, TimeSpan timeout, CancellationToken cancellationToken) =>
        await _turns.TryTakeAsync(key, timeout, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 1)
        {
            return;
        }

        await _timer.DisposeAsync();
        await _stopping.CancelAsync();
        await _running;
        await _registration.DisposeAsync();
        _client.Dispose();
        _stopping.Dispose();
    }

    private void Ring(bool isListWanted)
    {
        if (isListWanted)
        {
            Volatile.Write(ref _isListWanted, true);
        }

        _bell.Ring();
    }

    private async Task ReadLoopAsync()
    {
        // The first time it is connected is no return.
        var (isConnected, wasConnected) = (false, false);
        while (!_stopping.IsCancellationRequested)
        {
            var pause = _times.AskPause;
            try
            {
                await _bell.WaitAsync(_stopping.Token);
                await ReadAsync(_stopping.Token);
                if (!isConnected)
                {
                    isConnected = true;
                    _reconnects += wasConnected ? 1 : 0;
                    wasConnected = true;
                    EtcdLog.Connected(_logger, _name, _state.Revision, View.Nodes.Length, View.Jobs.Length);
                }

                await _registration.KeepAsync(_state, _stopping.Token);
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                pause = e is ClusterUnavailableException or EtcdException ? _times.AskAgain : FailurePause;
                if (e is not ClusterUnavailableException)
                {
                    EtcdLog.Failed(_logger, e);
                }
                else if (isConnected && !_client.IsConnected)
                {
                    isConnected = false;
                    EtcdLog.Disconnected(_logger, _client.Trouble);
                }

                Ring(isListWanted: true);
            }

            await Task.Delay(pause, _time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Asks what has changed, and for everything when that does not do.</summary>
    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        var isListWanted = Interlocked.Exchange(ref _isListWanted, false) || _time.GetElapsedTime(_listedAt) >= _times.List;
        if (isListWanted || !await TryReadChangesAsync(cancellationToken))
        {
            await ListAsync(cancellationToken);
        }

        var at = _time.GetTimestamp();
        Interlocked.Exchange(ref _readAt, at);
        var view = _state.Build(View, _time.GetInstant());
        Interlocked.Exchange(ref _refused, _state.RefusedCount);
        if (view != View)
        {
            Volatile.Write(ref _view, view);
            Interlocked.Exchange(ref _nextView, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
        }

        // Last, so that whoever sees it finds a view that is as new.
        Interlocked.Exchange(ref _revision, _state.Revision);
    }

    private async Task<bool> TryReadChangesAsync(CancellationToken cancellationToken)
    {
        try
        {
            var answer = await _client.CallAsync(
                EtcdPaths.Range,
                EtcdRequests.Range(_keys.Root, _keys.Turns, EtcdListing.PageKeys, modifiedFrom: _state.Revision + 1),
                _times.Try, cancellationToken);
            return !answer.FindFlag("more") && _state.TryUpdate(
                EtcdEntry.ReadAll(answer), answer.Find("header").FindInt64("revision"), answer.FindInt64("count"));
        }
        catch (EtcdException e) when (e.Code == EtcdException.TooLong)
        {
            return false;
        }
    }

    private async Task ListAsync(CancellationToken cancellationToken)
    {
        // The first answer says as of when, and how many keys there are whatever they are.
        var answer = await _client.CallAsync(
            EtcdPaths.Range, EtcdRequests.Range(_keys.Root, _keys.Turns, limit: 1), _times.Try, cancellationToken);
        var revision = answer.Find("header").FindInt64("revision");
        if (revision < _state.Revision)
        {
            EtcdLog.WentBack(_logger, _state.Revision, revision);
        }

        var (entries, isWhole) = (new List<EtcdEntry>(), true);
        foreach (var (folder, limit) in new[]
        {
            (_keys.Jobs, JobCountMax), (_keys.Members, MemberCountMax), (_keys.Nodes, NodeCountMax), (_keys.Runners, JobCountMax),
        })
        {
            var read = await EtcdListing.ReadAsync(_client, folder, revision, limit, _times.Try, cancellationToken);
            entries.AddRange(read.Entries);
            if (!read.IsWhole)
            {
                isWhole &= folder == _keys.Jobs || folder == _keys.Runners;
                EtcdLog.TooMany(_logger, folder, limit);
            }
        }

        _state.Replace(entries, revision, answer.FindInt64("count"), isWhole);
        _listedAt = _time.GetTimestamp();
        Interlocked.Increment(ref _lists);
    }
}
