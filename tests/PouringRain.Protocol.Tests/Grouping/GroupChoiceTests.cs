using PouringRain.Protocol.Grouping;
using Simulation;
using Simulation.Groups;

namespace PouringRain.Protocol.Tests.Grouping;

/// <summary>Which stream a receiver takes, whoever announces what.</summary>
public sealed class GroupChoiceTests : IDisposable
{
    private static readonly ResourceId Id = new(77);
    private static readonly PeerAddress SenderAt = PeerAddress.FromIPv4(0x0A00_0001, 1980);
    private static readonly PeerAddress Stranger = PeerAddress.FromIPv4(0x0A00_0009, 9);

    private readonly SimWorld _world = new(1) { TimerLateness = TimeSpan.FromMicroseconds(200) };
    private readonly List<IDisposable> _hosts = [];
    private readonly byte[] _buffer = new byte[2048];

    public void Dispose() => _hosts.ForEach(static host => host.Dispose());

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void WhoAnnouncesTheStreamsIdFromElsewhereFirstDoesNotKeepItFromTheReceiver(bool isOfTheVersion)
    {
        var sender = Send(Content(1), waitFor: 1);
        var receiver = Receive(null, new GroupReceiverOptions { Identity = new NodeId(1) });
        var offer = OfferMessage.Of(sender.Content.Manifest, isComplete: true);
        Announce(receiver, sender.Sender.StreamId, isOfTheVersion ? offer : offer with { Version = Sha256Digest.Of([1]) });
        _world.RunUntil(() => receiver.HasEnded, TimeSpan.FromSeconds(5));
        Assert.Equal(GroupReceiverEndReason.Completed, receiver.Receiver.EndReason);
    }

    [Fact]
    public void AnAnnouncementOfTheEndAloneEndsNobody()
    {
        var receiver = Receive(null, new GroupReceiverOptions { Identity = new NodeId(1) });
        var content = Content(1);
        Announce(receiver, 77, OfferMessage.Of(content.Manifest, isComplete: true), hasEnded: true);
        _world.RunUntil(() => receiver.HasEnded, TimeSpan.FromSeconds(3));
        Assert.False(receiver.HasEnded);
        Send(content, waitFor: 1);
        _world.RunUntil(() => receiver.HasEnded, TimeSpan.FromSeconds(5));
        Assert.Equal(GroupReceiverEndReason.Completed, receiver.Receiver.EndReason);
    }

    /// <summary>All of an earlier session, recorded by somebody without the secret: nothing of it is written, though nothing else rains;
    /// and when the sender begins, all is there as soon as it is without him, to the twentieth part.</summary>
    [Fact]
    public void OfASealedSessionThatIsReplayedNothingIsWrittenAndTheRainIsNotSlowed()
    {
        var quiet = Seconds(isReplayed: false);
        Assert.InRange(Seconds(isReplayed: true), 0.9 * quiet, 1.05 * quiet);
    }

    /// <summary>The recording is good enough to be written by whoever asks for no answer.</summary>
    [Fact]
    public void WhoBelievesRecordingsWritesThem()
    {
        var world = new SimWorld(3) { TimerLateness = TimeSpan.FromMicroseconds(200) };
        byte[] secret = [.. "a secret of this test"u8];
        using var sender = new SimGroupSender(world, SenderAt, Options(1), Id, Content(1), new SimSeal(secret, world.Random));
        sender.Kill();
        using var replayer = new GroupReplayer(
            world, Stranger, sender, Id, Content(2), new SimSeal(secret, world.Random), world.Random, bytesPerSecond: 1_400_000);
        using var receiver = new SimGroupReceiver(
            world, PeerAddress.FromIPv4(0x0A00_0100, 7000), GroupRun.Group, new GroupReceiverOptions { Identity = new NodeId(1) },
            new SimSeal(secret, world.Random), believesRecordings: true);
        world.RunUntil(() => receiver.Disk.Count > 0, TimeSpan.FromSeconds(10));
        Assert.NotEmpty(receiver.Disk);
    }

    private static double Seconds(bool isReplayed)
    {
        const int count = 8;
        var world = new SimWorld(3) { TimerLateness = TimeSpan.FromMicroseconds(200) };
        byte[] secret = [.. "a secret of this test"u8];
        using var sender = new SimGroupSender(world, SenderAt, Options(count), Id, Content(1), new SimSeal(secret, world.Random));
        sender.Kill();
        using var replayer = isReplayed ? new GroupReplayer(
            world, Stranger, sender, Id, Content(2), new SimSeal(secret, world.Random), world.Random, bytesPerSecond: 1_400_000) : null;
        var written = 0;
        var receivers = Enumerable.Range(0, count).Select(index => new SimGroupReceiver(
            world, PeerAddress.FromIPv4(0x0A00_0100 + (uint)index, 7000), GroupRun.Group,
            new GroupReceiverOptions { Identity = new NodeId((ulong)(index + 1)) }, new SimSeal(secret, world.Random))
        { OnBlock = (_, _) => written++ }).ToList();
        world.RunUntil(static () => false, TimeSpan.FromSeconds(3));
        Assert.Equal(0, written);
        Assert.All(receivers, receiver => Assert.Equal(isReplayed, receiver.Receiver.Snapshot().Droplets > 1000));

        sender.Restart();
        var began = world.Now;
        world.RunUntil(() => sender.Sender.EndReason != GroupEndReason.None, TimeSpan.FromSeconds(30));
        Assert.Equal(GroupEndReason.Completed, sender.Sender.EndReason);
        Assert.Equal(count, sender.Sender.Receivers().Count(row => row.State == GroupReceiverState.Done));
        var seconds = receivers.Max(receiver => (receiver.CompletedAt!.Value - began).TotalSeconds);
        receivers.ForEach(static receiver => receiver.Dispose());
        return seconds;
    }

    private static GroupSenderOptions Options(int waitFor) => new()
    {
        Group = GroupRun.Group,
        RateBitsPerSecond = 20_000_000,
        TokenKey = new byte[32],
        WaitForReceivers = waitFor,
        Rounds = 0,
    };

    private static SimContent Content(int seed)
    {
        var bytes = new byte[4 << 20];
        new SimRandom((ulong)seed).Fill(bytes);
        return SimContent.Create(bytes, blockBytes: 1 << 18, stamp: 1000 - seed);
    }

    private SimGroupSender Send(SimContent content, int waitFor)
    {
        var sender = new SimGroupSender(_world, SenderAt, Options(waitFor), Id, content);
        _hosts.Add(sender);
        return sender;
    }

    private SimGroupReceiver Receive(SimSeal? seal, GroupReceiverOptions options)
    {
        var receiver = new SimGroupReceiver(_world, PeerAddress.FromIPv4(0x0A00_0100, 7000), GroupRun.Group, options, seal);
        _hosts.Add(receiver);
        return receiver;
    }

    private void Announce(SimGroupReceiver receiver, uint streamId, OfferMessage offer, bool hasEnded = false)
    {
        var length = new AnnounceMessage { StreamId = streamId, Resource = Id, Offer = offer, HasEnded = hasEnded, Round = 1 }
            .Write(_buffer, "raptorq");
        _world.Network.Inject(_world.Now, Stranger, receiver.Address, _buffer[..length]);
    }
}
