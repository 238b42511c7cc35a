using System.Collections.Immutable;
using PouringRain.Protocol.Cluster.Messages;

namespace PouringRain.Protocol.Cluster;

// What is missing here is fetched: in two lanes, so that small resources never wait for large ones, and deletions wait for neither.
public sealed partial class Replication
{
    private const int SourcesMax = 16, FailedMax = 32;

    private static readonly TimeSpan FetchFirst = TimeSpan.FromSeconds(1), FetchMax = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan NoRoomFirst = TimeSpan.FromSeconds(10), RateWindow = TimeSpan.FromSeconds(30);

    private readonly Dictionary<ResourceId, Want> _wants = [];
    private readonly PriorityQueue<ResourceId, long>[] _lanes = [new(), new(), new(), new()];
    private readonly int[] _fetching = new int[2];
    private readonly Instant[] _paidAt = new Instant[2];
    private readonly Queue<ReplicationAction> _actions = [];
    private readonly Dictionary<ResourceId, ReplicationAction> _acting = [];
    private readonly Queue<(ResourceId Id, string Reason)> _failed = [];
    private double _mendedBytes;
    private Instant _mendedAt;

    /// <summary>What the owner is to do, oldest first.</summary>
    public bool TryPollAction(out ReplicationAction action)
    {
        lock (_gate)
        {
            return _actions.TryDequeue(out action!);
        }
    }

    /// <summary>An action has ended: of those of one resource that are not over, the one that is no fetch.</summary>
    public void Ended(Instant now, ResourceId id, ReplicationOutcome outcome)
    {
        lock (_gate)
        {
            Ended(now, _acting.GetValueOrDefault(id) ?? new ReplicationAction(ReplicationActionKind.Fetch, id, default), outcome);
        }
    }

    /// <summary>An action has ended. What was done to the index is there by now.</summary>
    public void Ended(Instant now, ReplicationAction action, ReplicationOutcome outcome)
    {
        ArgumentNullException.ThrowIfNull(action);
        lock (_gate)
        {
            var id = action.Id;
            if (action.Kind != ReplicationActionKind.Fetch)
            {
                _acting.Remove(id);
                if (outcome == ReplicationOutcome.NoRoom)
                {
                    NoteFailed(id, "no room");
                }

                return;
            }

            if (!_wants.TryGetValue(id, out var want) || !want.IsInFlight)
            {
                return;
            }

            want.IsInFlight = false;
            _fetching[LaneOf(want.Fetching)]--;
            if (_index.TryFind(id, out var replica) && replica.Version >= want.Version && replica.IsKept)
            {
                _wants.Remove(id);
                return;
            }

            if (!want.Fetching.IsSameAs(want.Version))
            {
                Queue(want, now);
                return;
            }

            NoteFailed(id, outcome switch
            {
                ReplicationOutcome.NoRoom => "no room",
                ReplicationOutcome.NoSuch => "no source has it",
                _ => "it could not be fetched",
            });
            if (outcome == ReplicationOutcome.NoSuch)
            {
                // Who has it by now is found by comparing.
                _wants.Remove(id);
                ForgetCompared(id);
                return;
            }

            want.Attempts++;
            Queue(want, now + Pause(outcome == ReplicationOutcome.NoRoom ? NoRoomFirst : FetchFirst, want.Attempts - 1, FetchMax));
        }
    }

    /// <summary>Has something fetched, unless that is so already.</summary>
    /// <returns>Whether it will be.</returns>
    private bool Want(Instant now, ResourceId id, ReplicaVersion version, NodeId node, PeerAddress? teller, bool isFresh)
    {
        if (!_wants.TryGetValue(id, out var want))
        {
            if (_wants.Count >= _options.WantedMax)
            {
                return false;
            }

            _wants[id] = want = new Want(id, version) { IsFresh = isFresh, Since = now };
            AddSource(want, node, teller);
            Queue(want, now);
            return true;
        }

        if (version > want.Version)
        {
            want.Version = version;
            want.Sources.Clear();
            want.Attempts = 0;
            want.IsFresh = isFresh;
            want.Since = now;
            if (!want.IsInFlight)
            {
                Queue(want, now);
            }
        }

        if (version.IsSameAs(want.Version))
        {
            AddSource(want, node, teller);
        }

        return true;
    }

    private static void AddSource(Want want, NodeId node, PeerAddress? teller)
    {
        if (!want.Sources.Contains(node) && want.Sources.Count < SourcesMax)
        {
            want.Sources.Add(node);
        }

        want.Teller = teller ?? want.Teller;
    }

    private void NoteSource(ResourceId id, ReplicaVersion version, NodeId node)
    {
        if (_wants.TryGetValue(id, out var want) && want.Version.IsSameAs(version))
        {
            AddSource(want, node, null);
        }
    }

    private void Queue(Want want, Instant due)
    {
        want.Due = due;
        _lanes[QueueOf(want)].Enqueue(want.Id, due.Nanoseconds);
    }

    /// <summary>Small ones and large ones to be mended, small ones and large ones that were just made.</summary>
    private int QueueOf(Want want) => LaneOf(want.Version) + (want.IsFresh ? 2 : 0);

    private int LaneOf(ReplicaVersion version) => version.Length <= _options.SmallBytes ? 0 : 1;

    /// <summary>Whether it is this node's own doing that a version came.</summary>
    private bool NoteMended(Instant now, in ReplicaEntry entry)
    {
        var (id, version) = (entry.Id, entry.Replica.Version);
        if (_wants.TryGetValue(id, out var want) && version >= want.Version)
        {
            if (!want.IsInFlight)
            {
                _wants.Remove(id);
            }

            if (version.IsSameAs(want.Version))
            {
                _mendedBytes += version.Length;
                if (entry.Replica.IsKept && !entry.IsInDoubt)
                {
                    TellBack(now, want);
                }

                return true;
            }
        }

        return _acting.TryGetValue(id, out var action) && action.Version.IsSameAs(version);
    }

    private Instant NextGrant()
    {
        var next = Instant.Never;
        for (var queue = 0; queue < _lanes.Length; queue++)
        {
            if (_fetching[queue % 2] < FetchesMax(queue % 2) && _lanes[queue].TryPeek(out _, out var due))
            {
                next = Instant.Min(next, queue < 2 ? Instant.Max(new Instant(due), _paidAt[queue]) : new Instant(due));
            }
        }

        return next;
    }

    private int FetchesMax(int lane) => lane == 0 ? _options.SmallFetchesMax : _options.LargeFetchesMax;

    private void Grant(Instant now)
    {
        for (var queue = _lanes.Length - 1; queue >= 0; queue--)
        {
            var lane = queue % 2;
            while (_fetching[lane] < FetchesMax(lane) && _lanes[queue].TryPeek(out var id, out var due) && due <= now.Nanoseconds)
            {
                if (!_wants.TryGetValue(id, out var want) || want.IsInFlight || want.Due.Nanoseconds != due || QueueOf(want) != queue)
                {
                    _lanes[queue].Dequeue();
                    continue;
                }

                if (!IsHolder(id) || (_index.TryFind(id, out var replica) && replica.IsKept && replica.Version >= want.Version))
                {
                    _lanes[queue].Dequeue();
                    _wants.Remove(id);
                    continue;
                }

                if (!want.IsFresh && _paidAt[lane] > now)
                {
                    break;
                }

                _lanes[queue].Dequeue();
                Fetch(now, want, lane);
            }
        }
    }

    private void Fetch(Instant now, Want want, int lane)
    {
        var sources = ImmutableArray.CreateBuilder<PeerAddress>();
        foreach (var node in want.Sources)
        {
            if (_peers.TryGetValue(node, out var peer))
            {
                sources.AddRange(peer.Member.Rain);
            }
        }

        if (want.Teller is { } teller && sources.Count == 0)
        {
            sources.Add(teller);
        }

        if (sources.Count == 0)
        {
            _wants.Remove(want.Id);
            ForgetCompared(want.Id);
            return;
        }

        if (!want.IsFresh && _options.RepairBytesPerSecond > 0)
        {
            var rate = _lanes[1 - lane].Count > 0 ? Math.Max(1, _options.RepairBytesPerSecond / 2) : _options.RepairBytesPerSecond;
            var seconds = Math.Min(want.Version.Length / (double)rate, TimeSpan.FromDays(365).TotalSeconds);
            _paidAt[lane] = Instant.Max(_paidAt[lane], now) + TimeSpan.FromSeconds(seconds);
        }

        want.IsInFlight = true;
        want.Fetching = want.Version;
        _fetching[lane]++;
        _actions.Enqueue(new ReplicationAction(ReplicationActionKind.Fetch, want.Id, want.Version)
        {
            Sources = sources.ToImmutable(),
            IsMending = !want.IsFresh,
        });
    }

    private bool Bury(Instant now, in ToldEntry entry)
    {
        if (_acting.TryGetValue(entry.Id, out var action) && action.Version.IsSameAs(entry.Version))
        {
            return true;
        }

        if (!Tombstones.TryCreate(entry.Code, entry.Version, out var tombstone))
        {
            NoteFailed(entry.Id, "its tombstone is none that can be made here");
            return false;
        }

        NoteBuried(now, entry.Id, entry.Version);
        return Act(now, ReplicationActionKind.Bury, entry.Id, entry.Version, tombstone);
    }

    /// <summary>Has something done, unless something is being done with the resource or there is too much to do; what is still to be done
    /// then is found again.</summary>
    private bool Act(Instant now, ReplicationActionKind kind, ResourceId id, ReplicaVersion version, Manifest? tombstone = null)
    {
        if (_acting.Count >= _options.ActionsMax || _acting.ContainsKey(id)
            || (kind != ReplicationActionKind.Bury && _wants.TryGetValue(id, out var want) && want.IsInFlight))
        {
            return false;
        }

        var action = new ReplicationAction(kind, id, version) { Tombstone = tombstone };
        _acting[id] = action;
        _actions.Enqueue(action);
        return true;
    }

    private void ForgetCompared(ResourceId id)
    {
        foreach (var peer in _peerList)
        {
            peer.IsCompared[ReplicaIndex.PartitionOf(id)] = false;
        }
    }

    private void NoteFailed(ResourceId id, string reason)
    {
        if (_failed.Contains((id, reason)))
        {
            return;
        }

        if (_failed.Count == FailedMax)
        {
            _failed.Dequeue();
        }

        _failed.Enqueue((id, reason));
    }

    private long RateAt(Instant now)
    {
        // What was mended fades away by half in every window.
        if (_mendedAt == default)
        {
            _mendedAt = now;
        }

        var passed = (now - _mendedAt) / RateWindow;
        _mendedBytes *= Math.Pow(0.5, passed);
        _mendedAt = now;
        return (long)(_mendedBytes * Math.Log(2) / RateWindow.TotalSeconds);
    }
}
