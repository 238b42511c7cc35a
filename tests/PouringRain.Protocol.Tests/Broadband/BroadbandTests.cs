using System.Net;
using PouringRain.Protocol.Broadband;

namespace PouringRain.Protocol.Tests.Broadband;

public class BroadbandTests
{
    private const int ImageBytes = 3_000_001;
    private static readonly TimeSpan LongEnough = TimeSpan.FromMinutes(10);

    /// <summary>How many clients, of which how many are ours; the loss; the bounds of time and of the server's bytes, as multiples of what
    /// the image alone takes.</summary>
    public static TheoryData<int, int, double, double, double> Companies => new()
    {
        { 1, 0, 0, 1.15, 1.1 },
        { 1, 1, 0, 1.15, 1.1 },
        { 6, 0, 0.01, 2, 2 },
        { 6, 6, 0.01, 2, 2 },
        { 20, 10, 0.01, 3, 3 },
        { 4, 2, 0.1, 6, 6 },
    };

    [Theory]
    [MemberData(nameof(Companies))]
    public void All_clients_get_the_image_from_our_server(int count, int ours, double loss, double time, double bytes)
    {
        var scene = new BroadbandScene(7, ImageBytes, loss).WithServer();
        AddClients(scene, count, ours);
        var start = scene.Now;
        Assert.True(scene.RunUntil(scene.AreDone, LongEnough));
        Assert.All(scene.Clients, client => Assert.Equal(scene.Image, client.Output));
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"time {(scene.Now - start) / scene.Ideal:0.00}, bytes {(double)scene.SentBytes / ImageBytes:0.00}");
        Assert.InRange((scene.Now - start) / scene.Ideal, 1, time);
        Assert.InRange((double)scene.SentBytes / ImageBytes, 1, bytes);
    }

    [Theory]
    [InlineData(1, 1, 0.01)]
    [InlineData(6, 6, 0.01)]
    [InlineData(6, 3, 0.01)]
    public void All_clients_get_the_image_from_a_server_of_old(int count, int ours, double loss)
    {
        var scene = new BroadbandScene(8, ImageBytes, loss).WithOldServer();
        AddClients(scene, count, ours);
        Assert.True(scene.RunUntil(scene.AreDone, LongEnough));
        Assert.All(scene.Clients, client => Assert.Equal(scene.Image, client.Output));
        TestContext.Current.TestOutputHelper?.WriteLine($"time {(scene.Now - new Instant(1)) / scene.Ideal:0.00}");
    }

    /// <summary>A client of old asks at every datagram that it cannot use, and a server of old seeks each time.</summary>
    [Fact]
    public void Our_client_asks_a_server_of_old_once_a_loss()
    {
        var scene = new BroadbandScene(9, ImageBytes, 0.01).WithOldServer();
        var client = scene.AddClient(isOld: false);
        Assert.True(scene.RunUntil(scene.AreDone, LongEnough));
        var losses = ImageBytes / 1400 * 0.01;
        Assert.InRange(client.Ours!.NackCount, losses / 2, losses * 2);
    }

    [Theory]
    [InlineData(0.5, 1)]
    [InlineData(0.9, 1)]
    [InlineData(0.5, 3)]
    public void Who_comes_late_gets_the_image_and_costs_the_others_nothing(double share, int lateCount)
    {
        var alone = new BroadbandScene(10, ImageBytes, 0).WithServer();
        AddClients(alone, 4, 0);
        Assert.True(alone.RunUntil(alone.AreDone, LongEnough));

        var scene = new BroadbandScene(10, ImageBytes, 0).WithServer();
        AddClients(scene, 4, 0);
        var late = Enumerable.Range(0, lateCount).Select(_ => scene.AddClient(isOld: true, scene.Ideal * share)).ToArray();
        Assert.True(scene.RunUntil(scene.AreDone, LongEnough));
        Assert.All(scene.Clients, client => Assert.Equal(scene.Image, client.Output));
        Assert.All(scene.Clients.Except(late), client => Assert.True(client.EndedAt <= alone.Now));

        // However many they are, they take the stream once more.
        Assert.InRange((double)scene.SentBytes / ImageBytes, 1.5, 2.2);
    }

    [Fact]
    public void The_end_is_told_a_few_times_a_second_and_then_no_more()
    {
        var scene = new BroadbandScene(11, 10_000, 0).WithServer();
        Assert.True(scene.RunUntil(() => scene.Server!.Phase == BroadbandPhase.Done, LongEnough));
        var ends = scene.Sent.Where(one => one.Length == BroadbandFormat.HeaderBytes).ToArray();
        var seconds = (ends[^1].At - ends[0].At).TotalSeconds;
        Assert.InRange(seconds, 4, 6);
        Assert.InRange((ends.Length - 1) / seconds, 1, 10);
        Assert.Equal(Instant.Never, scene.Server!.NextTimeout);
        Assert.False(scene.Server.TryPollTransmit(scene.Now + LongEnough, new byte[65_536], out _));
    }

    [Fact]
    public void An_empty_image_is_told_by_its_end()
    {
        var scene = new BroadbandScene(12, 0, 0).WithServer();
        AddClients(scene, 2, 1);
        Assert.True(scene.RunUntil(scene.AreDone, LongEnough));
        Assert.All(scene.Clients, client => Assert.Empty(client.Output));
    }

    [Fact]
    public void Streaming_begins_when_enough_clients_are_there()
    {
        var scene = new BroadbandScene(13, ImageBytes, 0).WithServer(options => options with { WaitCount = 3 });
        AddClients(scene, 2, 1);
        scene.AddClient(isOld: true, TimeSpan.FromSeconds(20));
        var start = scene.Now;
        Assert.True(scene.RunUntil(() => scene.Server!.Phase == BroadbandPhase.Streaming, LongEnough));
        Assert.InRange((scene.Now - start).TotalSeconds, 20, 20.3);
        Assert.True(scene.RunUntil(scene.AreDone, LongEnough));
        Assert.Equal(1, scene.Server!.GetFigures(scene.Now).Round);
        Assert.All(scene.Clients, client => Assert.Equal(scene.Image, client.Output));
    }

    [Fact]
    public void Streaming_begins_without_those_who_do_not_come()
    {
        var scene = new BroadbandScene(14, 1000, 0)
            .WithServer(options => options with { WaitCount = 3, WaitMax = TimeSpan.FromSeconds(9) });
        AddClients(scene, 2, 1);
        var start = scene.Now;
        Assert.True(scene.RunUntil(scene.AreDone, LongEnough));
        Assert.InRange((scene.Now - start).TotalSeconds, 9, 9.1);
    }

    [Theory]
    [InlineData("10.1.9.9:7855", -1L)]
    [InlineData("10.1.9.9:7855", long.MinValue)]
    [InlineData("10.1.9.9:7855", ImageBytes + 1L)]
    [InlineData("10.1.9.9:7855", long.MaxValue)]
    [InlineData("10.2.9.9:7855", 0L)]
    [InlineData("10.1.9.9:53", 0L)]
    public void What_is_out_of_bounds_or_not_allowed_changes_nothing(string from, long offset)
    {
        var alone = Sent(_ => { });
        var attacked = Sent(scene => Repeat(scene, from, BitConverter.GetBytes(offset)));
        Assert.Equal(alone, attacked);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(9)]
    [InlineData(1408)]
    public void What_is_no_nack_changes_nothing(int length)
    {
        Assert.Equal(Sent(_ => { }), Sent(scene => Repeat(scene, "10.1.9.9:7855", new byte[length])));
    }

    /// <summary>One who asks a thousand times a second for what it could have: while the group is served, it gets its share of what is near
    /// and nothing more; after that it is left.</summary>
    [Theory]
    [InlineData(0L)]
    [InlineData(ImageBytes / 2L)]
    [InlineData(ImageBytes - 100L)]
    public void One_who_asks_for_ever_neither_keeps_the_others_nor_the_server(long offset)
    {
        var scene = new BroadbandScene(15, ImageBytes, 0).WithServer(options => options with { RoundCountMax = 3 });
        AddClients(scene, 4, 2);
        Repeat(scene, "10.1.9.9:7855", BitConverter.GetBytes(offset));
        var start = scene.Now;
        Assert.True(scene.RunUntil(scene.AreDone, LongEnough));
        Assert.InRange((scene.Now - start) / scene.Ideal, 1, 2);
        Assert.True(scene.RunUntil(() => scene.Server!.Phase == BroadbandPhase.Done, LongEnough));
        Assert.InRange((double)scene.SentBytes / ImageBytes, 1, 5.5);
        Assert.All(scene.Clients, client => Assert.Equal(scene.Image, client.Output));
    }

    [Fact]
    public void At_most_one_rewind_a_round_trip_for_one_client()
    {
        var scene = new BroadbandScene(16, ImageBytes, 0).WithServer();
        Assert.True(scene.RunUntil(() => scene.Server!.GetFigures(scene.Now).Position > 600_000, LongEnough));
        var near = BitConverter.GetBytes(scene.Server!.GetFigures(scene.Now).Position - 10_000);
        var from = PeerAddress.From(IPEndPoint.Parse("10.1.9.9:7855"));
        var start = scene.Now;
        for (var i = 0; i < 10_000; i++)
        {
            scene.At(start + TimeSpan.FromMicroseconds(5 * i), () => scene.SendNack(from, near));
        }

        var end = start + TimeSpan.FromMilliseconds(51);
        scene.RunUntil(() => scene.Now >= end, LongEnough);

        // Nothing was measured, so that a round trip is taken for 5 ms.
        Assert.InRange(scene.Server.GetFigures(scene.Now).RewindCount, 5, 11);
    }

    [Fact]
    public void The_table_of_clients_is_bounded()
    {
        var scene = new BroadbandScene(17, ImageBytes, 0).WithServer(options => options with { ClientCountMax = 5 });
        for (var i = 0; i < 100; i++)
        {
            scene.SendNack(PeerAddress.From(IPEndPoint.Parse($"10.1.9.{i}:7855")), BitConverter.GetBytes(0L));
        }

        var last = scene.Now + TimeSpan.FromMilliseconds(10);
        scene.RunUntil(() => scene.Now >= last, LongEnough);
        var figures = scene.Server!.GetFigures(scene.Now);
        Assert.Equal((5, 95), (figures.ClientCount, figures.IgnoredCount));
    }

    [Fact]
    public void A_client_listens_to_its_server_alone_and_not_to_contradictions()
    {
        var client = new BroadbandClient(new BroadbandClientOptions { Server = BroadbandScene.ServerAddress });
        var other = PeerAddress.From(IPEndPoint.Parse("10.1.0.2:7854"));
        byte[] data = [.. BitConverter.GetBytes(0L), 1, 2, 3];
        var now = new Instant(1);
        Assert.True(client.Handle(now, other, data).IsEmpty);
        Assert.Equal([1, 2, 3], client.Handle(now, BroadbandScene.ServerAddress, data).ToArray());
        Assert.True(client.Handle(now, BroadbandScene.ServerAddress, data).IsEmpty);
        Assert.True(client.Handle(now, BroadbandScene.ServerAddress, BitConverter.GetBytes(2L)).IsEmpty);
        Assert.True(client.Handle(now, BroadbandScene.ServerAddress, BitConverter.GetBytes(-1L)).IsEmpty);
        Assert.True(client.Handle(now, BroadbandScene.ServerAddress, new byte[7]).IsEmpty);
        Assert.True(client.Handle(now, BroadbandScene.ServerAddress, new byte[1409]).IsEmpty);
        Assert.Equal((5, false, 3), (client.IgnoredCount, client.IsComplete, client.Position));

        // What overlaps is taken, what lies beyond is not.
        Assert.Equal([4], client.Handle(now, BroadbandScene.ServerAddress, [.. BitConverter.GetBytes(1L), 2, 3, 4]).ToArray());
        Assert.True(client.Handle(now, BroadbandScene.ServerAddress, [.. BitConverter.GetBytes(5L), 9]).IsEmpty);
        Assert.True(client.Handle(now, BroadbandScene.ServerAddress, BitConverter.GetBytes(4L)).IsEmpty);
        Assert.True(client.IsComplete);
    }

    [Fact]
    public void A_silent_server_is_asked_once_a_second_and_given_up_in_the_end()
    {
        var client = new BroadbandClient(new BroadbandClientOptions { Server = BroadbandScene.ServerAddress });
        var now = new Instant(1);
        Assert.Equal(Instant.Never, client.NextTimeout);
        client.Handle(now, BroadbandScene.ServerAddress, [.. BitConverter.GetBytes(0L), 1, 2, 3]);
        while (!client.IsLost(now))
        {
            now = client.NextTimeout;
            if (client.TryPollTransmit(now, new byte[8], out var transmit))
            {
                Assert.Equal(BroadbandScene.ServerAddress, transmit.To);
            }
        }

        Assert.Equal(30, client.NackCount);
        Assert.Equal(30, (now - new Instant(1)).TotalSeconds, 0.001);
    }

    private static void AddClients(BroadbandScene scene, int count, int ours)
    {
        for (var i = 0; i < count; i++)
        {
            scene.AddClient(isOld: i >= ours);
        }
    }

    /// <summary>What a server sends until it is done, with one client of old who is served well.</summary>
    private static List<(Instant, PeerAddress, int)> Sent(Action<BroadbandScene> attack)
    {
        var scene = new BroadbandScene(18, ImageBytes, 0).WithServer();
        scene.AddClient(isOld: true);
        attack(scene);
        Assert.True(scene.RunUntil(() => scene.Server!.Phase == BroadbandPhase.Done, LongEnough));
        Assert.Equal(scene.Image, scene.Clients[0].Output);
        return scene.Sent;
    }

    /// <summary>Sends the same a thousand times a second until the server is done.</summary>
    private static void Repeat(BroadbandScene scene, string from, byte[] datagram)
    {
        scene.SendNack(PeerAddress.From(IPEndPoint.Parse(from)), datagram);
        scene.At(scene.Now + TimeSpan.FromMilliseconds(1), () =>
        {
            if (scene.Server!.Phase != BroadbandPhase.Done)
            {
                Repeat(scene, from, datagram);
            }
        });
    }
}
