using System.Globalization;
using PouringRain.Protocol;
using PouringRain.Protocol.Cluster;

namespace Simulation.Cluster;

// What was promised, and nothing else: the newest version that was answered as stored is where it is to be, what was deleted is not.
public sealed partial class ClusterScenario
{
    private readonly Dictionary<ResourceId, ReplicaVersion> _newest = [];
    private readonly HashSet<ResourceId> _excused = [];
    private readonly Dictionary<ResourceId, ReplicaVersion> _lost = [];
    private Instant _lastDiskLoss = new(long.MinValue / 2);
    private TimeSpan _healedIn;

    /// <summary>A node is about to count a version as a replica no longer.</summary>
    internal void OnDropped(ReplicaNode node, ResourceId id, ReplicaVersion version, int wanted)
    {
        // That is as its node sees it, but somebody else must keep it however that may be.
        var others = _nodes.Count(other => other != node && other.HasKept(id, version));
        if (others >= wanted)
        {
            return;
        }

        // A disk that was lost a moment ago may have been counted: it was there when its node said so. Where no more than one is wanted,
        // that may have been the only one.
        var hasCountedLost = _world.Now - _lastDiskLoss <= TimeSpan.FromMinutes(2)
            && _lost.TryGetValue(id, out var lost) && lost >= version;
        if (hasCountedLost && others + 1 >= wanted)
        {
            if (others == 0 && _newest.GetValueOrDefault(id).IsSameAs(version))
            {
                _excused.Add(id);
            }

            return;
        }

        Break($"node {Number(node)} may drop {id} while {others} others have it and {wanted} are wanted");
    }

    /// <summary>A node has removed something.</summary>
    internal void OnForgotten(ReplicaNode node, ResourceId id, ReplicaVersion version)
    {
        if (version.IsDeleted)
        {
            if (_newest.TryGetValue(id, out var newest) && newest.IsSameAs(version)
                && MsOf(_world.Now) - version.Stamp < (Lifetime - TimeSpan.FromSeconds(10)).TotalMilliseconds)
            {
                Break($"node {Number(node)} has forgotten the tombstone of {id} too early");
            }
        }
        else
        {
            CheckKept(id);
        }
    }

    private void OnAnswered(ResourceId id, ReplicaVersion version)
    {
        if (!_newest.TryGetValue(id, out var before) || version > before)
        {
            _newest[id] = version;
        }

        foreach (var other in _ids)
        {
            CheckKept(other);
        }
    }

    /// <summary>What was answered as stored is on some disk.</summary>
    private void CheckKept(ResourceId id)
    {
        if (_newest.TryGetValue(id, out var newest) && !newest.IsDeleted && !_excused.Contains(id)
            && !_nodes.Any(node => node.HasKept(id, newest)))
        {
            Break($"{id} is lost");
        }
    }

    /// <summary>What a disk alone has is not to be asked for when that is lost.</summary>
    private void ExcuseLost(ReplicaNode node)
    {
        _lastDiskLoss = _world.Now;
        _lost.Clear();
        foreach (var (id, entry) in node.Disk.Where(pair => pair.Value.IsKept))
        {
            _lost[id] = entry.Version;
        }

        foreach (var (id, newest) in _newest)
        {
            if (node.HasKept(id, newest) && !_nodes.Any(other => other != node && other.HasKept(id, newest)))
            {
                _excused.Add(id);
            }
        }
    }

    /// <summary>What was made after the last time that an old disk's node had agreed with all others is taken for new when it comes
    /// back.</summary>
    private void ExcuseReturning(ReplicaNode node, Dictionary<ResourceId, DiskEntry> disk, ReplicationMarks marks)
    {
        foreach (var (id, entry) in disk)
        {
            var newest = _newest.GetValueOrDefault(id);
            if (!entry.Version.IsDeleted && entry.Version.Stamp > marks.AgreedTo && newest.IsDeleted
                && (MsOf(_world.Now) - newest.Stamp > (Lifetime - TimeSpan.FromMinutes(3)).TotalMilliseconds
                    || !_nodes.Any(other => other != node && other.HasKept(id, newest))))
            {
                _excused.Add(id);
            }
        }
    }

    /// <summary>Waits until all is as it is to be.</summary>
    private void Settle(string when)
    {
        var start = _world.Now;
        List<string> wrong;
        while ((wrong = FindWrong()).Count > 0 && _world.Now - start < HealingMax)
        {
            _world.Run(TimeSpan.FromSeconds(1));
        }

        _healedIn = _world.Now - start;
        foreach (var what in wrong)
        {
            Break($"{when}: {what}");
        }
    }

    private List<string> FindWrong()
    {
        var wrong = new List<string>();
        var up = _nodes.Where(node => node.IsUp && !node.IsGone).ToArray();
        var placement = Placement.Of(
            up.Select(node => new ClusterMember
            {
                Id = node.Id,
                Zone = node.Zone,
                Host = node.Address.ToString(),
                State = node.IsDraining ? MemberState.Draining : MemberState.Up,
            }),
            Replicas);
        foreach (var (id, newest) in _newest)
        {
            // Of what was lost with a disk it is only asked that all agree.
            var right = newest;
            if (_excused.Contains(id))
            {
                right = up.Select(node => node.Disk.GetValueOrDefault(id)?.Version ?? ReplicaVersion.None).Max();
            }

            foreach (var node in up)
            {
                var entry = node.Disk.GetValueOrDefault(id);
                if (entry is null ? !right.IsDeleted && !right.IsNone && placement.IsHolder(id, node.Id) : !entry.Version.IsSameAs(right))
                {
                    wrong.Add($"node {Number(node)} has {Name(entry?.Version)} of {id}, not {Name(right)}");
                }
                else if (entry is { IsKept: false } && placement.IsHolder(id, node.Id))
                {
                    wrong.Add($"node {Number(node)} may drop {id}, of which it is a holder");
                }
                else if (entry is { IsKept: true, Version.IsDeleted: false } && node.IsDraining && placement.WantedCount > 0)
                {
                    wrong.Add($"node {Number(node)} is drained, and keeps {id}");
                }
                else if (right.IsDeleted && entry is null && placement.IsHolder(id, node.Id)
                    && MsOf(_world.Now) - right.Stamp < Lifetime.TotalMilliseconds)
                {
                    wrong.Add($"node {Number(node)} does not know that {id} is deleted");
                }
            }
        }

        return wrong;
    }

    /// <summary>One write after the other, each of which is seen by the next.</summary>
    private void WriteInPeace()
    {
        if (Broken.Count > 0)
        {
            return;
        }

        foreach (var id in _ids)
        {
            for (var n = Random.Between(1, 2); n > 0; n--)
            {
                var isAnswered = false;
                Write(PickUp(), id, isDelete: Random.Chance(300_000), (version, isOfAll) =>
                {
                    // Whoever writes last wins, and not whose clock is ahead; unless what was asked or answered was lost three times, for
                    // a write does not wait for who may be dead.
                    isAnswered = true;
                    if (isOfAll || version > _newest.GetValueOrDefault(id, ReplicaVersion.None))
                    {
                        _excused.Remove(id);
                        _newest[id] = version;
                    }
                });
                _world.RunUntil(() => isAnswered, TimeSpan.FromSeconds(4));
                _world.Run(TimeSpan.FromMilliseconds(Random.Pick(2000, 5000)));
            }
        }
    }

    private void Break(string promise)
    {
        if (Broken.Count < 20)
        {
            Broken.Add(promise);
        }
    }

    private int Number(ReplicaNode node) => _nodes.IndexOf(node);

    private static string Name(ReplicaVersion? version)
    {
        if (version is not { IsNone: false } known)
        {
            return "nothing";
        }

        var sort = known.IsDeleted ? "tombstone" : "version";
        return string.Create(CultureInfo.InvariantCulture, $"{sort} {known.Stamp - EpochMs}/{known.Tag % 1000}");
    }
}
