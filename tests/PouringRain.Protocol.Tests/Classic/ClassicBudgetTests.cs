using System.Net;
using PouringRain.Protocol.Classic;

namespace PouringRain.Protocol.Tests.Classic;

/// <summary>Format 1 cannot tell whose address a datagram bears: what it may send to one is bounded.</summary>
public class ClassicBudgetTests
{
    private static readonly PeerAddress Victim = PeerAddress.FromIPv4(0x7F00_0001, 4000);

    [Fact]
    public void Three_forged_datagrams_bring_one_resource_and_what_comes_back_meanwhile()
    {
        var budget = new ClassicBudget();
        var servers = MakeServers(budget, count: 3, ClassicFormat.LengthMax);

        // A port each, a renewal in time, another server: all the same address.
        var bytes = Rain(servers, TimeSpan.FromSeconds(20), (second, server) =>
            second % 4 == 0 && second < 12 ? Message(ClassicMessageType.Subscribe, 1) : null);

        Assert.InRange(bytes, budget.BytesPerAddress, budget.BytesPerAddress + (17 * budget.RefillBytesPerSecond));
        Assert.InRange(bytes, 0, 11_000_000);
    }

    [Fact]
    public void A_short_resource_brings_what_it_takes()
    {
        var servers = MakeServers(new ClassicBudget(), count: 1, 10_000);

        var bytes = Rain(servers, TimeSpan.FromSeconds(20), (second, _) =>
            second % 4 == 0 && second < 12 ? Message(ClassicMessageType.Subscribe, 1) : null);

        // 64 symbols of 157 bytes: twice as many, and 16 a second for 13 seconds.
        Assert.InRange(bytes, 128 * 189, (128 + 220) * 189);
    }

    [Fact]
    public void However_a_sender_is_forged_an_address_gets_no_more_than_its_budget()
    {
        var random = new Random(2012);
        var budget = new ClassicBudget();
        var servers = MakeServers(budget, count: 3, ClassicFormat.LengthMax, 1_000_000, 5000);

        var bytes = Rain(servers, TimeSpan.FromSeconds(60), (_, _) =>
            Message(random.Next(3) == 0 ? ClassicMessageType.Unsubscribe : ClassicMessageType.Subscribe, (ulong)random.Next(1, 4)));

        Assert.InRange(bytes, budget.BytesPerAddress, budget.BytesPerAddress + (61 * budget.RefillBytesPerSecond));
    }

    [Fact]
    public void A_budget_that_was_spent_comes_back()
    {
        var budget = new ClassicBudget();
        var server = MakeServers(budget, count: 1, ClassicFormat.LengthMax);
        var bytes = Rain(server, TimeSpan.FromSeconds(6), (second, _) => second == 0 ? Message(ClassicMessageType.Subscribe, 1) : null);
        Assert.InRange(bytes, budget.BytesPerAddress, long.MaxValue);
        var whole =
            new Instant(0) + (TimeSpan.FromSeconds(7) + TimeSpan.FromSeconds((double)budget.BytesPerAddress / budget.RefillBytesPerSecond));

        Assert.True(budget.TrySpend(whole, Victim, (int)budget.BytesPerAddress, out _));
        Assert.False(budget.TrySpend(whole, Victim, 1000, out var availableAt));
        Assert.True(availableAt > whole);
        Assert.True(budget.TrySpend(availableAt, Victim with { Port = 1 }, 1000, out _));
    }

    [Fact]
    public void No_client_is_left_in_silence_for_a_second()
    {
        var server = MakeServers(new ClassicBudget(), count: 1, ClassicFormat.LengthMax)[0];
        var buffer = new byte[65536];
        var last = new Instant(0);
        for (var ms = 0; ms < 30_000; ms++)
        {
            var now = new Instant(ms * 1_000_000L);
            if (ms % 4000 == 0)
            {
                server.Handle(now, Victim, Message(ClassicMessageType.Subscribe, 1));
            }

            while (server.TryPollTransmit(now, buffer, out _))
            {
                last = now;
            }

            Assert.True(now - last < TimeSpan.FromSeconds(1), $"{ms} ms");
        }
    }

    [Fact]
    public void The_table_of_addresses_is_bounded_and_empties()
    {
        var budget = new ClassicBudget();
        for (uint i = 0; i < 3 * ClassicBudget.AddressCountMax; i++)
        {
            var isNew = i < ClassicBudget.AddressCountMax;
            Assert.Equal(isNew, budget.TrySpend(new Instant(1), PeerAddress.FromIPv4(i, 1), 1000, out _));
        }

        Assert.Equal(ClassicBudget.AddressCountMax, budget.AddressCount);
        Assert.True(budget.TrySpend(new Instant(10_000_000_000), PeerAddress.FromIPv4(uint.MaxValue, 1), 1000, out _));
        Assert.Equal(1, budget.AddressCount);
    }

    [Fact]
    public void All_addresses_of_a_network_of_ipv6_share_a_budget()
    {
        var budget = new ClassicBudget();
        var first = PeerAddress.From(IPEndPoint.Parse("[fd00:1:2:3::1]:1"));
        Assert.True(budget.TrySpend(new Instant(0), first, (int)budget.BytesPerAddress, out _));
        Assert.False(budget.TrySpend(new Instant(0), PeerAddress.From(IPEndPoint.Parse("[fd00:1:2:3:ffff::7]:2")), 1000, out _));
        Assert.True(budget.TrySpend(new Instant(0), PeerAddress.From(IPEndPoint.Parse("[fd00:1:2:4::1]:1")), 1000, out _));
    }

    [Fact]
    public void It_rains_under_the_ceiling_of_all()
    {
        var ceiling = RainCeiling.Of(500_000)!;
        var options = new ClassicServerOptions { Allowed = [IPNetwork.Parse("127.0.0.0/8")], Ceiling = ceiling };
        var servers = Enumerable.Range(0, 3).Select(i => new ClassicServer(options, new Catalog(500_000), (ulong)i)).ToArray();

        var bytes = Rain(servers, TimeSpan.FromSeconds(4), (second, _) => second == 0 ? Message(ClassicMessageType.Subscribe, 1) : null);

        Assert.InRange(bytes, 1_900_000, 2_050_000);
    }

    private static ClassicServer[] MakeServers(ClassicBudget budget, int count, params int[] lengths)
    {
        var options = new ClassicServerOptions { Allowed = [IPNetwork.Parse("127.0.0.0/8")], Budget = budget };
        return [.. Enumerable.Range(0, count).Select(i => new ClassicServer(options, new Catalog(lengths), (ulong)i))];
    }

    /// <summary>Sends every server a datagram a second in the victim's name, from another port each; returns the bytes that come to the
    /// victim.</summary>
    private static long Rain(ClassicServer[] servers, TimeSpan time, Func<int, int, byte[]?> forge)
    {
        var buffer = new byte[65536];
        long bytes = 0;
        for (var ms = 0; ms < time.TotalMilliseconds; ms++)
        {
            var now = new Instant(ms * 1_000_000L);
            for (var i = 0; i < servers.Length; i++)
            {
                if (ms % 1000 == 0 && forge(ms / 1000, i) is { } datagram)
                {
                    Assert.True(servers[i].Handle(now, Victim with { Port = (ushort)(4000 + i) }, datagram));
                }

                while (servers[i].TryPollTransmit(now, buffer, out var transmit))
                {
                    bytes += transmit.Length;
                }
            }
        }

        return bytes;
    }

    private static byte[] Message(ClassicMessageType type, ulong resource)
    {
        var bytes = new byte[24];
        return bytes[..ClassicFormat.Write(new ClassicMessage(type, new ResourceId(resource), 1999), bytes)];
    }

    private sealed class Catalog(params int[] lengths) : IClassicCatalog
    {
        public bool TryRead(ResourceId resource, out ReadOnlyMemory<byte> content)
        {
            var isHere = resource.Value >= 1 && resource.Value <= (ulong)lengths.Length;
            content = isHere ? new byte[lengths[resource.Value - 1]] : default;
            return isHere;
        }
    }
}
