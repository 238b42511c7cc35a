using System.Collections.Immutable;
using MurkyWaters.Cluster;
using MurkyWaters.Jobs;

namespace MurkyWaters.Deploying;

// What is done once a second: what was said is asked again and noted, and what nobody runs is taken in hand.
internal sealed partial class Deployments
{
    /// <summary>A job that was made just now is left to its maker for so long.</summary>
    private static readonly TimeSpan AbandonedAfter = TimeSpan.FromSeconds(4);

    private readonly AbandonedJobs _abandoned = new(AbandonedAfter);
    private Task _adopting = Task.CompletedTask;

    /// <summary>Once a second.</summary>
    public void Tick()
    {
        DeploymentRun[] runs;
        lock (_table)
        {
            runs = [.. _runs.Values];
        }

        var nodes = _nodes.Nodes;
        foreach (var run in runs)
        {
            try
            {
                if (run.Turn is { IsHeld: false })
                {
                    // Whoever has it now goes by what was noted.
                    Drop(run);
                    continue;
                }

                run.Tick(nodes);
                if (run.Saving.IsCompleted && (run.IsNoteDue || (run.IsOver && run.IsNoted)))
                {
                    run.Saving = Task.Run(() => SaveAsync(run, _stopping.Token));
                }
            }
            catch (Exception error)
            {
                DeployLog.BeatFailed(_logger, error, run.Id);
            }
        }

        if (_registry is { } registry && _adopting.IsCompleted)
        {
            FollowRegistry(registry);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        DeploymentRun[] runs;
        lock (_table)
        {
            runs = [.. _runs.Values];
        }

        await _adopting;
        foreach (var run in runs)
        {
            await run.Saving;
            if (!run.IsNoted)
            {
                await SaveAsync(run, CancellationToken.None);
            }

            run.Leave();
            await (run.Turn?.DisposeAsync() ?? ValueTask.CompletedTask);
        }

        await Agent.DisposeAsync();
        _stopping.Dispose();
        _gate.Dispose();
    }

    /// <summary>Notes how one stands; what is not taken now is tried again with the next beat.</summary>
    private async Task SaveAsync(DeploymentRun run, CancellationToken cancellationToken)
    {
        try
        {
            var changes = run.Changes;
            var record = run.Record;
            if (_registry is { } registry)
            {
                if (await registry.Jobs.PutAsync(
                    Kind, record.JobId, record.Write(), run.Revision, run.Turn, cancellationToken) is not { } job)
                {
                    await CatchUpAsync(registry, run);
                    return;
                }

                run.Revision = job.Revision;
            }
            else
            {
                _notes.Write(record);
            }

            run.NoteSaved(changes, record.Wave);
            if (record.IsOver)
            {
                await EndAsync(run, record);
            }
        }
        catch (OperationCanceledException)
        {
            // The node ends.
        }
        catch (Exception error) when (error is ClusterUnavailableException or StoreException)
        {
            DeployLog.NotNoted(_logger, run.Id, error.Message);
        }
    }

    /// <summary>Somebody else has written the document, to have it stopped; or the turn is lost, which the next beat sees.</summary>
    private async Task CatchUpAsync(IClusterRegistry registry, DeploymentRun run)
    {
        var jobs = await registry.Jobs.ListAsync(Kind, _stopping.Token);
        if (jobs.FirstOrDefault(job => job.Id == DeploymentRecord.IdText(run.Id)) is not { } there)
        {
            Drop(run);
            return;
        }

        run.Revision = there.Revision;
        if (DeploymentRecord.TryRead(there.Document) is { IsStopped: true })
        {
            run.Stop();
        }
    }

    private void Drop(DeploymentRun run)
    {
        run.Leave();
        lock (_table)
        {
            _runs.Remove(run.Id);
        }

        _ = run.Turn?.DisposeAsync().AsTask();
    }

    /// <summary>One is over and noted. Of those that are over the oldest are forgotten.</summary>
    private async Task EndAsync(DeploymentRun run, DeploymentRecord record)
    {
        lock (_table)
        {
            _runs.Remove(run.Id);
            _ended[run.Id] = record;
            _endedCounts[record.Phase] = _endedCounts.GetValueOrDefault(record.Phase) + 1;
        }

        await (run.Turn?.DisposeAsync() ?? ValueTask.CompletedTask);
        var jobs = _jobs.Read();
        foreach (var old in All.Where(deployment => deployment.Ended is not null).OrderByDescending(deployment => deployment.Ended)
            .Skip(EndedCountMax))
        {
            var id = old.Plan.Order.Deployment;
            if (_registry is null)
            {
                _notes.Remove(old.Id);
            }
            else if (jobs.FirstOrDefault(job => job.Record.Id == id) is { Record: not null } there)
            {
                await _registry.Jobs.DeleteAsync(Kind, old.Id, there.Revision, null, _stopping.Token);
            }

            lock (_table)
            {
                _ended.Remove(id);
            }
        }
    }

    /// <summary>What somebody else has stopped is stopped, and what nobody runs is taken in hand.</summary>
    private void FollowRegistry(IClusterRegistry registry)
    {
        var (jobs, now) = (_jobs.Read(), _time.GetInstant());
        foreach (var (record, runner, revision) in jobs)
        {
            DeploymentRun? run;
            lock (_table)
            {
                _runs.TryGetValue(record.Id, out run);
            }

            if (run is not null)
            {
                if (record.IsStopped && revision >= run.Revision)
                {
                    run.Stop();
                }

                _abandoned.OnKept(record.JobId);
            }
            else if (record.IsOver || runner is not null)
            {
                _abandoned.OnKept(record.JobId);
            }
            else if (_abandoned.OnAbandoned(now, record.JobId, _nodes.Nodes.Length))
            {
                _adopting = AdoptAsync(registry, record.Id);
                return;
            }
        }

        lock (_table)
        {
            // Everybody has them from the registry by now.
            foreach (var (record, _, _) in jobs.Where(job => job.Record.IsOver))
            {
                _ended.Remove(record.Id);
            }
        }

        _abandoned.Trim(jobs.Select(job => job.Record.JobId));
    }

    private async Task AdoptAsync(IClusterRegistry registry, ulong id)
    {
        try
        {
            var text = DeploymentRecord.IdText(id);
            var jobs = await registry.Jobs.ListAsync(Kind, _stopping.Token);
            if (jobs.FirstOrDefault(job => job.Id == text) is { Runner: null } job
                && DeploymentRecord.TryRead(job.Document) is { IsOver: false } record)
            {
                await TakeInHandAsync(registry, text, record, job.Revision, _stopping.Token);
            }
        }
        catch (Exception error) when (error is ClusterUnavailableException or OperationCanceledException)
        {
            // The next beat tries again.
        }
    }

    private async Task TakeInHandAsync(
        IClusterRegistry registry, string id, DeploymentRecord record, long revision, CancellationToken cancellationToken)
    {
        if (await registry.Jobs.TryRunAsync(Kind, id, cancellationToken) is not { } turn)
        {
            return;
        }

        // Somebody may have written it since; the first note finds out.
        Add(Make(record, turn, revision));
    }

    /// <summary>Notes there that it is to be stopped; false when there is no such job.</summary>
    private static async Task<bool> StopInRegistryAsync(IClusterRegistry registry, ulong id, CancellationToken cancellationToken)
    {
        const int triesMax = 10;
        for (var i = 0; i < triesMax; i++)
        {
            var jobs = await registry.Jobs.ListAsync(Kind, cancellationToken);
            if (jobs.FirstOrDefault(job => job.Id == DeploymentRecord.IdText(id)) is not { } job
                || DeploymentRecord.TryRead(job.Document) is not { } record)
            {
                return false;
            }

            if (record.IsOver || record.IsStopped || await registry.Jobs.PutAsync(
                Kind, job.Id, (record with { IsStopped = true }).Write(), job.Revision, null, cancellationToken) is not null)
            {
                return true;
            }
        }

        throw new ClusterUnavailableException("The deployment's document changes too fast to be written.");
    }
}
