using System.Collections.Concurrent;
using System.Collections.Immutable;
using PouringRain.Protocol;
using PouringRain.Protocol.Cluster;

namespace MurkyWaters.Replicating;

/// <summary>What the node wants to know of copies elsewhere, and the waiting for it.</summary>
internal sealed partial class Replicator
{
    /// <summary>How long addresses that are new may take to answer before the members are those that were heard by then.</summary>
    private static readonly TimeSpan SettleMax = TimeSpan.FromSeconds(3);

    private readonly ConcurrentDictionary<long, TaskCompletionSource<SurveyResult>> _surveys = new();
    private readonly ConcurrentDictionary<TaskCompletionSource, byte> _waiters = new();

    /// <summary>Who is known to keep the newest version that is here of a resource, and how many are to.</summary>
    public (ImmutableArray<NodeId> Holders, int Wanted) HoldersOf(ResourceId id)
    {
        var isHere = _store.FindResource(id) is { Manifest.IsDeleted: false };
        if (!_hasOthers)
        {
            return (isHere ? [_store.NodeId] : [], 1);
        }

        return (_machine.KnownHolders(id), _wantedCount);
    }

    /// <summary>Counts the nodes that keep what is newest here, this one included, until there are enough, the time is up, or nobody is
    /// left who is to keep it and answers.</summary>
    public async Task<int> CountAsync(ResourceId id, int replicas, TimeSpan limit, CancellationToken cancellationToken)
    {
        if (_store.FindResource(id) is not { Manifest.IsDeleted: false })
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

    /// <summary>The newest version that this node and all that answer know of, holders or not.</summary>
    public async Task<SurveyResult> SurveyAsync(ResourceId id, CancellationToken cancellationToken)
    {
        // A version that is made before the others are known might be stamped by a wrong clock, and is older than what they have.
        while (!IsDecided)
        {
            await ChangeAsync(() => IsDecided, cancellationToken);
        }

        var here = _store.FindResource(id) is { } found ? ReplicaVersion.Of(found.Manifest) : ReplicaVersion.None;
        if (!_hasOthers)
        {
            return new SurveyResult(0, id, here, 0, 0) { Holders = 1, HoldersAnswered = 1, HoldersKnowing = 1 };
        }

        var surveyed = new TaskCompletionSource<SurveyResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        long number;
        lock (_surveys)
        {
            // Under a lock, so that a result does not come before there is somebody to take it.
            number = _machine.Survey(_time.GetInstant(), id, isOfAll: true);
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

    /// <summary>The stamp of that version; the least number for none.</summary>
    public async Task<long> AskNewestAsync(ResourceId id, CancellationToken cancellationToken) =>
        (await SurveyAsync(id, cancellationToken)).Newest.Stamp;

    /// <summary>Whether who is there is known, as far as that can be.</summary>
    private bool IsSettled => _time.GetInstant() - _nodes.ContactsChangedAt >= SettleMax || _nodes.IsSettled;

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

    private void WakeWaiters()
    {
        foreach (var (waiter, _) in _waiters)
        {
            waiter.TrySetResult();
        }
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
}
