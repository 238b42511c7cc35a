using System.Collections.Immutable;
using PouringRain.Protocol.Cluster;

namespace PouringRain.Protocol.Tests.Cluster;

/// <summary>What machines say of the copies that they know of.</summary>
public class LeastCopiesTests
{
    private const long ClusterMs = 1_764_000_000_000;
    private readonly byte[] _buffer = new byte[2048], _answer = new byte[2048];
    private readonly List<Party> _parties = [];
    private Instant _now = new(1_000_000_000);

    [Fact]
    public void NothingIsSaidBeforeAllWasLookedThrough()
    {
        Start(3, replicas: 3, zones: ["a", "b", "c"]);
        Run(5);
        Assert.Null(Figures(0).Least);
        Assert.False(Figures(0).IsSettled);
        Run(40);
        Assert.Equal((new CopyCount(3, 3), true), (Figures(0).Least, Figures(0).IsSettled));
    }

    [Fact]
    public void WhatIsNewHasOneCopyUntilTheOthersSayThatTheyHaveIt()
    {
        Start(3, replicas: 3, zones: ["a", "b", "b"]);
        Run(40);
        Assert.Equal(new CopyCount(3, 2), Figures(0).Least);
        _parties[1].IsTaking = _parties[2].IsTaking = false;
        Put(0, 7);
        Run(3);
        Assert.Equal(new CopyCount(1, 1), Figures(0).Least);
        _parties[1].IsTaking = true;
        Run(10);
        Assert.Equal(new CopyCount(2, 2), Figures(0).Least);
        Assert.True(Figures(0).IsSettled);
        _parties[2].IsTaking = true;
        Run(10);
        Assert.Equal(new CopyCount(3, 2), Figures(0).Least);
        Assert.Equal(0, Figures(0).UnderReplicated);
    }

    [Fact]
    public void WhatIsFoundToHaveTooFewCountsUntilItHasEnough()
    {
        Start(3, replicas: 2, zones: ["a", "b", "c"]);
        foreach (var party in _parties)
        {
            party.IsTaking = false;
        }

        for (ulong id = 0; id < 3000; id++)
        {
            _parties[0].Index.Set(new ResourceId(id), new Replica(new ReplicaVersion(ClusterMs, id, 10, false), true));
        }

        Run(80);
        Assert.Equal(new CopyCount(1, 1), Figures(0).Least);
        Assert.InRange(Figures(0).UnderReplicated, 1, 3000);
        foreach (var party in _parties)
        {
            party.IsTaking = true;
        }

        Run(200);
        Assert.Equal(new CopyCount(2, 2), Figures(0).Least);
        Assert.Equal((0, 0), (Figures(0).UnderReplicated, Figures(0).Strays.Count));
    }

    [Fact]
    public void WhoLosesItsPlacesTakesACopyWithIt()
    {
        Start(4, replicas: 3, zones: ["a", "b", "c", "d"]);
        Put(0, 7);
        Run(80);
        Assert.Equal(new CopyCount(3, 3), Figures(0).Least);
        _parties[3].State = MemberState.Down;
        SetMembers();
        Assert.Equal((new CopyCount(2, 2), false), (Figures(0).Least, Figures(0).IsSettled));
        Run(80);
        Assert.Equal((new CopyCount(3, 3), true), (Figures(0).Least, Figures(0).IsSettled));
    }

    [Fact]
    public void WhatComesToANodeThatIsDrainedIsItsOwnUntilAHolderHasIt()
    {
        Start(3, replicas: 2, zones: ["", "", ""]);
        _parties[0].State = MemberState.Draining;
        SetMembers();
        Run(80);
        Assert.Equal((new CopyCount(2, 1), true, (0, 0)), (Figures(0).Least, Figures(0).IsSettled, Figures(0).Strays));
        _parties[1].IsTaking = _parties[2].IsTaking = false;
        Put(0, 7);
        Run(40);
        Assert.Equal((new CopyCount(1, 1), (1, 1000)), (Figures(0).Least, Figures(0).Strays));
        _parties[1].IsTaking = _parties[2].IsTaking = true;
        Run(3);
        Assert.False(Figures(0).IsSettled);
        Run(80);
        Assert.Equal((new CopyCount(2, 1), true, (0, 0)), (Figures(0).Least, Figures(0).IsSettled, Figures(0).Strays));
        Put(0, 8);
        Assert.False(Figures(0).IsSettled);
    }

    private ReplicationFigures Figures(int party) => _parties[party].Machine.Figures(_now);

    private void Start(int count, int replicas, string[] zones)
    {
        for (var i = 0; i < count; i++)
        {
            var id = new NodeId((ulong)(i + 1));
            var index = new ReplicaIndex();
            index.MarkLoaded();
            var options = new ReplicationOptions { Node = id, Replicas = replicas, TokenKey = new byte[32] };
            var machine = new Replication(options, index, (ulong)i + 1);
            _parties.Add(new Party(id, PeerAddress.FromIPv4((uint)i + 1, 1980), zones[i], index, machine));
        }

        SetMembers();
    }

    private void SetMembers()
    {
        ImmutableArray<ClusterMember> members =
        [
            .. _parties.Select(party => new ClusterMember
            {
                Id = party.Id,
                Rain = [party.Address],
                Zone = party.Zone,
                State = party.State,
            }),
        ];
        _parties.ForEach(party => party.Machine.SetMembers(_now, ClusterMs, members));
    }

    private void Put(int party, ulong id) =>
        Commit(_parties[party], new ResourceId(id), new ReplicaVersion(ClusterMs, 9, 1000, false), isKept: true);

    private void Commit(Party party, ResourceId id, ReplicaVersion version, bool isKept)
    {
        party.Index.Set(id, new Replica(version, isKept));
        party.Machine.Changed(_now, id);
    }

    private void Run(int seconds)
    {
        for (var i = 0; i < 10 * seconds; i++)
        {
            _now += TimeSpan.FromMilliseconds(100);
            foreach (var party in _parties.Where(party => party.State != MemberState.Down))
            {
                Speak(party);
                Act(party);
            }
        }
    }

    private void Speak(Party from)
    {
        while (from.Machine.TryPollTransmit(_now, _buffer, out var transmit))
        {
            if (_parties.Find(party => party.Address == transmit.To) is { State: not MemberState.Down } to)
            {
                var length = to.Machine.Answer(_now, from.Address, true, _buffer.AsSpan(0, transmit.Length), _answer);
                from.Machine.Handle(_now, to.Address, _answer.AsSpan(0, length));
            }
        }
    }

    /// <summary>Does what a machine asks for; who takes nothing in fails to.</summary>
    private void Act(Party party)
    {
        while (party.Machine.TryPollAction(out var action))
        {
            var isDone = action.Kind != ReplicationActionKind.Fetch || party.IsTaking;
            if (isDone && action.Kind is ReplicationActionKind.Fetch or ReplicationActionKind.Promote or ReplicationActionKind.Demote)
            {
                Commit(party, action.Id, action.Version, isKept: action.Kind != ReplicationActionKind.Demote);
            }

            party.Machine.Ended(_now, action, isDone ? ReplicationOutcome.Done : ReplicationOutcome.Failed);
        }
    }

    private sealed record Party(NodeId Id, PeerAddress Address, string Zone, ReplicaIndex Index, Replication Machine)
    {
        public MemberState State { get; set; }

        public bool IsTaking { get; set; } = true;
    }
}
