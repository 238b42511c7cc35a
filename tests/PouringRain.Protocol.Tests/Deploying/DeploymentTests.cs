using System.Collections.Immutable;
using PouringRain.Protocol.Cluster.Messages;
using PouringRain.Protocol.Deploying;

namespace PouringRain.Protocol.Tests.Deploying;

/// <summary>Deliver, drop, step, expect.</summary>
public class DeploymentTests
{
    private static readonly Sha256Digest Sha256 = Sha256Digest.Of("body"u8);
    private static readonly NodeId Self = new(1_000_000);

    private readonly Dictionary<NodeId, DeployReport?> _says = [];
    private readonly Dictionary<NodeId, DeployOrder> _last = [];
    private readonly List<NodeId> _asked = [];
    private readonly Dictionary<NodeId, DeployDesk> _desks = [];
    private readonly byte[] _buffer = new byte[2048], _answer = new byte[2048];
    private Instant _now = new(1_000_000_000);

    [Fact]
    public void WavesFollowEachOtherAndTheLastSizeRepeats()
    {
        Assert.Equal([1, 3, 5, 7], Plan(7, [1, 2]).WaveEnds());
        Assert.Equal([7], Plan(7, []).WaveEnds());
        Assert.Equal([5, 7], Plan(7, [5, int.MaxValue]).WaveEnds());

        var machine = Make(Plan(3, [1, 2]));
        Run(machine, 3);
        Assert.Equal([Node(0)], _last.Keys);
        Says(0, DeployProgress.Done);
        Run(machine, 3);
        Assert.Equal(1, machine.Wave);
        Assert.Equal([Node(0), Node(1), Node(2)], _last.Keys.Order(Comparer<NodeId>.Create((l, r) => l.Value.CompareTo(r.Value))));
        Says(1, DeployProgress.Done);
        Says(2, DeployProgress.Done);
        Run(machine, 3);
        Assert.Equal(DeploymentPhase.Completed, machine.Phase);
        Assert.All(machine.Receivers(_now), row => Assert.NotNull(row.ReceiptMs));
    }

    [Fact]
    public void AWaveThatCostsTheQuorumIsTheLast()
    {
        var machine = Make(Plan(4, [2], quorum: 3));
        Says(0, DeployProgress.Failed);
        Says(1, DeployProgress.Failed);
        Run(machine, 3);
        Assert.Equal(DeploymentPhase.Failed, machine.Phase);
        Assert.Equal(2, _last.Count);
    }

    [Fact]
    public void OneFailureThatTheQuorumBearsEndsNothing()
    {
        var machine = Make(Plan(4, [2], quorum: 3));
        Says(0, DeployProgress.Failed);
        Says(1, DeployProgress.Done);
        Run(machine, 3);
        Assert.Equal(1, machine.Wave);
        Says(2, DeployProgress.Done);
        Says(3, DeployProgress.Done);
        Run(machine, 3);
        Assert.Equal(DeploymentPhase.Completed, machine.Phase);
    }

    [Fact]
    public void OneThatIsSilentIsLateThenLostAndTakenInWhenItComes()
    {
        var machine = Make(Plan(2, [], quorum: 1));
        Says(0, DeployProgress.Receiving);
        _says[Node(1)] = null;
        Run(machine, 10);
        Assert.Equal([ReceiverState.Receiving, ReceiverState.Late], machine.Receivers(_now).Select(row => row.State));
        Run(machine, 60);
        Says(1, DeployProgress.Receiving);
        Run(machine, 4);
        Assert.Equal(ReceiverState.Receiving, machine.Receivers(_now)[1].State);
        Says(0, DeployProgress.Done);
        Run(machine, 4);
        Assert.Equal(DeploymentPhase.Running, machine.Phase);
        _says[Node(1)] = null;
        Run(machine, 61);
        Assert.Equal(DeploymentPhase.Completed, machine.Phase);
    }

    [Fact]
    public void AReceiptOfOtherBytesIsNone()
    {
        var machine = Make(Plan(1, []));
        _says[Node(0)] = new DeployReport { Progress = DeployProgress.Done, Receipt = Sha256Digest.Of("other"u8) };
        Run(machine, 3);
        Assert.Equal((DeploymentPhase.Failed, ReceiverState.Failed), (machine.Phase, machine.Receivers(_now)[0].State));
    }

    [Fact]
    public void StoppedItTellsEverybodyAndEndsAlsoWhenSomebodyIsSilent()
    {
        var machine = Make(Plan(3, []));
        Says(0, DeployProgress.Receiving);
        Says(1, DeployProgress.Done);
        _says[Node(2)] = null;
        Run(machine, 3);
        machine.Stop(_now);
        Says(0, DeployProgress.Stopped);
        Run(machine, 2);
        Assert.True(_last[Node(0)].IsStop);
        Assert.False(_last[Node(1)].IsStop);
        Assert.Equal(DeploymentPhase.Stopping, machine.Phase);
        Run(machine, 5);
        Assert.Equal(DeploymentPhase.Stopped, machine.Phase);
        Assert.Equal(ReceiverState.Done, machine.Receivers(_now)[1].State);
        Assert.Equal(Instant.Never, machine.NextTimeout);
    }

    [Fact]
    public void AnotherMachineGoesOnWhereOneWas()
    {
        var plan = Plan(3, [1]);
        var ended = new DeploymentReceiver { Node = Node(0), State = ReceiverState.Done, ReceiptMs = 5 };
        var machine = Make(plan, [ended, new DeploymentReceiver { Node = Node(1), State = ReceiverState.Receiving }]);
        Says(1, DeployProgress.Receiving);
        Run(machine, 3);
        Assert.Equal([Node(1)], _last.Keys);
        Assert.Equal(1, machine.Wave);
        Assert.Equal(5, machine.Receivers(_now)[0].ReceiptMs);
    }

    [Fact]
    public void ItBeginsWhenItIsTo()
    {
        var machine = new Deployment(new DeploymentOptions { Node = Self }, Plan(1, []), _now + TimeSpan.FromSeconds(10), [], 1);
        machine.SetAddresses(_now, Addresses(1));
        Says(0, DeployProgress.Done);
        Run(machine, 9);
        Assert.Equal((DeploymentPhase.Waiting, 0), (machine.Phase, _last.Count));
        Run(machine, 3);
        Assert.Equal(DeploymentPhase.Completed, machine.Phase);
    }

    [Fact]
    public void TheNodeItselfIsAskedWithoutADatagram()
    {
        var plan = Plan(1, []) with { Targets = [Self] };
        var machine = Make(plan);
        Run(machine, 2);
        Assert.Empty(_asked);
        Assert.True(machine.TryPollOwn(_now, out var order));
        Assert.Equal(plan.Order, order);
        Assert.False(machine.TryPollOwn(_now, out _));
        machine.TakeOwn(_now, new DeployReport { Progress = DeployProgress.Done, Receipt = Sha256 });
        Assert.Equal(DeploymentPhase.Completed, machine.Phase);
    }

    [Fact]
    public void AThousandAreAskedAtAPaceThatIsBounded()
    {
        var machine = Make(Plan(1000, []));
        for (var i = 0; i < 1000; i++)
        {
            Says(i, DeployProgress.Receiving);
        }

        Run(machine, 4);
        _asked.Clear();
        Run(machine, 10);
        Assert.InRange(_asked.Count, 4800, 5020);
        Assert.All(_asked.CountBy(node => node), pair => Assert.InRange(pair.Value, 4, 6));
        Assert.DoesNotContain(machine.Receivers(_now), row => row.State == ReceiverState.Late);
    }

    private static NodeId Node(int index) => new((ulong)(index + 1));

    private static PeerAddress Place(NodeId node) => new(node.Value.Low + 1000, 7000);

    private static IEnumerable<KeyValuePair<NodeId, ImmutableArray<PeerAddress>>> Addresses(int count) =>
        Enumerable.Range(0, count).Select(i => KeyValuePair.Create(Node(i), ImmutableArray.Create(Place(Node(i)))));

    private static DeploymentPlan Plan(int count, int[] waves, int? quorum = null) => new()
    {
        Order = new DeployOrder { Deployment = 7, Resource = new ResourceId(42), Version = Sha256, Length = 4 },
        Sha256 = Sha256,
        BlockCount = 1,
        Targets = [.. Enumerable.Range(0, count).Select(Node)],
        Waves = [.. waves],
        Quorum = quorum ?? count,
    };

    private Deployment Make(DeploymentPlan plan, IEnumerable<DeploymentReceiver>? ended = null)
    {
        var machine = new Deployment(new DeploymentOptions { Node = Self }, plan, _now, ended ?? [], 1);
        machine.SetAddresses(_now, Addresses(plan.Targets.Length));
        return machine;
    }

    private void Says(int index, DeployProgress progress) => _says[Node(index)] = new DeployReport
    {
        Progress = progress,
        Receipt = progress == DeployProgress.Done ? Sha256 : default,
        ReceiptMs = 1,
    };

    /// <summary>Steps through some seconds, a millisecond at a time; every question is answered at once by the real desk.</summary>
    private void Run(Deployment machine, int seconds)
    {
        for (var end = _now + TimeSpan.FromSeconds(seconds); _now < end; _now += TimeSpan.FromMilliseconds(1))
        {
            while (machine.TryPollTransmit(_now, _buffer, out var transmit))
            {
                var node = new NodeId(transmit.To.Address.Low - 1000);
                if (!_desks.TryGetValue(node, out var desk))
                {
                    _desks[node] = desk = new DeployDesk(node, new byte[32], order =>
                    {
                        _last[node] = order;
                        return _says.GetValueOrDefault(node, new DeployReport { Progress = DeployProgress.Receiving });
                    });
                }

                var isSilent = _says.TryGetValue(node, out var says) && says is null;
                var length = desk.Answer(_now, new PeerAddress(1, 1), _ => true, _buffer.AsSpan(0, transmit.Length), _answer);
                Assert.InRange(length, 1, ConsultAnswer.BytesMax);
                if (!isSilent)
                {
                    Assert.True(ConsultAnswer.TryParse(_answer.AsSpan(0, length), out var said, out _));
                    if (said.Status == ConsultStatus.Answered)
                    {
                        _asked.Add(node);
                    }

                    machine.Handle(_now, transmit.To, _answer.AsSpan(0, length));
                }
            }
        }
    }
}
