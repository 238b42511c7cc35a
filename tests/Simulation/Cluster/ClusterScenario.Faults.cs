using System.Collections.Immutable;
using PouringRain.Protocol;
using PouringRain.Protocol.Cluster;

namespace Simulation.Cluster;

// What goes wrong, and how nodes see each other: a small model of membership, by silence.
public sealed partial class ClusterScenario
{
    private static readonly TimeSpan LateAfter = TimeSpan.FromSeconds(10), DownAfter = TimeSpan.FromSeconds(40);

    private readonly HashSet<(ReplicaNode From, ReplicaNode To)> _cutWays = [];
    private readonly List<(ReplicaNode Node, Dictionary<ResourceId, DiskEntry> Disk, ReplicationMarks Marks)> _oldDisks = [];
    internal bool IsHealed { get; private set; }

    private bool CanReach(ReplicaNode one, ReplicaNode other) =>
        one.IsUp && other.IsUp && one != other && !_cutWays.Contains((one, other)) && !_cutWays.Contains((other, one));

    private void PlanTroubles(TimeSpan duration)
    {
        var perMinute = Random.Pick(5, 20, 60);
        for (var n = (int)(duration.TotalMinutes * perMinute); n > 0; n--)
        {
            var move = Random.Pick<Action>(
                () => Write(PickUp(), PickId(), isDelete: false), () => Write(PickUp(), PickId(), isDelete: false),
                () => Write(PickUp(), PickId(), isDelete: true), () => Read(PickUp(), PickId()), () => Read(PickUp(), PickId()),
                () => PickUp().Evict());
            Plan(duration, move);
        }

        for (var n = Random.Pick(0, 1, 3, 10); n > 0; n--)
        {
            Plan(duration, () => StopForAWhile(PickUp()));
        }

        for (var n = _cuts ? Random.Pick(1, 3, 8) : 0; n > 0; n--)
        {
            Plan(duration, CutForAWhile);
        }

        for (var n = _losesDisks ? 6 : 0; n > 0; n--)
        {
            Plan(duration, () => TakeCopy(PickUp()));
        }

        if (_losesDisks)
        {
            Plan(duration, () => LoseDisk(PickUp()));
        }

        if (Random.Chance(300_000))
        {
            Plan(duration, () => PickUp().IsDraining = true);
        }

        if (Random.Chance(300_000))
        {
            Plan(duration, StartNew);
        }

        if (_isLong && Random.Chance(500_000))
        {
            Plan(TimeSpan.FromMinutes(1), () => TakeOffTheList(PickUp(), duration));
        }

        foreach (var node in _nodes)
        {
            KeepView(node);
        }
    }

    private void Plan(TimeSpan duration, Action action) => _world.After(TimeSpan.FromTicks(Random.Below(duration.Ticks)), () =>
    {
        if (!IsHealed)
        {
            action();
        }
    });

    private ResourceId PickId() => _ids[Random.Below(_ids.Length)];

    private void StopForAWhile(ReplicaNode node)
    {
        _stops++;
        node.Stop();
        var life = node.Life;
        _world.After(TimeSpan.FromSeconds(Random.Pick(1, 5, 30, 90, 200)), () =>
        {
            if (!node.IsUp && node.Life == life)
            {
                StartAgain(node);
            }
        });
    }

    private void StartAgain(ReplicaNode node)
    {
        node.Start();
        UpdateView(node);
    }

    private void CutForAWhile()
    {
        var nodes = _nodes.OrderBy(_ => Random.Next()).ToArray();
        var cut = new List<(ReplicaNode, ReplicaNode)>();
        var here = Random.Between(1, nodes.Length - 1);
        var isOneWay = Random.Chance(300_000);
        foreach (var one in nodes[..here])
        {
            foreach (var other in nodes[here..])
            {
                cut.Add((one, other));
                if (!isOneWay)
                {
                    cut.Add((other, one));
                }
            }
        }

        cut.ForEach(way => SetCut(way, true));
        _world.After(TimeSpan.FromSeconds(Random.Pick(3, 20, 60, 200)), () => cut.ForEach(way => SetCut(way, false)));
    }

    private void SetCut((ReplicaNode From, ReplicaNode To) way, bool isCut)
    {
        _world.Network.SetCut(way.From.Address, way.To.Address, isCut);
        if (isCut)
        {
            _cutWays.Add(way);
        }
        else
        {
            _cutWays.Remove(way);
        }
    }

    private void TakeCopy(ReplicaNode node) => _oldDisks.Add((node, new(node.Disk), node.Marks));

    /// <summary>A node comes back with what its disk was at some time before, or is replaced by a new one with nothing.</summary>
    private void LoseDisk(ReplicaNode node)
    {
        _diskLosses++;
        _stops++;
        var copies = _oldDisks.Where(copy => copy.Node == node).ToArray();
        node.Stop();
        if (copies.Length > 0 && Random.Chance(700_000))
        {
            var (_, disk, marks) = copies[Random.Below(copies.Length)];
            ExcuseLost(node);
            ExcuseReturning(node, disk, marks);
            node.Replace(new(disk), marks);
            StartAgain(node);
        }
        else
        {
            ExcuseLost(node);
            node.Replace([], ReplicationMarks.None);
            node.IsGone = true;
            StartNew();
        }
    }

    private void StartNew()
    {
        var node = AddNode();
        StartAgain(node);
        KeepView(node);
    }

    /// <summary>A node is cut off, is taken off the list, and comes back when others have forgotten tombstones.</summary>
    private void TakeOffTheList(ReplicaNode node, TimeSpan duration)
    {
        if (node.IsGone || _nodes.Count(one => !one.IsGone) < 4)
        {
            return;
        }

        foreach (var other in _nodes.Where(other => other != node).ToArray())
        {
            SetCut((node, other), true);
            SetCut((other, node), true);
        }

        _world.After(TimeSpan.FromMinutes(1), () =>
        {
            ExcuseLost(node);
            node.IsGone = !IsHealed;
        });
        _world.After(duration - TimeSpan.FromMinutes(1.5), () =>
        {
            ExcuseLost(node);
            ExcuseReturning(node, node.Disk, node.Marks);
            node.IsGone = false;
            _cutWays.RemoveWhere(way =>
            {
                var isIts = way.From == node || way.To == node;
                if (isIts)
                {
                    _world.Network.SetCut(way.From.Address, way.To.Address, false);
                }

                return isIts;
            });
        });
    }

    private void Heal()
    {
        IsHealed = true;
        _world.Network.Heal();
        _world.Network.DefaultFaults = new LinkFaults { Delay = TimeSpan.FromMilliseconds(5), LossPerMillion = _lossPerMillion / 10 };
        _cutWays.Clear();
        foreach (var node in _nodes)
        {
            if (node.IsGone && node.Disk.Count == 0 && !node.IsUp)
            {
                continue;
            }

            node.IsGone = false;
            if (!node.IsUp)
            {
                StartAgain(node);
            }
        }
    }

    /// <summary>Looks around every few seconds.</summary>
    private void KeepView(ReplicaNode node) => _world.After(TimeSpan.FromMilliseconds(Random.Between(500, 4000)), () =>
    {
        UpdateView(node);
        KeepView(node);
    });

    private void UpdateView(ReplicaNode node)
    {
        if (!node.IsUp)
        {
            return;
        }

        var members = ImmutableArray.CreateBuilder<ClusterMember>();
        foreach (var other in _nodes)
        {
            if (CanReach(node, other))
            {
                node.Heard[other] = _world.Now;
            }
            else if (other != node && !other.IsGone && other.Life > 0)
            {
                // A process that starts knows the list, and takes those on it for silent ones.
                node.Heard.TryAdd(other, _world.Now - LateAfter - TimeSpan.FromSeconds(1));
            }

            if (other != node && !node.Heard.ContainsKey(other))
            {
                continue;
            }

            var silence = other == node ? TimeSpan.Zero : _world.Now - node.Heard[other];
            members.Add(new ClusterMember
            {
                Id = other.Id,
                Rain = [other.Address],
                Zone = other.Zone,
                Host = other.Address.ToString(),
                State = other.IsGone && other != node ? MemberState.Gone
                    : silence >= DownAfter ? MemberState.Down
                    : silence >= LateAfter ? MemberState.Late
                    : other.IsDraining ? MemberState.Draining : MemberState.Up,
            });
        }

        node.SetMembers(members.ToImmutable());
    }
}
