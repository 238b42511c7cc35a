using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using MurkyWaters.Cluster;
using MurkyWaters.Jobs;
using MurkyWaters.Replicating;
using MurkyWaters.Store;
using PouringRain.Coding.Erasure;
using PouringRain.Network;
using PouringRain.Protocol;

namespace MurkyWaters.Archive;

/// <summary>
/// The jobs that turn replicas into pieces and back. With a registry each is a job there, of the kind <c>archive</c>, and another node goes
/// on when the one that runs it dies. Without, it is a file in the store of the node that was asked for it, which goes on when it starts
/// again. Thread-safe.
/// </summary>
internal sealed class Archives : IAsyncDisposable
{
    /// <summary>Jobs that this node runs at once; the others wait.</summary>
    private const int RunningCountMax = 4;

    /// <summary>Jobs that have ended and can still be looked at, and jobs that wait at most.</summary>
    private const int EndedCountMax = 100, WaitingCountMax = 1000;

    private const string Kind = "archive";

    /// <summary>A job that was made just now is left to its maker for so long.</summary>
    private static readonly TimeSpan AbandonedAfter = TimeSpan.FromSeconds(2);

    private readonly ResourceStore _store;
    private readonly ArchiveAsking _asking;
    private readonly PieceReading _reading;
    private readonly ClusterNodes _nodes;
    private readonly Replicator _replicator;
    private readonly PartsChain _chain;
    private readonly IClusterRegistry? _registry;
    private readonly RecordFolder<ArchiveRecord> _notes;
    private readonly RegistryJobs<ArchiveRecord> _jobs;
    private readonly AbandonedJobs _abandoned = new(AbandonedAfter);
    private readonly Lock _beginning = new();
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<string, ArchiveRecord> _records = new();
    private readonly ConcurrentDictionary<string, ArchiveRun> _runs = new();
    private readonly ConcurrentDictionary<string, Task> _running = new();
    private Task _adopting = Task.CompletedTask;

    public Archives(
        ResourceStore store, ArchiveAsking asking, PieceReading reading, ClusterNodes nodes, Replicator replicator, PartsChain chain,
        TimeProvider time, ILogger logger)
    {
        (_store, _asking, _reading, _nodes, _replicator, _chain) = (store, asking, reading, nodes, replicator, chain);
        (_registry, _time, _logger) = (nodes.Turns, time, logger);
        _notes = new RecordFolder<ArchiveRecord>(store.Files, "archive", path => ArchiveLog.NoteUnreadable(logger, path));
        _jobs = new RegistryJobs<ArchiveRecord>(_registry, Kind);
        foreach (var record in _registry is null ? _notes.Read() : [])
        {
            _records[record.Id] = record;
        }
    }

    /// <summary>All jobs that are known, the newest first.</summary>
    public IReadOnlyList<ArchiveJobSnapshot> All
    {
        get
        {
            var all = _records.Values.Concat(_jobs.Read().Select(job => job.Record)).DistinctBy(record => record.Id)
                .Select(record => _runs.TryGetValue(record.Id, out var run) ? run.Snapshot : ArchiveRun.Of(record));
            return [.. all.OrderByDescending(job => job.Created)];
        }
    }

    /// <summary>One of them; null when it is not known.</summary>
    public ArchiveJobSnapshot? Find(string id) => _runs.TryGetValue(id, out var run) ? run.Snapshot
        : _jobs.Read().FirstOrDefault(job => job.Record.Id == id).Record is { } there ? ArchiveRun.Of(there)
        : _records.TryGetValue(id, out var record) ? ArchiveRun.Of(record)
        : null;

    /// <summary>Whether a job of a resource has not ended.</summary>
    public bool IsUnderWay(ResourceId id) =>
        _records.Values.Concat(_jobs.Read().Select(job => job.Record)).Any(record => record.Resource == id && !record.IsOver);

    /// <summary>Makes one, and begins it.</summary>
    /// <param name="kind">What it does.</param>
    /// <param name="id">The resource.</param>
    /// <param name="manifest">What it is now.</param>
    /// <param name="code">The coding.</param>
    /// <param name="isForced">Whether it is to be although less is survived than the coding can do.</param>
    /// <param name="from">The coding of the pieces that it begins with; null where that is the whole.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="StoreException">The store cannot note it.</exception>
    public async Task<ArchiveResult> StartAsync(
        ArchiveJobKind kind, ResourceId id, Manifest manifest, ErasureCode code, bool isForced, ErasureCode? from,
        CancellationToken cancellationToken)
    {
        if (kind == ArchiveJobKind.Archive && !PieceShape.TryCreate(id, manifest, code, out _))
        {
            return new ArchiveResult(ArchiveOutcome.Refused, "What is a piece itself is not archived.");
        }

        if (All.FirstOrDefault(job => job.Resource == id && job.Phase < ArchivePhase.Completed) is { } other)
        {
            return other.Kind == kind && other.Version == manifest.Version && (other.Coding == code.Name || kind == ArchiveJobKind.Restore)
                ? new ArchiveResult(ArchiveOutcome.Taken, "", other)
                : new ArchiveResult(ArchiveOutcome.Refused, $"Job {other.Id} is under way with it.");
        }

        if (All.Count(job => job.Phase < ArchivePhase.Completed) >= WaitingCountMax)
        {
            return new ArchiveResult(ArchiveOutcome.Refused, $"{WaitingCountMax} jobs wait already, which is as many as may.");
        }

        var members = _nodes.Members;
        var places = kind == ArchiveJobKind.Archive ? ArchivePlaces.Choose(id, code, members) : _replicator.PlacesOf(id);
        if (places.IsEmpty)
        {
            return new ArchiveResult(ArchiveOutcome.Refused, "No node has places just now.");
        }

        if (kind == ArchiveJobKind.Archive && ArchivePlaces.Describe(code, places, members, out var isGood) is var meaning && !isGood
            && !isForced)
        {
            return new ArchiveResult(
                ArchiveOutcome.Refused, $"{meaning} {code.Name} can survive {code.LossesSurvived}: with force it is done nevertheless.");
        }

        var record = new ArchiveRecord
        {
            Id = RandomNumber.Draw().ToString("x16", System.Globalization.CultureInfo.InvariantCulture),
            Kind = kind,
            Resource = id,
            Version = manifest.Version,
            Length = manifest.Layout.Length,
            Coding = code.Name,
            From = from?.Name ?? "",
            CreatedMs = _time.GetUtcNow().ToUnixTimeMilliseconds(),
            Places = places,
        };
        try
        {
            if (_registry is { } registry)
            {
                if (await registry.Jobs.PutAsync(Kind, record.Id, record.Write(), 0, null, cancellationToken) is null)
                {
                    return new ArchiveResult(ArchiveOutcome.Unavailable, "The registry has not taken it.");
                }

                if (_runs.Count < RunningCountMax)
                {
                    await AdoptAsync(registry, record.Id);
                }
            }
            else
            {
                await Task.Run(() => _notes.Write(record), CancellationToken.None);
                _records[record.Id] = record;
                BeginNext();
            }
        }
        catch (ClusterUnavailableException error)
        {
            return new ArchiveResult(ArchiveOutcome.Unavailable, error.Message);
        }

        return new ArchiveResult(ArchiveOutcome.Taken, "", Find(record.Id) ?? ArchiveRun.Of(record));
    }

    /// <summary>Once a second.</summary>
    public void Tick()
    {
        foreach (var (id, run) in _runs)
        {
            if (run.Turn is { IsHeld: false })
            {
                _runs.TryRemove(id, out _);
            }
        }

        if (_registry is null)
        {
            BeginNext();
        }
        else if (_adopting.IsCompleted && _runs.Count < RunningCountMax)
        {
            FollowRegistry(_registry);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _adopting;
        await Task.WhenAll(_running.Values);
        _stopping.Dispose();
    }

    /// <summary>Without a registry: begins those that have not ended, some at a time, the oldest first.</summary>
    private void BeginNext()
    {
        lock (_beginning)
        {
            foreach (var record in _records.Values.Where(record => !record.IsOver && !_runs.ContainsKey(record.Id))
                .OrderBy(record => record.CreatedMs).Take(RunningCountMax - _runs.Count))
            {
                Begin(new ArchiveRun(record, _asking, _reading, _nodes, _chain, Wanted, _time)
                {
                    NoteAsync = async (noted, _) =>
                    {
                        await Task.Run(() => _notes.Write(noted), CancellationToken.None);
                        _records[noted.Id] = noted;
                        return true;
                    },
                });
            }
        }
    }

    private int Wanted(ResourceId id) => _replicator.HoldersOf(id).Wanted;

    private void Begin(ArchiveRun run)
    {
        if (_runs.TryAdd(run.Record.Id, run))
        {
            _running[run.Record.Id] = Task.Run(() => RunAsync(run));
        }
    }

    private async Task RunAsync(ArchiveRun run)
    {
        var id = run.Record.Id;
        ArchiveLog.Goes(_logger, id, run.Record.Resource, run.Record.Kind, run.Record.Phase);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token, run.Turn?.Lost ?? CancellationToken.None);
        try
        {
            while (!run.Record.IsOver)
            {
                try
                {
                    await run.RunAsync(ending.Token);
                }
                catch (Exception error) when (error is StoreException or ClusterUnavailableException)
                {
                    ArchiveLog.NotNoted(_logger, id, error.Message);
                    await Task.Delay(TimeSpan.FromSeconds(1), _time, ending.Token);
                }
            }

            ArchiveLog.Ended(_logger, id, run.Record.Resource, run.Record.Kind, run.Record.Phase, run.Record.Reason);
            Forget();
        }
        catch (OperationCanceledException)
        {
            // It is noted how far it was.
        }
        catch (Exception error)
        {
            ArchiveLog.JobBroken(_logger, error, id);
            await Task.Delay(TimeSpan.FromSeconds(5), _time, ending.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        finally
        {
            _runs.TryRemove(id, out _);
            _running.TryRemove(id, out _);
            await (run.Turn?.DisposeAsync() ?? ValueTask.CompletedTask);
        }
    }

    /// <summary>Of jobs that have ended the oldest are forgotten.</summary>
    private void Forget()
    {
        foreach (var old in _records.Values.Where(record => record.IsOver).OrderByDescending(record => record.EndedMs).Skip(EndedCountMax))
        {
            _notes.Remove(old.Id);
            _records.TryRemove(old.Id, out _);
        }

        if (_registry is { } registry)
        {
            foreach (var (old, _, revision) in _jobs.Read().Where(job => job.Record.IsOver)
                .OrderByDescending(job => job.Record.EndedMs).Skip(EndedCountMax).ToArray())
            {
                _ = registry.Jobs.DeleteAsync(Kind, old.Id, revision, null, _stopping.Token);
            }
        }
    }

    /// <summary>What nobody runs is taken in hand, by one of a few nodes that try at a time.</summary>
    private void FollowRegistry(IClusterRegistry registry)
    {
        var (jobs, now) = (_jobs.Read(), _time.GetInstant());
        foreach (var (record, runner, _) in jobs.OrderBy(job => job.Record.CreatedMs))
        {
            if (record.IsOver || runner is not null || _runs.ContainsKey(record.Id))
            {
                _abandoned.OnKept(record.Id);
            }
            else if (_abandoned.OnAbandoned(now, record.Id, _nodes.Nodes.Length))
            {
                _adopting = AdoptAsync(registry, record.Id);
                return;
            }
        }

        _abandoned.Trim(jobs.Select(job => job.Record.Id));
    }

    private async Task AdoptAsync(IClusterRegistry registry, string id)
    {
        try
        {
            if (await registry.Jobs.TryRunAsync(Kind, id, _stopping.Token) is not { } turn)
            {
                return;
            }

            var jobs = await registry.Jobs.ListAsync(Kind, _stopping.Token);
            if (jobs.FirstOrDefault(job => job.Id == id) is not { } there
                || ArchiveRecord.TryRead(there.Document) is not { IsOver: false } record)
            {
                await turn.DisposeAsync();
                return;
            }

            var revision = there.Revision;
            Begin(new ArchiveRun(record, _asking, _reading, _nodes, _chain, Wanted, _time)
            {
                Turn = turn,
                NoteAsync = async (noted, token) =>
                {
                    if (await registry.Jobs.PutAsync(Kind, id, noted.Write(), revision, turn, token) is not { } job)
                    {
                        return false;
                    }

                    revision = job.Revision;
                    return true;
                },
            });
        }
        catch (Exception error) when (error is ClusterUnavailableException or OperationCanceledException)
        {
            // The next beat tries again.
        }
    }
}
