using PouringRain.Protocol.Sealing;

namespace PouringRain.Protocol.Tests.Sealing;

public sealed class DatagramSealTests
{
    private static readonly byte[] Secret = "a secret of this cluster"u8.ToArray();
    private static readonly PeerAddress Peer = PeerAddress.FromIPv4(0x7F000001, 1980);

    [Fact]
    public void Control_messages_and_droplets_come_back_as_they_were()
    {
        using var sealer = Sealer(1);
        using var opener = new DatagramOpener(Secret);
        AssertOpens(opener, Seal(sealer, Message(8, 126)), Message(8, 126));
        for (var length = 27; length < 1500; length += 7)
        {
            AssertOpens(opener, Seal(sealer, Message(10, length)), Message(10, length));
            AssertOpens(opener, Seal(sealer, Message(9, length)), Message(9, length));
        }
    }

    [Fact]
    public void Droplets_that_are_sealed_together_come_back_as_they_were_and_nothing_else_may_be_among_them()
    {
        using var sealer = Sealer(1);
        using var opener = new DatagramOpener(Secret);
        byte[] droplets = [.. Message(10, 1434), .. Message(10, 1434), .. Message(10, 100)];
        Assert.True(DatagramSealer.AreDroplets(droplets, 1434));
        Assert.Equal(OpenOutcome.UnknownSender, Open(opener, SealTogether(sealer, droplets)));
        Assert.Equal(OpenOutcome.Opened, Open(opener, Seal(sealer, Message(8, 100))));
        var bytes = SealTogether(sealer, droplets);
        Assert.True(SealedFormat.HoldsSeveral(bytes));
        AssertOpens(opener, bytes, droplets);
        AssertOpens(opener, Seal(sealer, Message(10, 100)), Message(10, 100));
        AssertOpens(opener, SealTogether(sealer, droplets), droplets);

        foreach (var type in (byte[])[1, 8, 9])
        {
            byte[] mixed = [.. Message(10, 100), .. Message(type, 100)];
            Assert.False(DatagramSealer.AreDroplets(mixed, 100));
            Assert.Equal(OpenOutcome.Refused, Open(opener, SealTogether(sealer, mixed)));
        }

        Assert.Equal(OpenOutcome.Refused, Open(opener, SealTogether(sealer, droplets[..^1])));
    }

    [Fact]
    public void A_sealed_droplet_of_the_default_size_fits_1500_bytes_with_IPv6() =>
        Assert.Equal(1500, 40 + 8 + Seal(Sealer(1), Message(10, WireFormat.DropletHeaderBytes + 1408)).Length);

    [Fact]
    public void Nothing_of_the_plain_bytes_can_be_seen()
    {
        using var sealer = Sealer(1);
        foreach (var type in (byte[])[1, 8, 10])
        {
            var plain = Message(type, 200);
            var bytes = Seal(sealer, plain);
            for (var i = 2; i + 8 <= plain.Length; i++)
            {
                Assert.Equal(-1, bytes.AsSpan().IndexOf(plain.AsSpan(i, 8)));
            }
        }
    }

    [Fact]
    public void Equal_datagrams_never_look_alike_not_even_after_a_restart()
    {
        using var first = Sealer(1);
        using var second = Sealer(2);
        byte[][] all = [.. new[] { first, first, second, second }.Select(sealer => Seal(sealer, Message(10, 100))[35..])];
        Assert.Equal(4, all.Select(Convert.ToHexString).Distinct().Count());
    }

    [Fact]
    public void Another_secret_opens_nothing_and_a_rotation_opens_both()
    {
        using var sealer = Sealer(1);
        using var stranger = new DatagramOpener("another secret"u8.ToArray());
        using var rotating = new DatagramOpener("another secret"u8.ToArray(), Secret);
        var message = Seal(sealer, Message(8, 100));
        Assert.Equal(OpenOutcome.Refused, Open(stranger, message));
        Assert.Equal(OpenOutcome.Opened, Open(rotating, message));
    }

    [Fact]
    public void What_is_not_sealed_is_not_opened()
    {
        using var opener = new DatagramOpener(Secret);
        Assert.Equal(OpenOutcome.NotSealed, Open(opener, Message(8, 100)));
        Assert.Equal(OpenOutcome.NotSealed, Open(opener, []));
    }

    [Fact]
    public void A_control_message_opens_once_in_whatever_order_it_comes()
    {
        using var sealer = Sealer(1);
        using var opener = new DatagramOpener(Secret);
        var messages = Enumerable.Range(0, 500).Select(_ => Seal(sealer, Message(8, 60))).ToArray();
        new Random(1).Shuffle(messages);
        Assert.All(messages, message => Assert.Equal(OpenOutcome.Opened, Open(opener, message)));
        Assert.All(messages, message => Assert.Equal(OpenOutcome.Replayed, Open(opener, message)));
    }

    [Fact]
    public void A_control_message_older_than_the_window_counts_as_replayed()
    {
        using var sealer = Sealer(1);
        using var opener = new DatagramOpener(Secret);
        var old = Seal(sealer, Message(8, 60));
        for (var i = 0; i < ReplayWindow.Size; i++)
        {
            Assert.Equal(OpenOutcome.Opened, Open(opener, Seal(sealer, Message(8, 60))));
        }

        Assert.Equal(OpenOutcome.Replayed, Open(opener, old));
    }

    [Fact]
    public void A_droplet_before_its_sender_is_known_is_dropped_and_a_restarted_sender_takes_over()
    {
        using var before = Sealer(1);
        using var after = Sealer(2);
        using var opener = new DatagramOpener(Secret);
        Assert.Equal(OpenOutcome.UnknownSender, Open(opener, Seal(before, Message(10, 100))));
        Assert.Equal(OpenOutcome.Opened, Open(opener, Seal(before, Message(8, 100))));
        Assert.Equal(OpenOutcome.Opened, Open(opener, Seal(before, Message(10, 100))));
        Assert.Equal(OpenOutcome.Refused, Open(opener, Seal(after, Message(10, 100))));
        Assert.Equal(OpenOutcome.Opened, Open(opener, Seal(after, Message(8, 100))));
        Assert.Equal(OpenOutcome.Opened, Open(opener, Seal(after, Message(10, 100))));
    }

    [Fact]
    public void What_was_recorded_of_an_older_process_silences_none_that_is_heard_at_its_address()
    {
        using var older = Sealer(1);
        using var current = Sealer(2);
        using var opener = new DatagramOpener(Secret);
        var now = new Instant(1_000_000_000);
        Assert.Equal(OpenOutcome.Opened, OpenAt(current, 8));
        for (var i = 0; i < 5000; i++)
        {
            now += TimeSpan.FromMilliseconds(1);
            Assert.Equal(OpenOutcome.Opened, OpenAt(older, 8));
            Assert.Equal(OpenOutcome.Opened, OpenAt(current, 10));
        }

        // Heard of no more it makes way, and is tried second no longer than that.
        now += TimeSpan.FromSeconds(2);
        Assert.Equal(OpenOutcome.Opened, OpenAt(older, 10));
        using var third = Sealer(3);
        Assert.Equal(OpenOutcome.Opened, OpenAt(third, 8));
        Assert.Equal(OpenOutcome.Opened, OpenAt(third, 10));
        Assert.Equal(OpenOutcome.Opened, OpenAt(older, 10));

        OpenOutcome OpenAt(DatagramSealer sealer, byte type) =>
            opener.TryOpen(now, Peer, Seal(sealer, Message(type, 100)), new byte[2048], out _);
    }

    [Fact]
    public void Who_sends_on_from_elsewhere_what_he_heard_of_a_sender_does_not_take_its_address_away()
    {
        using var sealer = Sealer(1);
        using var opener = new DatagramOpener(Secret);
        Assert.Equal(OpenOutcome.Opened, Open(opener, Seal(sealer, Message(8, 100))));
        var elsewhere = PeerAddress.FromIPv4(0x0A000001, 7);
        Assert.Equal(OpenOutcome.Opened, opener.TryOpen(default, elsewhere, Seal(sealer, Message(8, 100)), new byte[2048], out _));
        Assert.Equal(OpenOutcome.Opened, Open(opener, Seal(sealer, Message(10, 100))));
        Assert.Equal(OpenOutcome.Opened, opener.TryOpen(default, elsewhere, Seal(sealer, Message(10, 100)), new byte[2048], out _));
    }

    [Fact]
    public void Any_changed_bit_is_refused()
    {
        using var sealer = Sealer(1);
        using var opener = new DatagramOpener(Secret);
        Open(opener, Seal(sealer, Message(8, 100)));
        byte[][] messages =
            [Seal(sealer, Message(8, 60)), Seal(sealer, Message(10, 60)), SealTogether(sealer, [.. Message(10, 60), .. Message(10, 40)])];
        foreach (var message in messages)
        {
            for (var bit = 0; bit < message.Length * 8; bit++)
            {
                message[bit / 8] ^= (byte)(1 << (bit % 8));
                Assert.NotEqual(OpenOutcome.Opened, Open(opener, message));
                message[bit / 8] ^= (byte)(1 << (bit % 8));
            }

            Assert.Equal(OpenOutcome.Opened, Open(opener, message));
        }
    }

    [Fact]
    public void Random_datagrams_open_nothing_and_are_not_remembered()
    {
        var random = new Random(5);
        using var opener = new DatagramOpener(Secret);
        var bytes = new byte[200];
        for (var i = 0; i < 2_000; i++)
        {
            random.NextBytes(bytes);
            var length = random.Next(bytes.Length);
            bytes[0] = (byte)(0xD2 + (i % 3));
            bytes[1] = 0;
            bytes[2] = (byte)length;
            Assert.NotEqual(OpenOutcome.Opened, Open(opener, bytes.AsSpan(0, length).ToArray()));
        }
    }

    [Fact]
    public void Strangers_are_tried_so_many_times_a_second_and_known_senders_always()
    {
        using var known = Sealer(1);
        using var opener = new DatagramOpener(Secret);
        Assert.Equal(OpenOutcome.Opened, Open(opener, Seal(known, Message(8, 100))));
        var forged = Seal(Sealer(2), Message(8, 100));
        forged[^1] ^= 1;
        var tried = 0;
        var now = default(Instant);
        for (var i = 0; i < 10_000; i++)
        {
            // Ten seconds of a flood of forgeries, each of a sender of its own.
            now += TimeSpan.FromMilliseconds(1);
            System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(forged.AsSpan(3), i);
            var outcome = opener.TryOpen(now, Peer, forged, new byte[2048], out _);
            Assert.True(outcome is OpenOutcome.Refused or OpenOutcome.TooManyStrangers);
            tried += outcome == OpenOutcome.Refused ? 1 : 0;
        }

        // One of the burst is the known one's, who came as a stranger.
        Assert.Equal((10 * StrangerBudget.CountPerSecond) + StrangerBudget.BurstCount - 1, tried);
        Assert.Equal(OpenOutcome.Opened, opener.TryOpen(now, Peer, Seal(known, Message(8, 100)), new byte[2048], out _));
        Assert.Equal(OpenOutcome.Opened, opener.TryOpen(now, Peer, Seal(known, Message(10, 100)), new byte[2048], out _));

        // A newcomer from elsewhere does not wait, one from there hardly.
        var elsewhere = Enumerable.Range(0, 1000).Select(i => PeerAddress.FromIPv4(0x0A000000 + (uint)i, 1))
            .First(address => StrangerBudget.ShareOf(address) != StrangerBudget.ShareOf(Peer));
        Assert.Equal(OpenOutcome.Opened, opener.TryOpen(now, elsewhere, Seal(Sealer(3), Message(8, 100)), new byte[2048], out _));
        now += TimeSpan.FromMilliseconds(1000.0 / StrangerBudget.CountPerSecond);
        Assert.Equal(OpenOutcome.Opened, opener.TryOpen(now, Peer, Seal(Sealer(4), Message(8, 100)), new byte[2048], out _));
    }

    [Fact]
    public void Forged_droplets_of_a_known_sender_are_tried_so_many_times_a_second_and_its_own_always()
    {
        using var sealer = Sealer(1);
        using var opener = new DatagramOpener(Secret);
        Assert.Equal(OpenOutcome.Opened, Open(opener, Seal(sealer, Message(8, 100))));
        var forged = Seal(Sealer(2), Message(10, 100));
        var random = new Random(3);
        var outcomes = new int[1 + (int)Enum.GetValues<OpenOutcome>().Max()];
        var now = default(Instant);
        for (var i = 0; i < 10_000; i++)
        {
            // Ten seconds of a flood from the sender's own address.
            now += TimeSpan.FromMilliseconds(1);
            random.NextBytes(forged.AsSpan(3, 3));
            outcomes[(int)opener.TryOpen(now, Peer, forged, new byte[2048], out _)]++;
            if (i % 10 == 0)
            {
                Assert.Equal(OpenOutcome.Opened, opener.TryOpen(now, Peer, Seal(sealer, Message(10, 100)), new byte[2048], out _));
            }
        }

        // One of a thousand guesses the counter nearly enough.
        Assert.InRange(
            outcomes[(int)OpenOutcome.Refused], 11 * DatagramOpener.ForgeryBurstCount, (11 * DatagramOpener.ForgeryBurstCount) + 30);
        Assert.Equal(10_000 - outcomes[(int)OpenOutcome.Refused], outcomes[(int)OpenOutcome.TooManyForgeries]);

        // After more losses than that its droplets wait for what tells the counter, and no longer.
        for (var i = 0; i < 2 * DatagramOpener.NearCount; i++)
        {
            Seal(sealer, Message(10, 100));
        }

        Assert.Equal(OpenOutcome.TooManyForgeries, opener.TryOpen(now, Peer, Seal(sealer, Message(10, 100)), new byte[2048], out _));
        Assert.Equal(OpenOutcome.Opened, opener.TryOpen(now, Peer, Seal(sealer, Message(8, 100)), new byte[2048], out _));
        Assert.Equal(OpenOutcome.Opened, opener.TryOpen(now, Peer, Seal(sealer, Message(10, 100)), new byte[2048], out _));
    }

    [Fact]
    public void Forged_messages_of_a_known_sender_from_elsewhere_are_tried_as_strangers()
    {
        using var sealer = Sealer(1);
        using var opener = new DatagramOpener(Secret);
        Assert.Equal(OpenOutcome.Opened, Open(opener, Seal(sealer, Message(8, 100))));
        var elsewhere = PeerAddress.FromIPv4(0x0A000001, 7);
        Assert.NotEqual(StrangerBudget.ShareOf(Peer), StrangerBudget.ShareOf(elsewhere));
        var forged = Seal(Sealer(1), Message(8, 100));
        forged[26] = 200;
        var tried = Enumerable.Range(0, 1000)
            .Count(_ => opener.TryOpen(default, elsewhere, forged, new byte[2048], out _) == OpenOutcome.Refused);
        Assert.Equal(StrangerBudget.BurstCount, tried);
        Assert.Equal(OpenOutcome.Opened, Open(opener, Seal(sealer, Message(8, 100))));
    }

    [Fact]
    public void Shares_of_strangers_are_spread_over_addresses_and_ports_have_none_of_their_own()
    {
        var shares = Enumerable.Range(0, 4096).Select(i => StrangerBudget.ShareOf(PeerAddress.FromIPv4(0x0A000000 + (uint)i, 1))).ToArray();
        Assert.Equal(StrangerBudget.ShareCount, shares.Distinct().Count());
        Assert.InRange(shares.GroupBy(share => share).Max(group => group.Count()), 1, 2 * 4096 / StrangerBudget.ShareCount);
        Assert.Equal(StrangerBudget.ShareOf(PeerAddress.FromIPv4(1, 1)), StrangerBudget.ShareOf(PeerAddress.FromIPv4(1, 2)));
    }

    private static DatagramSealer Sealer(byte id) => new(Secret, Enumerable.Repeat(id, 16).ToArray());

    private static byte[] Message(byte type, int length)
    {
        var message = Enumerable.Range(0, length).Select(i => (byte)(i * 7)).ToArray();
        message[0] = (byte)'R';
        message[1] = (byte)(0x20 | type);
        if (type == 10)
        {
            WireFormat.WriteDropletFrame(message, length - WireFormat.DropletHeaderBytes);
        }

        return message;
    }

    private static byte[] Seal(DatagramSealer sealer, byte[] datagram)
    {
        var bytes = new byte[DatagramSealer.SealedLength(datagram)];
        Assert.Equal(bytes.Length, sealer.Seal([.. datagram], bytes));
        Assert.Equal(bytes.Length, SealedFormat.LengthOfFirst([.. bytes, .. bytes]));
        return bytes;
    }

    private static byte[] SealTogether(DatagramSealer sealer, byte[] droplets)
    {
        var bytes = new byte[droplets.Length + SealedFormat.TogetherOverhead];
        Assert.Equal(bytes.Length, sealer.SealTogether(droplets, bytes));
        Assert.Equal(bytes.Length, SealedFormat.LengthOfFirst([.. bytes, .. bytes]));
        return bytes;
    }

    private static OpenOutcome Open(DatagramOpener opener, byte[] datagram) =>
        opener.TryOpen(default, Peer, datagram, new byte[datagram.Length], out _);

    private static void AssertOpens(DatagramOpener opener, byte[] bytes, byte[] expected)
    {
        var plain = new byte[bytes.Length];
        Assert.Equal(OpenOutcome.Opened, opener.TryOpen(default, Peer, bytes, plain, out var length));
        Assert.Equal(expected, plain[..length]);
    }
}
