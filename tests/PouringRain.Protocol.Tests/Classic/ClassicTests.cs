using System.Buffers.Binary;
using System.Net;
using System.Numerics;
using PouringRain.Protocol.Classic;

namespace PouringRain.Protocol.Tests.Classic;

public class ClassicTests
{
    private static readonly PeerAddress Inside = PeerAddress.FromIPv4(0x7F00_0001, 4000);
    private static readonly PeerAddress Outside = PeerAddress.FromIPv4(0x0A00_0001, 4000);
    private static readonly PeerAddress Server = PeerAddress.FromIPv4(0x7F00_0001, 1980);
    private static readonly ResourceId Id = new(77);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(4095)]
    [InlineData(4096)]
    [InlineData(100_000)]
    [InlineData(ClassicFormat.LengthMax)]
    public void A_resource_of_any_length_comes_back(int length)
    {
        var bytes = Bytes(length);
        var server = MakeServer(bytes);
        var fetch = new ClassicFetch(Id, Server, ClassicFetch.DefaultSilence, new Instant(0));
        Drive(server, fetch, Inside);
        Assert.Equal(ClassicFetchEnd.Completed, fetch.End);
        Assert.Equal(bytes, fetch.Result);
        Assert.InRange(fetch.DropletCount, 64, 300);
    }

    [Fact]
    public void Nothing_is_sent_to_a_sender_outside_the_allowed_networks()
    {
        var server = MakeServer(Bytes(1000));
        Assert.True(server.Handle(new Instant(0), Outside, Message(ClassicMessageType.Subscribe)));
        Assert.Equal(Instant.Never, server.NextTimeout);
        Assert.False(server.TryPollTransmit(new Instant(1_000_000_000), new byte[65536], out _));
        Assert.True(server.Handle(new Instant(0), Outside, Message(ClassicMessageType.Propagate)));
        Assert.False(server.TryPollEvent(out _));
    }

    [Fact]
    public void No_network_is_allowed_by_default() => Assert.Empty(new ClassicServerOptions().Allowed);

    [Fact]
    public void An_unknown_resource_is_answered_with_silence()
    {
        var server = MakeServer(null);
        var fetch = new ClassicFetch(Id, Server, ClassicFetch.DefaultSilence, new Instant(0));
        var end = Drive(server, fetch, Inside);
        Assert.Equal(ClassicFetchEnd.Silent, fetch.End);
        Assert.Equal(TimeSpan.FromSeconds(1), end - new Instant(0));
    }

    [Fact]
    public void A_subscription_ends_five_seconds_after_its_last_renewal()
    {
        var server = MakeServer(Bytes(100_000));
        var buffer = new byte[65536];
        server.Handle(new Instant(0), Inside, Message(ClassicMessageType.Subscribe));
        var now = new Instant(0);
        var last = now;
        var renewed = false;
        while (server.NextTimeout != Instant.Never)
        {
            now = server.NextTimeout;
            if (!renewed && now - new Instant(0) >= TimeSpan.FromSeconds(4))
            {
                server.Handle(now, Inside, Message(ClassicMessageType.Subscribe));
                renewed = true;
            }

            if (server.TryPollTransmit(now, buffer, out _))
            {
                last = now;
            }
        }

        Assert.InRange((last - new Instant(0)).TotalSeconds, 8.9, 9.01);
        Assert.Empty(server.SnapshotSubscribers(now));
    }

    [Fact]
    public void Unsubscribing_ends_the_rain_at_once()
    {
        var server = MakeServer(Bytes(100_000));
        server.Handle(new Instant(0), Inside, Message(ClassicMessageType.Subscribe));
        Assert.True(server.TryPollTransmit(new Instant(0), new byte[65536], out _));
        server.Handle(new Instant(1), Inside, Message(ClassicMessageType.Unsubscribe));
        Assert.False(server.TryPollTransmit(new Instant(4_000_000_000), new byte[65536], out _));
    }

    [Fact]
    public void A_subscriber_gets_no_more_than_its_rate()
    {
        var server = MakeServer(
            Bytes(3_000_000), new ClassicServerOptions { Allowed = [IPNetwork.Parse("127.0.0.0/8")], RateBytesPerSecond = 1_000_000 });
        server.Handle(new Instant(0), Inside, Message(ClassicMessageType.Subscribe));
        long sent = 0;
        for (var ms = 0; ms < 4000; ms++)
        {
            while (server.TryPollTransmit(new Instant(ms * 1_000_000L), new byte[65536], out var transmit))
            {
                Assert.Equal(Inside, transmit.To);
                sent += transmit.Length;
            }
        }

        Assert.InRange(sent, 3_900_000, 4_100_000);
    }

    [Fact]
    public void Small_droplets_are_bounded_in_number()
    {
        var server = MakeServer(Bytes(10));
        server.Handle(new Instant(0), Inside, Message(ClassicMessageType.Subscribe));
        var sent = new List<int>();
        var buffer = new byte[65536];
        for (var ms = 0; ms < 4000; ms++)
        {
            while (server.TryPollTransmit(new Instant(ms * 1_000_000L), buffer, out _))
            {
                sent.Add(ms);
            }
        }

        // What a resource takes at once, and a few a second for one that lost many of them.
        Assert.InRange(sent[127], 60, 70);
        Assert.InRange(sent.Count, 128 + 60, 128 + 66);
    }

    [Fact]
    public void Subscribers_beyond_the_limit_are_ignored()
    {
        var server = MakeServer(Bytes(10), new ClassicServerOptions { Allowed = [IPNetwork.Parse("127.0.0.0/8")], SubscriberCountMax = 3 });
        for (ushort port = 1; port <= 10; port++)
        {
            server.Handle(new Instant(0), Inside with { Port = port }, Message(ClassicMessageType.Subscribe));
        }

        Assert.Equal([1, 2, 3], server.SnapshotSubscribers(new Instant(0)).Select(s => (int)s.Peer.Port).Order());
    }

    [Fact]
    public void A_propagate_names_the_sender_with_the_port_it_gives()
    {
        var server = MakeServer(null);
        server.Handle(new Instant(0), Inside, Message(ClassicMessageType.Propagate));
        Assert.True(server.TryPollEvent(out var request));
        Assert.Equal(new ClassicPropagateRequest(Id, Inside with { Port = 1999 }), request);
        Assert.False(server.TryPollEvent(out _));
    }

    [Fact]
    public void A_slow_server_that_forgets_after_five_seconds_is_reminded_in_time()
    {
        var bytes = Bytes(100);
        var size = ClassicFormat.SymbolSizeOf(bytes.Length);
        var padded = new byte[64 * size];
        bytes.CopyTo(padded, 0);
        var fetch = new ClassicFetch(Id, Server, ClassicFetch.DefaultSilence, new Instant(0));
        var buffer = new byte[64];
        var subscribed = new List<Instant>();

        // A symbol every 0.2 s, as it is: 64 of them take 12.6 s.
        for (var symbol = 0; fetch.End == ClassicFetchEnd.None; symbol++)
        {
            var now = new Instant(0) + (symbol * TimeSpan.FromSeconds(0.2));
            while (fetch.TryPollTransmit(now, buffer, out _))
            {
                Assert.Equal(1, buffer[0]);
                subscribed.Add(now);
            }

            Assert.InRange(now - subscribed[^1], TimeSpan.Zero, TimeSpan.FromSeconds(4.99));
            var droplet = Droplet(Id, 1ul << symbol, (ulong)bytes.Length, size);
            padded.AsSpan(symbol * size, size).CopyTo(droplet.AsSpan(32));
            fetch.Handle(now, Server with { Port = 50_000 }, droplet);
        }

        Assert.Equal(bytes, fetch.Result);
        Assert.Equal(4, subscribed.Count);
    }

    [Fact]
    public void A_fetch_ignores_what_does_not_fit()
    {
        var fetch = new ClassicFetch(Id, Server, ClassicFetch.DefaultSilence, new Instant(0));
        var good = Droplet(Id, 1, 1000, 16);
        fetch.Handle(new Instant(0), Outside, good);
        Assert.Equal(0, fetch.DropletCount);
        foreach (var bad in new[]
        {
            Droplet(new ResourceId(78), 1, 1000, 16), Droplet(Id, 0, 1000, 16), Droplet(Id, 1, 1000, 17), Droplet(Id, 1, 1000, 16)[..^1],
            [.. good, 0], [], Droplet(Id, 1, (ulong)ClassicFormat.LengthMax + 1, ClassicFormat.SymbolSizeMax + 1),
            Droplet(Id, 1, ulong.MaxValue, 16),
        })
        {
            fetch.Handle(new Instant(0), Server, bad);
            Assert.Equal(0, fetch.DropletCount);
        }

        fetch.Handle(new Instant(0), Server, good);
        Assert.Equal(1, fetch.DropletCount);
        fetch.Handle(new Instant(0), Server, Droplet(Id, 2, 1001, 16));
        Assert.Equal(1, fetch.DropletCount);
    }

    [Fact]
    public void Droplets_come_from_any_port_of_the_server_and_from_no_other_address()
    {
        var mapped = PeerAddress.From(new IPEndPoint(IPAddress.Parse("::ffff:127.0.0.1"), 50_000));
        var linkLocal = PeerAddress.From(new IPEndPoint(IPAddress.Parse("fe80::1%3"), 1980));
        AssertTaken(Server, Server with { Port = 50_000 }, 1);
        AssertTaken(Server, mapped, 1);
        AssertTaken(mapped with { Port = 1980 }, Server with { Port = 50_000 }, 1);
        AssertTaken(linkLocal, linkLocal with { Port = 50_000 }, 1);
        AssertTaken(linkLocal, linkLocal with { ScopeId = 4 }, 0);
        AssertTaken(Server, Server with { Address = Server.Address with { Low = Server.Address.Low + 1 } }, 0);
        AssertTaken(Server, PeerAddress.From(new IPEndPoint(IPAddress.IPv6Loopback, 1980)), 0);

        static void AssertTaken(PeerAddress server, PeerAddress from, int count)
        {
            var fetch = new ClassicFetch(Id, server, ClassicFetch.DefaultSilence, new Instant(0));
            Assert.True(fetch.TryPollTransmit(new Instant(0), new byte[64], out var subscribe));
            Assert.Equal(server, subscribe.To);
            fetch.Handle(new Instant(0), from, Droplet(Id, 1, 1000, 16));
            Assert.Equal(count, fetch.DropletCount);
        }
    }

    [Fact]
    public void A_server_that_never_makes_sense_is_given_up()
    {
        var fetch = new ClassicFetch(Id, Server, ClassicFetch.DefaultSilence, new Instant(0));
        for (var i = 0; i < 10_000; i++)
        {
            fetch.Handle(new Instant(i), Server, Droplet(Id, 1, 1000, 16));
        }

        Assert.Equal(ClassicFetchEnd.Undecodable, fetch.End);
        Assert.Null(fetch.Result);
    }

    [Fact]
    public void Random_bytes_neither_throw_nor_grow_anything()
    {
        var random = new Random(4711);
        var server = MakeServer(Bytes(5000));
        var fetch = new ClassicFetch(Id, Server, ClassicFetch.DefaultSilence, new Instant(0));
        var buffer = new byte[100];
        for (var i = 0; i < 100_000; i++)
        {
            var datagram = buffer.AsSpan(0, random.Next(buffer.Length));
            random.NextBytes(datagram);
            if (datagram.Length >= 16 && (i & 1) == 0)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(datagram, (ulong)random.Next(5));
            }

            server.Handle(new Instant(i), Inside, datagram);
            fetch.Handle(new Instant(i), Server, datagram);
        }

        Assert.InRange(server.SnapshotSubscribers(new Instant(0)).Length, 0, 32);
        Assert.Equal(0, fetch.DropletCount);
    }

    [Fact]
    public void A_receiver_needs_few_more_droplets_than_symbols()
    {
        var eliminated = 0;
        var peeled = 0;
        for (var seed = 0UL; seed < 200; seed++)
        {
            var degrees = new ClassicDegrees(seed);
            var decoder = new ClassicDecoder(10);
            var waiting = new List<ulong>();
            var known = 0UL;
            for (var count = 1; known != ulong.MaxValue; count++)
            {
                var key = degrees.NextKey();
                if (decoder.Rank < 64 && decoder.Add(key, [0]) && decoder.Rank == 64)
                {
                    eliminated += count;
                }

                waiting.Add(key);
                for (var index = 0; index >= 0;)
                {
                    index = waiting.FindIndex(k => BitOperations.IsPow2(k & ~known));
                    known |= index >= 0 ? waiting[index] : 0;
                }

                peeled = known == ulong.MaxValue ? peeled + count : peeled;
            }
        }

        Assert.InRange(eliminated / 200.0 / 64, 1.0, 1.3);
        Assert.InRange(peeled / 200.0 / 64, 1.0, 1.6);
    }

    private static Instant Drive(ClassicServer server, ClassicFetch fetch, PeerAddress client)
    {
        var buffer = new byte[65536];
        var now = new Instant(0);
        while (true)
        {
            while (fetch.TryPollTransmit(now, buffer, out var transmit))
            {
                Assert.Equal(Server, transmit.To);
                server.Handle(now, client, buffer.AsSpan(0, transmit.Length));
            }

            if (fetch.End != ClassicFetchEnd.None)
            {
                Assert.Empty(server.SnapshotSubscribers(now));
                return now;
            }

            while (server.TryPollTransmit(now, buffer, out var transmit))
            {
                fetch.Handle(now, Server, buffer.AsSpan(0, transmit.Length));
            }

            now = Instant.Max(now, Instant.Min(server.NextTimeout, fetch.NextTimeout));
        }
    }

    private static byte[] Message(ClassicMessageType type)
    {
        var bytes = new byte[24];
        return bytes[..ClassicFormat.Write(new ClassicMessage(type, Id, 1999), bytes)];
    }

    private static byte[] Droplet(ResourceId id, ulong key, ulong length, int valueLength)
    {
        var bytes = new byte[32 + valueLength];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, id.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(8), key);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(16), length);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(24), (ulong)valueLength);
        return bytes;
    }

    private static byte[] Bytes(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }

    private static ClassicServer MakeServer(byte[]? bytes, ClassicServerOptions? options = null) =>
        new(options ?? new ClassicServerOptions { Allowed = [IPNetwork.Parse("127.0.0.0/8")] }, new Catalog(bytes), seed: 1);

    private sealed class Catalog(byte[]? bytes) : IClassicCatalog
    {
        public bool TryRead(ResourceId resource, out ReadOnlyMemory<byte> content)
        {
            content = bytes;
            return bytes is not null && resource == Id;
        }
    }
}
