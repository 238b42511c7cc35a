using System.Collections.Immutable;
using System.Text;
using MurkyWaters.Cluster;
using MurkyWaters.Deploying;
using PouringRain.Protocol;
using PouringRain.Protocol.Deploying;

namespace MurkyWaters.Tests.Deploying;

public sealed class DeploymentRecordTests
{
    private const long CreatedMs = 1_764_000_000_000;

    [Fact]
    public void It_is_read_as_it_was_written_and_of_who_has_not_ended_nothing_is_known()
    {
        var record = Make(
            new DeploymentReceiver { Node = new NodeId(1), State = ReceiverState.Done, Blocks = 48, ReceiptMs = CreatedMs + 1234 },
            new DeploymentReceiver { Node = new NodeId(2), State = ReceiverState.Failed, Reason = "Kein \"Platz\"." },
            new DeploymentReceiver { Node = new NodeId(3), State = ReceiverState.Receiving, Blocks = 7, LossPerMillion = 3 });
        var read = DeploymentRecord.TryRead(record.Write());
        Assert.NotNull(read);
        Assert.Equal(record.Plan.Order, read.Plan.Order);
        Assert.Equal(record.Plan.Waves, read.Plan.Waves);
        Assert.Equal(record.Plan.Targets, read.Plan.Targets);
        Assert.Equal(record.Plan with { Waves = [], Targets = [] }, read.Plan with { Waves = [], Targets = [] });
        Assert.Equal(
            [record.Receivers[0], record.Receivers[1], new DeploymentReceiver { Node = new NodeId(3), State = ReceiverState.Waiting }],
            read.Receivers);
        Assert.Equal(record with { Plan = read.Plan, Receivers = read.Receivers }, read);
    }

    [Fact]
    public void Who_had_not_ended_when_all_was_over_was_late_unless_it_was_never_asked()
    {
        var record = Make([.. Enumerable.Range(1, 13).Select(i => new DeploymentReceiver
        {
            Node = new NodeId((ulong)i),
            State = i == 1 ? ReceiverState.Done : ReceiverState.Late,
        })]) with
        { Phase = DeploymentPhase.Failed };
        var read = DeploymentRecord.TryRead(record.Write())!;
        Assert.Equal(
            [ReceiverState.Done, .. Enumerable.Repeat(ReceiverState.Late, 10), ReceiverState.Waiting, ReceiverState.Waiting],
            read.Receivers.Select(row => row.State));
    }

    [Fact]
    public void A_thousand_receivers_fit_the_registry_whatever_went_wrong()
    {
        var record = Make([.. Enumerable.Range(1, DeploymentPlan.TargetCountMax).Select(i => new DeploymentReceiver
        {
            Node = new NodeId(new Bits128(ulong.MaxValue, ulong.MaxValue - (ulong)i)),
            State = ReceiverState.Failed,
            Reason = new string('"', DeployReport.ReasonBytesMax - 4) + i,
        })]);
        var bytes = (record with
        {
            Plan = record.Plan with
            {
                Order = record.Plan.Order with { Group = new string('x', 63) },
                Waves = [.. Enumerable.Repeat(1000, 16)],
            },
        }).Write();
        Assert.InRange(bytes.Length, 29_000, IClusterJobs.DocumentBytesMax);
        var read = DeploymentRecord.TryRead(bytes)!;
        Assert.Equal(record.Receivers[0].Reason, read.Receivers[0].Reason);
        Assert.Equal("The node's own log says why.", read.Receivers[999].Reason);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("\"id\":\"x\"")]
    public void Anything_else_is_no_record(string text)
    {
        Assert.Null(DeploymentRecord.TryRead(Encoding.UTF8.GetBytes(text)));
        var whole = Encoding.UTF8.GetString(Make(new DeploymentReceiver { Node = new NodeId(1), State = ReceiverState.Done }).Write());
        var strange = whole.Replace("\"Running\"", "\"Walking\"", StringComparison.Ordinal);
        Assert.Null(DeploymentRecord.TryRead(Encoding.UTF8.GetBytes(strange)));
        Assert.Null(DeploymentRecord.TryRead(Encoding.UTF8.GetBytes(whole[..^9])));
    }

    private static DeploymentRecord Make(params ImmutableArray<DeploymentReceiver> rows) => new()
    {
        Plan = new DeploymentPlan
        {
            Order = new DeployOrder
            {
                Deployment = 0xFEDC_BA98_7654_3210,
                Resource = new ResourceId(ulong.MaxValue),
                Version = Sha256Digest.Of("version"u8),
                Length = 1L << 40,
                RateBytesPerSecond = 12_500_000,
            },
            Sha256 = Sha256Digest.Of("body"u8),
            BlockCount = 48,
            Targets = [.. rows.Select(row => row.Node)],
            Waves = [1, 10],
            Quorum = rows.Length,
        },
        CreatedMs = CreatedMs,
        StartMs = CreatedMs + 5,
        IsStopped = true,
        Phase = DeploymentPhase.Running,
        Wave = 1,
        Receivers = rows,
    };
}
