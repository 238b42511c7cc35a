using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using MurkyWaters.Cluster;
using MurkyWaters.Fetching;
using MurkyWaters.Jobs;
using MurkyWaters.Store;
using PouringRain.Network;
using PouringRain.Protocol;
using PouringRain.Protocol.Deploying;

namespace MurkyWaters.Deploying;

/// <summary>
/// The deployments that this node runs, and those that it knows of. With a registry each is a job there, of the kind <c>deployment</c>: any
/// node can be told to stop it, and another one goes on when the one that runs it dies. Without, it is a file in the store of the node that
/// was asked for it, which goes on when it starts again. Thread-safe.
/// </summary>
internal sealed partial class Deployments : IAsyncDisposable
{
    /// <summary>That run at once, in the whole cluster where there is a registry.</summary>
    public const int RunningCountMax = 16;

    /// <summary>That have ended and can still be looked at.</summary>
    public const int EndedCountMax = 20;

    private const string Kind = "deployment";

    private readonly NodeId _self;
    private readonly IRainTransport _transport;
    private readonly ClusterNodes _nodes;
    private readonly Func<IReadOnlyList<NodeSnapshot>> _snapshots;
    private readonly IClusterRegistry? _registry;
    private readonly DeployGroups _groups;
    private readonly RecordFolder<DeploymentRecord> _notes;
    private readonly RegistryJobs<DeploymentRecord> _jobs;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly SemaphoreSlim _gate = new(1);
    private readonly Lock _table = new();
    private readonly Dictionary<ulong, DeploymentRun> _runs = [];
    private readonly Dictionary<ulong, DeploymentRecord> _ended = [];
    private readonly Dictionary<DeploymentPhase, long> _endedCounts = [];

    /// <summary>Reads what the store has noted, and goes on with what has not ended.</summary>
    /// <param name="store">Has the notes.</param>
    /// <param name="agent">Obeys what this node is asked itself.</param>
    /// <param name="nodes">Who there is.</param>
    /// <param name="snapshots">Who there is, with those that only the registry knows.</param>
    /// <param name="transport">Carries the questions.</param>
    /// <param name="groups">Rains on groups.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Hears of what happens.</param>
    public Deployments(
        ResourceStore store, DeployAgent agent, ClusterNodes nodes, Func<IReadOnlyList<NodeSnapshot>> snapshots,
        IRainTransport transport, DeployGroups groups, TimeProvider time, ILogger logger)
    {
        (_self, Agent, _nodes, _snapshots, _registry) = (store.NodeId, agent, nodes, snapshots, nodes.Turns);
        (_transport, _groups, _time, _logger) = (transport, groups, time, logger);
        _notes = new RecordFolder<DeploymentRecord>(store.Files, "deployments", path => DeployLog.NoteUnreadable(logger, path));
        _jobs = new RegistryJobs<DeploymentRecord>(_registry, Kind);
        foreach (var record in _registry is null ? _notes.Read() : [])
        {
            if (record.IsOver)
            {
                _ended.Add(record.Id, record);
            }
            else
            {
                _runs.Add(record.Id, Make(record, null, 0));
            }
        }
    }

    /// <summary>Obeys what this node is asked itself.</summary>
    public DeployAgent Agent { get; }

    /// <summary>All that are known, the newest first.</summary>
    public IReadOnlyList<DeploymentSnapshot> All
    {
        get
        {
            DeploymentRun[] runs;
            Dictionary<ulong, DeploymentSnapshot> all;
            lock (_table)
            {
                runs = [.. _runs.Values];
                all = _ended.Values.Select(record => Snapshot(record, null)).ToDictionary(IdOf);
            }

            foreach (var job in _jobs.Read())
            {
                all.TryAdd(job.Record.Id, Snapshot(job.Record, job.Runner));
            }

            foreach (var run in runs)
            {
                all[run.Id] = Snapshot(run.Shown, _self);
            }

            return [.. all.Values.OrderByDescending(deployment => deployment.Created)];

            static ulong IdOf(DeploymentSnapshot deployment) => deployment.Plan.Order.Deployment;
        }
    }

    /// <summary>Those that this node runs in figures, and what it is asked to have itself.</summary>
    public DeploymentFigures Figures
    {
        get
        {
            DeploymentRun[] runs;
            Dictionary<DeploymentPhase, long> ended;
            lock (_table)
            {
                (runs, ended) = ([.. _runs.Values], new(_endedCounts));
            }

            var (obeying, had, failed) = Agent.Figures;
            return new DeploymentFigures
            {
                Running = runs.Count(run => !run.IsOver),
                Ended = ended,
                Receivers = runs.SelectMany(run => run.Record.Receivers).CountBy(row => row.State).ToDictionary(),
                Obeying = obeying,
                Had = had,
                Failed = failed,
            };
        }
    }

    /// <summary>One of them; null when it is not known.</summary>
    public DeploymentSnapshot? Find(ulong id)
    {
        lock (_table)
        {
            if (_runs.TryGetValue(id, out var run))
            {
                return Snapshot(run.Shown, _self);
            }

            if (_ended.TryGetValue(id, out var record))
            {
                return Snapshot(record, null);
            }
        }

        foreach (var (record, runner, _) in _jobs.Read())
        {
            if (record.Id == id)
            {
                return Snapshot(record, runner);
            }
        }

        return null;
    }

    /// <summary>Makes one, and begins it.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="manifest">What the resource is now.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="StoreException">The store cannot note it.</exception>
    public async Task<DeploymentResult> StartAsync(
        DeploymentRequest request, Manifest manifest, CancellationToken cancellationToken)
    {
        if (DeploymentTargets.Choose(request, _snapshots(), _groups, out var targets) is { } refusal)
        {
            return new DeploymentResult(DeploymentOutcome.Refused, refusal);
        }

        var record = RecordOf(request, manifest, targets);
        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (All.Count(deployment => deployment.Phase < DeploymentPhase.Completed) >= RunningCountMax)
            {
                return new DeploymentResult(
                    DeploymentOutcome.Refused, $"{RunningCountMax} deployments are under way, which is as many as may be.");
            }

            if (_registry is not { } registry)
            {
                await Task.Run(() => _notes.Write(record), CancellationToken.None);
                Add(Make(record, null, 0));
            }
            else if (await registry.Jobs.PutAsync(
                Kind, record.JobId, record.Write(), 0, null, cancellationToken) is { } job)
            {
                await TakeInHandAsync(registry, job.Id, record, job.Revision, _stopping.Token);
            }
            else
            {
                return new DeploymentResult(DeploymentOutcome.Unavailable, "The registry has not taken it.");
            }

            return new DeploymentResult(DeploymentOutcome.Taken, "", Find(record.Id) ?? Snapshot(record, null));
        }
        catch (ClusterUnavailableException error)
        {
            return new DeploymentResult(DeploymentOutcome.Unavailable, error.Message);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Stops one; the wish is kept for good before anything is done about it.</summary>
    /// <exception cref="StoreException">The store cannot note it.</exception>
    public async Task<DeploymentResult> StopAsync(ulong id, CancellationToken cancellationToken)
    {
        DeploymentRun? run;
        lock (_table)
        {
            if (_ended.ContainsKey(id))
            {
                return new DeploymentResult(DeploymentOutcome.Taken);
            }

            _runs.TryGetValue(id, out run);
        }

        try
        {
            if (_registry is { } registry && !await StopInRegistryAsync(registry, id, cancellationToken))
            {
                return new DeploymentResult(DeploymentOutcome.Unknown);
            }

            if (_registry is null && run is null)
            {
                return new DeploymentResult(DeploymentOutcome.Unknown);
            }

            if (_registry is null && !run!.IsOver)
            {
                try
                {
                    // Set before, so that no other note that is written meanwhile says otherwise.
                    run.IsStopWished = true;
                    await Task.Run(() => _notes.Write(run.Record), CancellationToken.None);
                }
                catch (StoreException)
                {
                    run.IsStopWished = false;
                    throw;
                }
            }

            run?.Stop();
            return new DeploymentResult(DeploymentOutcome.Taken);
        }
        catch (ClusterUnavailableException error)
        {
            return new DeploymentResult(DeploymentOutcome.Unavailable, error.Message);
        }
    }

    private DeploymentRecord RecordOf(DeploymentRequest request, Manifest manifest, ImmutableArray<NodeId> targets)
    {
        var nowMs = _time.GetUtcNow().ToUnixTimeMilliseconds();

        // Whether the group passes is seen when it rains; whoever does not hear it fetches.
        var mode = request.Mode ?? (_groups.First is not null && targets.Length > 2 ? DeployMode.Group : DeployMode.Swarm);
        return new DeploymentRecord
        {
            Plan = new DeploymentPlan
            {
                Order = new DeployOrder
                {
                    Deployment = RandomNumber.Draw(),
                    Mode = mode,
                    Resource = request.Resource,
                    Version = manifest.Version,
                    Length = manifest.Layout.Length,
                    RateBytesPerSecond = request.RateBytesPerSecond,
                    Group = mode == DeployMode.Swarm ? "" : request.Group.Length > 0 ? request.Group : _groups.First!,
                },
                Sha256 = manifest.Sha256,
                BlockCount = manifest.Layout.BlockCount,
                Targets = targets,
                Waves = request.Waves,
                Quorum = request.Quorum ?? targets.Length,
            },
            CreatedMs = nowMs,
            StartMs = request.StartAt?.ToUnixTimeMilliseconds() ?? nowMs,
            Receivers = [.. targets.Select(node => new DeploymentReceiver { Node = node, State = ReceiverState.Waiting })],
        };
    }

    private DeploymentRun Make(DeploymentRecord record, IClusterTurn? turn, long revision) =>
        new(record, _self, _transport, Agent, _groups, _time, _logger) { Turn = turn, Revision = revision };

    private void Add(DeploymentRun run)
    {
        lock (_table)
        {
            _runs.Add(run.Id, run);
        }

        run.Tick(_nodes.Nodes);
    }

    private DeploymentSnapshot Snapshot(DeploymentRecord record, NodeId? runner) => new()
    {
        Id = record.JobId,
        Plan = record.Plan,
        Phase = record.Phase == DeploymentPhase.Running && record.IsStopped ? DeploymentPhase.Stopping : record.Phase,
        Created = DateTimeOffset.FromUnixTimeMilliseconds(record.CreatedMs),
        StartAt = DateTimeOffset.FromUnixTimeMilliseconds(record.StartMs),
        Ended = record.EndedMs is { } ended ? DateTimeOffset.FromUnixTimeMilliseconds(ended) : null,
        Wave = record.Wave + 1,
        Receivers = record.Receivers,
        Runner = runner,
        RunnerUrl = runner is { } node && node != _self
            ? _snapshots().FirstOrDefault(known => known.Id == node)?.FindGateway() : null,
    };
}
