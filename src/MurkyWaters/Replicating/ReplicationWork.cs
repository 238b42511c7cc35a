using Microsoft.Extensions.Logging;
using MurkyWaters.Fetching;
using MurkyWaters.Store;
using PouringRain.Protocol;
using PouringRain.Protocol.Cluster;

namespace MurkyWaters.Replicating;

/// <summary>Does what replication asks for with what is in the store: fetches, buries, keeps and gives up copies. How much of it at a time
/// the machine decides. Thread-safe.</summary>
internal sealed class ReplicationWork(ResourceStore store, FetchTable fetches, ILogger logger)
{
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private int _running;
    private bool _isEnding;

    /// <summary>Learns of a version whose bytes are in pieces, and keeps what it is; set by the node.</summary>
    public Func<ResourceId, ReplicaVersion, Task<bool>>? Adopt { get; set; }

    /// <summary>Does it in the background, and tells how it ended.</summary>
    public void Start(ReplicationAction action, Action<ReplicationAction, ReplicationOutcome> onEnded)
    {
        lock (_gate)
        {
            if (_isEnding)
            {
                return;
            }

            _running++;
        }

        _ = Task.Run(async () =>
        {
            var outcome = ReplicationOutcome.Failed;
            try
            {
                outcome = await DoAsync(action);
            }
            catch (StoreFullException)
            {
                outcome = ReplicationOutcome.NoRoom;
            }
            catch (Exception error)
            {
                ReplicationLog.ActionFailed(logger, error, action.Kind, action.Id);
            }

            onEnded(action, outcome);
            lock (_gate)
            {
                if (--_running == 0 && _isEnding)
                {
                    _ended.TrySetResult();
                }
            }
        });
    }

    /// <summary>Begins no more; ends when what runs has ended.</summary>
    public Task EndAsync()
    {
        lock (_gate)
        {
            _isEnding = true;
            if (_running == 0)
            {
                _ended.TrySetResult();
            }
        }

        return _ended.Task;
    }

    private Task<ReplicationOutcome> DoAsync(ReplicationAction action) => action.Kind switch
    {
        ReplicationActionKind.Fetch => FetchAsync(action),
        ReplicationActionKind.Bury => BuryAsync(action),
        ReplicationActionKind.Demote => ChangeRetentionAsync(action, Retention.Cached),
        ReplicationActionKind.Promote => ChangeRetentionAsync(action, Retention.Kept),
        ReplicationActionKind.Forget => ForgetAsync(action),
        _ => throw new InvalidOperationException($"{action.Kind} is not done here."),
    };

    private async Task<ReplicationOutcome> FetchAsync(ReplicationAction action)
    {
        if (await KeepWhatIsHereAsync(action))
        {
            return ReplicationOutcome.Done;
        }

        if (!store.TryMakeRoom(action.Version.Length, countsForQuota: false))
        {
            return ReplicationOutcome.NoRoom;
        }

        if (fetches.KeepFrom(action.Id, action.Sources, action.IsMending) is not { } fetch)
        {
            return ReplicationOutcome.Failed;
        }

        await fetch.Completion;
        return await KeepWhatIsHereAsync(action) ? ReplicationOutcome.Done
            : fetch.End == FetchEndReason.NotFound && await AdoptAsync(action) ? ReplicationOutcome.Done
            : store.Space.IsFull ? ReplicationOutcome.NoRoom
            : fetch.End == FetchEndReason.NotFound ? ReplicationOutcome.NoSuch
            : ReplicationOutcome.Failed;
    }

    /// <summary>Whether the version or a newer one is here; then it is kept from now on.</summary>
    private async Task<bool> KeepWhatIsHereAsync(ReplicationAction action)
    {
        using (await store.EnterAsync(action.Id, CancellationToken.None))
        {
            var entry = store.FindEntry(action.Id);
            if (entry is null && store.FindInPieces(action.Id) is ({ } inPieces, _)
                && ReplicaVersion.Of(inPieces.Manifest) >= action.Version)
            {
                if (inPieces.Retention == Retention.Cached)
                {
                    await store.ChangeRetentionInPiecesAsync(inPieces, Retention.Kept);
                }

                return true;
            }

            if (entry is null || VersionOf(entry) < action.Version)
            {
                return false;
            }

            if (entry is { IsTombstone: false, Resource.Retention: Retention.Cached })
            {
                await store.ChangeRetentionAsync(entry, Retention.Kept);
            }

            return true;
        }
    }

    private async Task<ReplicationOutcome> BuryAsync(ReplicationAction action)
    {
        using (await store.EnterAsync(action.Id, CancellationToken.None))
        {
            if (store.FindResource(action.Id) is not { } resource || ReplicaVersion.Of(resource.Manifest) < action.Version)
            {
                await store.CommitTombstoneAsync(action.Id, action.Tombstone!);
            }

            return ReplicationOutcome.Done;
        }
    }

    private async Task<ReplicationOutcome> ChangeRetentionAsync(ReplicationAction action, Retention retention)
    {
        using (await store.EnterAsync(action.Id, CancellationToken.None))
        {
            if (FindSame(action) is { IsTombstone: false } entry && entry.Resource.Retention != retention)
            {
                await store.ChangeRetentionAsync(entry, retention);
            }
            else if (FindSameInPieces(action) is { } inPieces && inPieces.Retention != retention)
            {
                await store.ChangeRetentionInPiecesAsync(inPieces, retention);
            }

            return ReplicationOutcome.Done;
        }
    }

    private async Task<ReplicationOutcome> ForgetAsync(ReplicationAction action)
    {
        using (await store.EnterAsync(action.Id, CancellationToken.None))
        {
            if (FindSame(action) is { } entry)
            {
                if (entry.IsTombstone && store.Catalog.IsWaitingForBacking(action.Id))
                {
                    // The object store has yet to be told.
                    return ReplicationOutcome.Failed;
                }

                await store.ForgetAsync(action.Id);
            }
            else if (FindSameInPieces(action) is not null)
            {
                await store.ForgetAsync(action.Id);
            }

            return ReplicationOutcome.Done;
        }
    }

    private StoreEntry? FindSame(ReplicationAction action) =>
        store.FindEntry(action.Id) is { } entry && VersionOf(entry).IsSameAs(action.Version) ? entry : null;

    private StoredResource? FindSameInPieces(ReplicationAction action) =>
        store.FindInPieces(action.Id) is ({ } resource, _) && ReplicaVersion.Of(resource.Manifest).IsSameAs(action.Version)
            ? resource : null;

    /// <summary>Nobody has the bytes: they may be in pieces, of which any says what the resource is.</summary>
    private async Task<bool> AdoptAsync(ReplicationAction action) =>
        Adopt is { } adopt && await adopt(action.Id, action.Version) && await KeepWhatIsHereAsync(action);

    private static ReplicaVersion VersionOf(StoreEntry entry) => ReplicaVersion.Of(entry.Resource.Manifest);
}
