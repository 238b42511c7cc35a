using System.Collections.Immutable;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using MurkyWaters.Cluster;
using MurkyWaters.Fetching;
using PouringRain.Network;
using PouringRain.Protocol;
using PouringRain.Protocol.Cluster;
using PouringRain.Protocol.Deploying;

namespace MurkyWaters.Deploying;

/// <summary>A deployment that this node runs: owns the machine, asks the node itself when it is one of the receivers, and notes who has
/// ended. Its owner calls <see cref="Tick"/> once a second. Thread-safe.</summary>
internal sealed class DeploymentRun
{
    private readonly IRainTransport _transport;
    private readonly DeployAgent _agent;
    private readonly NodeId _self;
    private readonly DeployGroups _groups;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Deployment _machine;
    private readonly DeploymentRecord _first;
    private Action? _wake;
    private long _notedChanges;
    private int _notedWave, _rainedWave;
    private GroupSending? _rain;
    private Instant _notedAt;

    /// <summary>Goes on where a record ends.</summary>
    /// <param name="record">What was noted last.</param>
    /// <param name="node">Who this node is.</param>
    /// <param name="transport">Carries the questions.</param>
    /// <param name="agent">Obeys what this node is asked itself.</param>
    /// <param name="groups">Rains on groups.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Hears of what happens.</param>
    public DeploymentRun(
        DeploymentRecord record, NodeId node, IRainTransport transport, DeployAgent agent, DeployGroups groups, TimeProvider time,
        ILogger logger)
    {
        (_first, _transport, _agent, _groups, _time, _logger) = (record, transport, agent, groups, time, logger);
        _rainedWave = record.Wave;
        _self = node;
        var now = time.GetInstant();
        var wait = Math.Max(0, record.StartMs - time.GetUtcNow().ToUnixTimeMilliseconds());
        _machine = new Deployment(
            new DeploymentOptions { Node = node }, record.Plan, now + TimeSpan.FromMilliseconds(wait), record.Receivers,
            RandomNumber.Draw());
        (_notedAt, _notedWave) = (now, record.Wave);
        if (record.IsStopped)
        {
            Stop();
        }

        DeployLog.Runs(logger, record.Id, record.Plan.Order.Resource, record.Plan.Targets.Length);
    }

    /// <summary>The number by which it is found.</summary>
    public ulong Id => _first.Id;

    /// <summary>Whether it has ended; one that was left has not.</summary>
    public bool IsOver => _machine.Phase >= DeploymentPhase.Completed;

    /// <summary>Of the document that was read or written last; 0 without a registry.</summary>
    public long Revision { get; set; }

    /// <summary>The right to run it; null without a registry.</summary>
    public IClusterTurn? Turn { get; init; }

    /// <summary>The note that is being written.</summary>
    public Task Saving { get; set; } = Task.CompletedTask;

    /// <summary>Whether it is to be noted that somebody has it stopped.</summary>
    public bool IsStopWished { get; set; }

    /// <summary>When it ended, milliseconds of Unix time.</summary>
    public long? EndedMs { get; private set; }

    /// <summary>Whether something has happened that has not been noted, and enough time has passed since the last note: a document of a
    /// thousand rows is read by every node of the cluster.</summary>
    public bool IsNoteDue
    {
        get
        {
            var pause = TimeSpan.FromSeconds(Math.Max(2, _first.Plan.Targets.Length / 50));
            return (_machine.Changes != Interlocked.Read(ref _notedChanges) || _machine.Wave != _notedWave)
                && (IsOver || _time.GetInstant() - _notedAt >= pause);
        }
    }

    /// <summary>Whether the last that there is to say was noted.</summary>
    public bool IsNoted => _machine.Changes == Interlocked.Read(ref _notedChanges);

    /// <summary>What is to be noted now.</summary>
    public DeploymentRecord Record
    {
        get
        {
            var now = _time.GetInstant();
            return _first with
            {
                IsStopped = IsStopWished,
                Phase = _machine.Phase,
                Wave = _machine.Wave,
                EndedMs = EndedMs,
                Receivers = _machine.Receivers(now),
            };
        }
    }

    /// <summary>What is to be seen of it: that it has ended only once that is noted, or a crash would take it back.</summary>
    public DeploymentRecord Shown => Record is { IsOver: true } record
        ? record with { Phase = record.IsStopped ? DeploymentPhase.Stopping : DeploymentPhase.Running, EndedMs = null }
        : Record;

    /// <summary>Its machine's count of what has to be noted, to be taken before <see cref="Record"/>.</summary>
    public long Changes => _machine.Changes;

    /// <summary>Something was noted.</summary>
    public void NoteSaved(long changes, int wave)
    {
        Interlocked.Exchange(ref _notedChanges, changes);
        (_notedAt, _notedWave) = (_time.GetInstant(), wave);
    }

    /// <summary>Has its receivers leave it.</summary>
    public void Stop()
    {
        IsStopWished = true;
        _machine.Stop(_time.GetInstant());
        _rain?.Cancel();
        _wake?.Invoke();
    }

    /// <summary>Asks nobody any more; another node may go on.</summary>
    public void Leave()
    {
        _machine.Leave();
        _rain?.Cancel();
        _wake?.Invoke();
    }

    /// <summary>Once a second.</summary>
    /// <param name="nodes">Who there is.</param>
    public void Tick(ImmutableArray<ClusterNode> nodes)
    {
        var now = _time.GetInstant();
        _machine.SetAddresses(
            now, nodes.Where(node => !node.IsSelf).Select(node => KeyValuePair.Create(node.Id, node.Addresses)));
        if (_machine.TryPollOwn(now, out var order) && _agent.Obey(order) is { } report)
        {
            _machine.TakeOwn(now, report);
        }

        if (_wake is null && !_machine.IsOver)
        {
            Start();
        }

        _wake?.Invoke();
        RainWave(now);
        if (IsOver && EndedMs is null)
        {
            EndedMs = _time.GetUtcNow().ToUnixTimeMilliseconds();
            DeployLog.Over(
                _logger, Id, _first.Plan.Order.Resource, _machine.Phase.ToString(),
                _machine.Receivers(now).Count(row => row.State == ReceiverState.Done), _first.Plan.Targets.Length);
        }
    }

    /// <summary>A wave that has begun is rained for, once; one that had begun before a restart, or at another node, is not.</summary>
    private void RainWave(Instant now)
    {
        if (_machine.Wave <= _rainedWave || IsOver || IsStopWished)
        {
            return;
        }

        var (ends, order) = (_first.Plan.WaveEnds(), _first.Plan.Order);
        var receivers = _machine.Receivers(now);
        var lacking = Enumerable.Range(0, ends[Math.Min(_machine.Wave, ends.Length - 1)])
            .Count(index => !receivers[index].IsFinal && receivers[index].Node != _self);
        _rainedWave = _machine.Wave;
        if (order.Mode != DeployMode.Group || _groups.TrySend(order, lacking) is not { } rain)
        {
            return;
        }

        DeployLog.Rains(_logger, Id, order.Group, lacking);
        _rain?.Cancel();
        _rain = rain;
        _ = EndAsync(rain);

        static async Task EndAsync(GroupSending rain)
        {
            await rain.Completion;
            await rain.DisposeAsync();
        }
    }

    private void Start()
    {
        try
        {
            _wake = _transport.Start(_machine, () => { });
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The transport has said so; it is tried again with the next beat.
        }
    }
}
