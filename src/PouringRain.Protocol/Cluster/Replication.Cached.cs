namespace PouringRain.Protocol.Cluster;

// Nobody tells a node for long of a newer version of what it keeps no copy of: cached copies whose places are elsewhere are asked about,
// all of them in turn, at once after this node has been cut off or was started, and now and then whatever happens.
public sealed partial class Replication
{
    private const int CachedLooksMax = 4096, CachedBatch = 256;

    private static readonly TimeSpan CachedStep = TimeSpan.FromMilliseconds(100), CachedAgain = TimeSpan.FromSeconds(1);

    private readonly ReplicaEntry[] _cached = new ReplicaEntry[CachedBatch];
    private Instant _nextCached = new(0);
    private int _cachedAt;
    private ResourceId? _cachedAfter;
    private bool _willCheckAgain, _hasUnasked;

    /// <summary>Cached copies may be outdated: somebody answers who did not.</summary>
    private void RecheckCached()
    {
        _willCheckAgain = true;
        _nextCached = new Instant(0);
    }

    private void LookAtCached(Instant now)
    {
        if (_nextCached > now || !_index.IsLoaded)
        {
            _nextCached = _index.IsLoaded ? _nextCached : now + CachedAgain;
            return;
        }

        var (looks, checks) = (CachedLooksMax, (int)Math.Max(1, _options.CachedChecksPerSecond * CachedStep.TotalSeconds));
        while (_cachedAt < ReplicaIndex.PartitionCount && looks > 0 && checks > 0)
        {
            var count = _index.ChangesIn(_cachedAt) == 0 ? 0 : _index.CopyAfter(_cachedAt, _cachedAfter, _cached);
            for (var i = 0; i < count && checks > 0; i++, looks--)
            {
                var entry = _cached[i];
                _cachedAfter = entry.Id;
                if (MayBeOutdated(entry) && !IsHolder(entry.Id))
                {
                    checks--;
                    CheckCached(now, entry.Id);
                }
            }

            if (count < CachedBatch && checks > 0)
            {
                (_cachedAt, _cachedAfter) = (_cachedAt + 1, null);
            }
        }

        _nextCached = now + CachedStep;
        if (_cachedAt == ReplicaIndex.PartitionCount)
        {
            (_cachedAt, _cachedAfter) = (0, null);
            _nextCached = now + (_willCheckAgain ? CachedAgain : _options.SweepInterval * (_hasUnasked ? 1 : 3));
            (_willCheckAgain, _hasUnasked) = (false, false);
        }
    }

    /// <summary>Whether there may be a newer version of which nobody tells this node: of what it has cached, and of what it knows as
    /// deleted for so long that others have forgotten it.</summary>
    private bool MayBeOutdated(in ReplicaEntry entry)
    {
        var version = entry.Replica.Version;
        return version.IsDeleted
            ? version.Stamp <= _othersForgottenTo && version.Stamp > Marks.ForgottenTo
            : !entry.Replica.IsKept && !entry.IsInDoubt;
    }

    /// <summary>Tells a holder of a cached copy: it answers with a newer version, if it has one.</summary>
    private void CheckCached(Instant now, ResourceId id)
    {
        foreach (var holder in _placement.Holders(id))
        {
            if (_peers.TryGetValue(holder, out var peer) && peer.IsAnswering)
            {
                Tell(now, peer, id);
                return;
            }
        }

        _hasUnasked = true;
    }
}
