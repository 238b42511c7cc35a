using System.Collections.Immutable;
using PouringRain.Protocol.Cluster;
using PouringRain.Protocol.Cluster.Messages;
using Simulation;

namespace PouringRain.Protocol.Tests.Cluster;

/// <summary>One machine, or two that are joined by hand.</summary>
public class ReplicationTests
{
    private const long ClusterMs = 1_764_000_000_000;
    private static readonly ResourceId Id = new(77);

    private readonly byte[] _buffer = new byte[2048];
    private readonly byte[] _answer = new byte[2048];
    private Instant _now = new(1_000_000_000);

    [Fact]
    public void WhatIsNewHereIsFetchedThereAndKnownToBeThere()
    {
        var (one, other) = Pair();
        var version = Put(one, ClusterMs);
        Exchange(one, other);
        var fetch = Assert.Single(Actions(other));
        Assert.Equal(ReplicationActionKind.Fetch, fetch.Kind);
        Assert.Equal(version, fetch.Version);
        Assert.Equal([one.Address], fetch.Sources);
        Assert.False(fetch.IsMending);
        Assert.Equal([one.Id], one.Machine.KnownHolders(Id));

        other.Index.Set(Id, new Replica(version, true));
        other.Machine.Changed(_now, Id);
        other.Machine.Ended(_now, fetch, ReplicationOutcome.Done);
        Exchange(one, other, 5);
        Assert.Equal([one.Id, other.Id], one.Machine.KnownHolders(Id).Order(Comparer<NodeId>.Create((a, b) => a.Value.CompareTo(b.Value))));
        Assert.Equal(2, one.Machine.WantedCount(Id));
    }

    /// <summary>Whoever waits for the copies of what was just made waits no longer than they take, however long that is.</summary>
    [Theory]
    [InlineData(3)]
    [InlineData(17)]
    [InlineData(59)]
    public void WhatTookLongToFetchIsToldBackAtOnce(int seconds)
    {
        var (one, other) = Pair();
        var version = Put(one, ClusterMs);
        Exchange(one, other, seconds);
        var fetch = Assert.Single(Actions(other));
        Assert.Equal([one.Id], one.Machine.KnownHolders(Id));

        other.Index.Set(Id, new Replica(version, true));
        other.Machine.Changed(_now, Id);
        other.Machine.Ended(_now, fetch, ReplicationOutcome.Done);
        for (var i = 0; i < 3; i++)
        {
            _now += TimeSpan.FromMilliseconds(10);
            Speak(other, one, null);
            Speak(one, other, null);
        }

        Assert.Equal(2, one.Machine.KnownHolders(Id).Length);
        Assert.Equal(2, other.Machine.KnownHolders(Id).Length);
    }

    [Fact]
    public void ADeletionTravelsWithoutAFetch()
    {
        var (one, other) = Pair();
        var tombstone = Manifest.CreateTombstone("lt", ClusterMs);
        other.Index.Set(Id, new Replica(new ReplicaVersion(ClusterMs - 5, 1, 100, false), true));
        one.Index.Set(Id, new Replica(ReplicaVersion.Of(tombstone), true));
        one.Machine.Changed(_now, Id);
        Exchange(one, other);
        var action = Assert.Single(Actions(other));
        Assert.Equal(ReplicationActionKind.Bury, action.Kind);
        Assert.Equal(tombstone.Version, action.Tombstone!.Version);
    }

    [Fact]
    public void ACopyWhosePlaceIsElsewhereIsGivenUpWhenItsHolderHasIt()
    {
        var (one, other) = Pair(options => options with { Replicas = 1 });
        if (one.Machine.Holders(Id)[0] == one.Id)
        {
            (one, other) = (other, one);
        }

        var version = Put(one, ClusterMs);
        Exchange(one, other);
        Assert.Empty(Actions(one));
        Assert.Equal([one.Id], one.Machine.KnownHolders(Id));
        var fetch = Assert.Single(Actions(other));
        other.Index.Set(Id, new Replica(version, true));
        other.Machine.Changed(_now, Id);
        other.Machine.Ended(_now, fetch.Id, ReplicationOutcome.Done);
        Exchange(one, other, 3);

        // As soon as it says so, without waiting for the next look at all there is.
        var demote = Assert.Single(Actions(one));
        Assert.Equal((ReplicationActionKind.Demote, version), (demote.Kind, demote.Version));
        one.Index.Set(Id, new Replica(version, false));
        one.Machine.Changed(_now, Id);
        one.Machine.Ended(_now, demote, ReplicationOutcome.Done);
        Assert.Equal([other.Id], one.Machine.KnownHolders(Id));
        Exchange(one, other, 90);
        Assert.Empty(Actions(one));
        Assert.Equal((0, 0), one.Machine.Figures(_now).Strays);
    }

    [Fact]
    public void WhoWasTakenOffTheListBringsNothingUntilItIsOnItAgain()
    {
        var (one, other) = Pair();
        ImmutableArray<ClusterMember> members =
            [new() { Id = one.Id, Rain = [one.Address] }, new() { Id = other.Id, Rain = [other.Address] }];
        other.Machine.SetMembers(_now, ClusterMs, [members[0] with { State = MemberState.Gone }, members[1]]);
        Put(one, ClusterMs);
        Exchange(one, other, 10);
        Assert.Empty(Actions(other));
        other.Machine.SetMembers(_now, ClusterMs, members);
        Exchange(one, other, 40);
        Assert.Equal(ReplicationActionKind.Fetch, Assert.Single(Actions(other)).Kind);
    }

    [Fact]
    public void AStampThatIsTooFarAheadIsRefused()
    {
        var (one, other) = Pair();
        Put(one, ClusterMs + 3_600_000);
        Exchange(one, other, 3);
        Assert.Empty(Actions(other));
        Assert.Contains(one.Machine.Figures(_now).Failed, failed => failed.Reason.Contains("too far ahead", StringComparison.Ordinal));
    }

    [Fact]
    public void ASurveyFindsWhatIsNewestThere()
    {
        var (one, other) = Pair();
        Exchange(one, other);
        var version = new ReplicaVersion(ClusterMs - 5, 1, 100, false);
        other.Index.Set(Id, new Replica(version, true));
        var number = one.Machine.Survey(_now, Id);
        Exchange(one, other);
        Assert.True(one.Machine.TryPollSurvey(out var result));
        Assert.Equal(new SurveyResult(number, Id, version, 1, 1) { Holders = 2, HoldersAnswered = 2, HoldersKnowing = 1 }, result);

        // Nobody answers: it is over all the same.
        one.Machine.Survey(_now, Id);
        for (var i = 0; i < 30; i++)
        {
            _now += TimeSpan.FromMilliseconds(100);
            while (one.Machine.TryPollTransmit(_now, _buffer, out _))
            {
            }
        }

        Assert.True(one.Machine.TryPollSurvey(out result));
        Assert.Equal((1, 0), (result.Asked, result.Answered));
        Assert.Equal((2, 1, 1), (result.Holders, result.HoldersAnswered, result.HoldersKnowing));
    }

    /// <summary>Who is no holder may have made a version of which nobody has heard.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ASurveyOfAllAsksThoseThatAreNoHolders(bool isOfAll)
    {
        var (one, other) = Pair(options => options with { Replicas = 1 });
        Exchange(one, other);
        if (one.Machine.Holders(Id)[0] != one.Id)
        {
            (one, other) = (other, one);
        }

        var version = new ReplicaVersion(ClusterMs - 5, 1, 100, false);
        other.Index.Set(Id, new Replica(version, true));
        var number = one.Machine.Survey(_now, Id, isOfAll);
        Exchange(one, other);
        Assert.True(one.Machine.TryPollSurvey(out var result));
        var expected = isOfAll
            ? new SurveyResult(number, Id, version, 1, 1) { Holders = 1, HoldersAnswered = 1 }
            : new SurveyResult(number, Id, ReplicaVersion.None, 0, 0) { Holders = 1, HoldersAnswered = 1, HoldersKnowing = 1 };
        Assert.Equal(expected, result);
    }

    [Fact]
    public void WhoHasNoTokenOrIsNotTrustedIsToldNothing()
    {
        var (one, other) = Pair();
        Put(other, ClusterMs);
        Assert.True(one.Machine.TryPollTransmit(_now, _buffer, out var first));
        var request = _buffer[..first.Length];
        var length = other.Machine.Answer(_now, one.Address, isTrusted: true, request, _answer);
        Assert.True(length <= first.Length);
        Assert.True(ConsultAnswer.TryParse(_answer.AsSpan(0, length), out var answer, out var body));
        Assert.Equal((ConsultStatus.TokenNeeded, 0UL, 0L, 0), (answer.Status, answer.Start, answer.AgreedTo, body.Length));

        one.Machine.Handle(_now, other.Address, _answer.AsSpan(0, length));
        Assert.True(one.Machine.TryPollTransmit(_now, _buffer, out var second));
        length = other.Machine.Answer(_now, one.Address, isTrusted: false, _buffer.AsSpan(0, second.Length), _answer);
        Assert.True(ConsultAnswer.TryParse(_answer.AsSpan(0, length), out answer, out body));
        Assert.Equal((ConsultStatus.NotTrusted, 0UL, 0L, 0), (answer.Status, answer.Start, answer.AgreedTo, body.Length));
        length = other.Machine.Answer(_now, one.Address, isTrusted: true, _buffer.AsSpan(0, second.Length), _answer);
        Assert.True(ConsultAnswer.TryParse(_answer.AsSpan(0, length), out answer, out _));
        Assert.Equal(ConsultStatus.Answered, answer.Status);
    }

    [Fact]
    public void WhatIsNotKnownIsAnsweredAllTheSame()
    {
        var (one, other) = Pair();
        Exchange(one, other);
        foreach (var (version, kind) in ((byte, ConsultKind)[])[(2, ConsultKind.Tell), (1, (ConsultKind)99)])
        {
            var request = new ConsultRequest
            {
                Version = version,
                Kind = kind,
                Nonce = 5,
                Node = one.Id,
                Token = new AddressTokens(new byte[32]).Make(one.Address, _now),
            };
            var length = other.Machine.Answer(_now, one.Address, true, _buffer.AsSpan(0, request.Write(_buffer, 0)), _answer);
            Assert.True(ConsultAnswer.TryParse(_answer.AsSpan(0, length), out var answer, out _));
            Assert.Equal((ConsultStatus.Unknown, 5UL, kind), (answer.Status, answer.Nonce, answer.Kind));
        }
    }

    [Fact]
    public void SmallOnesDoNotWaitForLargeOnesAndLargeOnesForTheRate()
    {
        var (one, other) = Pair(options => options with { RepairBytesPerSecond = 1000 });
        for (ulong i = 0; i < 8; i++)
        {
            one.Index.Set(new ResourceId(i), new Replica(new ReplicaVersion(ClusterMs, i, 1L << 30, false), true));
            one.Index.Set(new ResourceId(100 + i), new Replica(new ReplicaVersion(ClusterMs, i, 100, false), true));
        }

        Exchange(one, other, 40);
        var fetches = Actions(other).Where(action => action.Kind == ReplicationActionKind.Fetch).ToArray();
        Assert.Equal(8, fetches.Count(fetch => fetch.Version.Length == 100));
        Assert.All(fetches, fetch => Assert.True(fetch.IsMending));
        Assert.Single(fetches, fetch => fetch.Version.Length > 100);
        Assert.Equal(16, other.Machine.Figures(_now).Waiting);
    }

    [Fact]
    public void NothingIsJudgedBeforeTheIndexIsLoaded()
    {
        var (one, other) = Pair(isLoaded: false);
        Put(one, ClusterMs);
        Exchange(one, other, 10);
        Assert.Empty(Actions(other));
        Assert.Empty(Actions(one));
        other.Index.MarkLoaded();
        Exchange(one, other, 40);
        Assert.Equal(ReplicationActionKind.Fetch, Assert.Single(Actions(other)).Kind);
    }

    /// <summary>Random and damaged datagrams at both sides of a machine.</summary>
    [Fact]
    public void AnyBytesAtAllMayArrive()
    {
        var (one, other) = Pair();
        var random = new SimRandom(3);
        var corpus = new List<byte[]>();
        for (ulong i = 0; i < 50; i++)
        {
            one.Index.Set(new ResourceId(i), new Replica(new ReplicaVersion(ClusterMs, i, 100, false), i % 2 == 0));
            var tombstone = Manifest.CreateTombstone("lt", ClusterMs - (long)i);
            other.Index.Set(new ResourceId(i * 2), new Replica(ReplicaVersion.Of(tombstone), true));
        }

        for (var i = 0; i < 3000; i++)
        {
            Exchange(one, other, 1, datagram =>
            {
                if (corpus.Count < 500)
                {
                    corpus.Add(datagram);
                }
            });
            for (var n = 0; n < 20; n++)
            {
                var bytes = corpus[(int)random.Below(corpus.Count)].ToArray();
                for (var flips = random.Pick(0, 1, 3); flips > 0; flips--)
                {
                    bytes[random.Below(bytes.Length)] = (byte)random.Next();
                }

                var cut = bytes.AsSpan(0, random.Chance(100_000) ? (int)random.Below(bytes.Length) : bytes.Length);
                var node = random.Pick(one, other);
                Assert.InRange(node.Machine.Answer(_now, random.Pick(one, other).Address, true, cut, _answer), 0, ConsultAnswer.BytesMax);
                node.Machine.Handle(_now, random.Pick(one, other).Address, cut);
            }
        }

        Assert.InRange(Actions(one).Count + Actions(other).Count, 1, 5000);
    }

    private static Party Make(int number, Func<ReplicationOptions, ReplicationOptions>? change, bool isLoaded)
    {
        var id = new NodeId((ulong)number);
        var options = new ReplicationOptions { Node = id, TokenKey = new byte[32] };
        var index = new ReplicaIndex();
        if (isLoaded)
        {
            index.MarkLoaded();
        }

        var machine = new Replication(change?.Invoke(options) ?? options, index, (ulong)number);
        return new Party(id, PeerAddress.FromIPv4((uint)number, 1980), index, machine);
    }

    private (Party One, Party Other) Pair(Func<ReplicationOptions, ReplicationOptions>? change = null, bool isLoaded = true)
    {
        var (one, other) = (Make(1, change, isLoaded: true), Make(2, change, isLoaded));
        ImmutableArray<ClusterMember> members =
            [new() { Id = one.Id, Rain = [one.Address] }, new() { Id = other.Id, Rain = [other.Address] }];
        one.Machine.SetMembers(_now, ClusterMs, members);
        other.Machine.SetMembers(_now, ClusterMs, members);
        return (one, other);
    }

    private ReplicaVersion Put(Party party, long stamp)
    {
        var version = new ReplicaVersion(stamp, 9, 1000, false);
        party.Index.Set(Id, new Replica(version, true));
        party.Machine.Changed(_now, Id);
        return version;
    }

    private static List<ReplicationAction> Actions(Party party)
    {
        var actions = new List<ReplicationAction>();
        while (party.Machine.TryPollAction(out var action))
        {
            if (action.Kind != ReplicationActionKind.SaveMarks)
            {
                actions.Add(action);
            }
        }

        return actions;
    }

    /// <summary>Lets them speak to each other, for so many seconds.</summary>
    private void Exchange(Party one, Party other, int seconds = 1, Action<byte[]>? see = null)
    {
        for (var i = 0; i < 10 * seconds; i++)
        {
            _now += TimeSpan.FromMilliseconds(100);
            Speak(one, other, see);
            Speak(other, one, see);
        }
    }

    private void Speak(Party from, Party to, Action<byte[]>? see)
    {
        while (from.Machine.TryPollTransmit(_now, _buffer, out var transmit))
        {
            Assert.Equal(to.Address, transmit.To);
            see?.Invoke(_buffer[..transmit.Length]);
            var length = to.Machine.Answer(_now, from.Address, true, _buffer.AsSpan(0, transmit.Length), _answer);
            see?.Invoke(_answer[..length]);
            from.Machine.Handle(_now, to.Address, _answer.AsSpan(0, length));
        }
    }

    private sealed record Party(NodeId Id, PeerAddress Address, ReplicaIndex Index, Replication Machine);
}
