namespace PouringRain.Protocol.Cluster;

// What all members are known to have had, and what is forgotten for that reason; and what follows for a store that was away meanwhile.
public sealed partial class Replication
{
    private const int DecidedMax = 65_536;

    private static readonly TimeSpan AloneMin = TimeSpan.FromDays(1);

    private ReplicationMarks _savedMarks, _savingMarks;
    private Instant _aloneSince = Instant.Never;
    private long _doubtTo = long.MinValue, _othersForgottenTo = long.MinValue;
    private readonly Dictionary<ResourceId, ReplicaVersion> _decided = [];
    private readonly Dictionary<ResourceId, Instant> _lateTombstones = [];
    private bool _hasDoubts;
    private long _doubts;

    /// <summary>What the store is to remember of the cluster, to be given back in <see cref="ReplicationOptions.Marks"/>.</summary>
    public ReplicationMarks Marks { get; private set; }

    /// <summary>Whether copies here are in doubt.</summary>
    public bool HasDoubts
    {
        get
        {
            lock (_gate)
            {
                return _hasDoubts;
            }
        }
    }

    /// <summary>Marks are on the disk; others are told of them only now.</summary>
    public void MarksSaved(ReplicationMarks marks)
    {
        lock (_gate)
        {
            _savedMarks = marks;
        }
    }

    private TimeSpan MarkStep => _options.TombstoneLifetime / 1000;

    /// <summary>Notes what all members have had, after a comparison that found no difference.</summary>
    private void Agree(Instant now)
    {
        var agreed = long.MaxValue;
        foreach (var member in _members)
        {
            if (member.Id == _options.Node || member.State == MemberState.Gone)
            {
                continue;
            }

            if (!member.IsReachable || !_peers.TryGetValue(member.Id, out var peer))
            {
                return;
            }

            agreed = Math.Min(agreed, peer.AgreedAt.Min());
        }

        if (agreed is long.MaxValue or long.MinValue || _hasDoubts || agreed - _options.MaxAheadMs <= Marks.AgreedTo)
        {
            return;
        }

        // A clock may be that far off, and with it the stamp of a tombstone.
        Marks = Marks with { AgreedTo = agreed - _options.MaxAheadMs };
        if (_savingMarks.AgreedTo == long.MinValue || Marks.AgreedTo - _savingMarks.AgreedTo >= MarkStep.TotalMilliseconds)
        {
            SaveMarks();
        }
    }

    /// <summary>Forgets more, if it may.</summary>
    private void UpdateMarks(Instant now)
    {
        var to = ClusterMs(now) - (long)_options.TombstoneLifetime.TotalMilliseconds;
        var isAlone = true;
        foreach (var member in _members)
        {
            if (member.Id == _options.Node || member.State == MemberState.Gone)
            {
                continue;
            }

            isAlone = false;
            if (!member.IsReachable || !_peers.TryGetValue(member.Id, out var peer) || !peer.IsAnswering)
            {
                return;
            }

            to = Math.Min(to, peer.AgreedTo);
        }

        _aloneSince = !isAlone ? Instant.Never : _aloneSince == Instant.Never ? now : _aloneSince;
        if (isAlone && (Marks.AgreedTo != long.MinValue || now - _aloneSince < AloneMin))
        {
            // It has others, and does not see them.
            return;
        }

        to = isAlone ? to : Math.Min(to, _savedMarks.AgreedTo);
        if (to > 0 && (Marks.ForgottenTo == long.MinValue || to - Marks.ForgottenTo >= 10 * MarkStep.TotalMilliseconds))
        {
            Marks = Marks with { ForgottenTo = to };
            SaveMarks();
        }
    }

    private void SaveMarks()
    {
        _savingMarks = Marks;
        _actions.Enqueue(new ReplicationAction(ReplicationActionKind.SaveMarks, default, ReplicaVersion.None) { Marks = Marks });
    }

    /// <summary>Another node has forgotten up to there. Who did not have the same tombstones as all others by then may have what was
    /// deleted.</summary>
    private void NoteForgotten(Instant now, long forgottenTo)
    {
        _othersForgottenTo = Math.Max(_othersForgottenTo, forgottenTo);
        if (Marks.AgreedTo != long.MinValue && forgottenTo > Marks.AgreedTo)
        {
            _doubtTo = Math.Max(_doubtTo, forgottenTo);
            _hasDoubts = true;
            Doubt(now);
        }
    }

    private void Doubt(Instant now)
    {
        if (_doubtTo == long.MinValue || !_index.IsLoaded)
        {
            return;
        }

        var to = Math.Min(_doubtTo, Marks.AgreedTo);
        for (var partition = 0; partition < ReplicaIndex.PartitionCount; partition++)
        {
            foreach (var entry in CopyPartition(partition).ToArray())
            {
                var version = entry.Replica.Version;
                if (!version.IsDeleted && version.Stamp <= to)
                {
                    _index.SetDoubt(entry.Id, true);
                }
            }
        }

        _doubtTo = long.MinValue;
        StartSweep(now);
    }

    /// <summary>Somebody else has it as well.</summary>
    private void ClearDoubt(in ReplicaEntry entry)
    {
        if (entry.IsInDoubt)
        {
            _index.SetDoubt(entry.Id, false);
            _inquiries.Remove(entry.Id);
        }
    }

    /// <summary>A member has nothing of what is in doubt here, or has the tombstone of which that was not known. When none has anything, it
    /// was deleted; when all have the tombstone, nobody needs to be asked again.</summary>
    private void Judge(Instant now, ReplicationPeer peer, in ReplicaEntry entry)
    {
        var version = entry.Replica.Version;
        if (!_inquiries.TryGetValue(entry.Id, out var inquiry) || !inquiry.IsDoubt || !inquiry.Version.IsSameAs(version)
            || (!entry.IsInDoubt && !version.IsDeleted))
        {
            return;
        }

        inquiry.Missing.Add(peer.Id);
        foreach (var member in _members)
        {
            if (member.Id != _options.Node && member.State != MemberState.Gone
                && (!member.IsReachable || !inquiry.Missing.Contains(member.Id)))
            {
                return;
            }
        }

        if (!version.IsDeleted)
        {
            Act(now, ReplicationActionKind.Forget, entry.Id, version);
        }
        else if (_decided.Count < DecidedMax)
        {
            _decided[entry.Id] = version;
        }
    }

    private bool IsDecided(in ReplicaEntry entry) =>
        _decided.TryGetValue(entry.Id, out var version) && version.IsSameAs(entry.Replica.Version);

    /// <summary>A tombstone comes that is so old that others have forgotten theirs: it is kept for a while, until all have heard of
    /// it.</summary>
    private void NoteBuried(Instant now, ResourceId id, ReplicaVersion version)
    {
        if (version.Stamp <= Marks.ForgottenTo && _lateTombstones.Count < DecidedMax)
        {
            _lateTombstones[id] = now + (_options.TombstoneLifetime / 8);
        }
    }
}
