using System.Buffers.Binary;
using PouringRain.Protocol.Sealing;

namespace PouringRain.Protocol.Tests.Wire;

public class SwarmMessageTests
{
    private readonly byte[] _buffer = new byte[2048];

    private delegate bool ParseOne(ReadOnlySpan<byte> datagram);

    [Fact]
    public void EverythingFitsTheLeastPathThereIsEvenSealed()
    {
        const int ipv6AndUdp = 48, everyPath = 1280;
        foreach (var bytes in (int[])[JoinMessage.BytesMax, HaveMessage.BytesMax, PeersMessage.BytesMax])
        {
            Assert.InRange(bytes + SealedFormat.FullOverhead + ipv6AndUdp, 1, everyPath);
        }

        Assert.True(4 * HaveMessage.ArrivalCountMax <= HaveMessage.BitmapBytesMax);
        Assert.InRange(HaveMessage.FixedBytes, 1, JoinMessage.FixedBytes);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(JoinMessage.DeclinedCountMax)]
    public void JoinComesBack(int declinedCount)
    {
        var message = new JoinMessage
        {
            SubscriptionId = 0x01020304,
            Resource = new ResourceId(ulong.MaxValue - 1),
            Tag = 5,
            Token = new Bits128(ulong.MaxValue, ulong.MaxValue - 2),
            Node = new NodeId(new Bits128(ulong.MaxValue, ulong.MaxValue - 3)),
            RainPort = 65_535,
            HeldCount = uint.MaxValue,
            Epoch = uint.MaxValue - 4,
            FirstUnknown = 8,
            ArrivalsKnown = uint.MaxValue - 5,
            WantsPeers = true,
            LacksManifest = declinedCount % 2 == 0,
        };
        int[] declined = [.. Enumerable.Range(7, declinedCount)];
        Array.Fill(_buffer, (byte)0xEE);
        var length = message.Write(_buffer, declined);
        var datagram = _buffer.AsSpan(0, length);
        Assert.True(JoinMessage.TryParse(datagram, out var read, out var view));
        Assert.Equal(message, read);
        Assert.Equal(declined, Numbers(view));
        AssertNoOtherLength(datagram, static bytes => JoinMessage.TryParse(bytes, out _, out _));
        AssertRefused(datagram, 68, 4, static bytes => JoinMessage.TryParse(bytes, out _, out _));
        AssertRefused(datagram, 69, JoinMessage.DeclinedCountMax + 1, static bytes => JoinMessage.TryParse(bytes, out _, out _));
    }

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(1, 0, 1)]
    [InlineData(HaveMessage.BitmapBytesMax, 0, HaveMessage.SuggestedCountMax)]
    [InlineData(0, 1, 0)]
    [InlineData(0, HaveMessage.ArrivalCountMax, HaveMessage.SuggestedCountMax)]
    public void HaveComesBack(int bitmapBytes, int arrivalCount, int suggestedCount)
    {
        var message = new HaveMessage
        {
            SubscriptionId = 1,
            Tag = 2,
            Token = Bits128.MaxValue,
            IsComplete = true,
            IsAddressValidated = true,
            IsSuggestedOnly = true,
            Epoch = uint.MaxValue,
            HeldCount = uint.MaxValue - 1,
            FirstBlock = 0xFFFF_FFF8,
            FirstArrival = uint.MaxValue - 2,
            PauseMilliseconds = 65_535,
        };
        var lists = new byte[bitmapBytes + (4 * (arrivalCount + suggestedCount))];
        new Random(5).NextBytes(lists);
        lists.CopyTo(HaveMessage.ListsOf(_buffer));
        var length = message.Write(_buffer, bitmapBytes, arrivalCount, suggestedCount);
        Assert.InRange(length, HaveMessage.FixedBytes, HaveMessage.BytesMax);
        var datagram = _buffer.AsSpan(0, length);
        Assert.True(HaveMessage.TryParse(datagram, out var read, out var bitmap, out var arrivals, out var suggested));
        Assert.Equal(message, read);
        Assert.Equal((bitmapBytes, 4 * arrivalCount, 4 * suggestedCount), (bitmap.Length, arrivals.Length, suggested.Length));
        Assert.True(lists.AsSpan().SequenceEqual((byte[])[.. bitmap, .. arrivals, .. suggested]));
        AssertNoOtherLength(datagram, static bytes => HaveMessage.TryParse(bytes, out _, out _, out _, out _));
        AssertRefused(datagram, 26, 8, static bytes => HaveMessage.TryParse(bytes, out _, out _, out _, out _));
        AssertRefused(datagram, 38, 1, static bytes => HaveMessage.TryParse(bytes, out _, out _, out _, out _));
    }

    [Fact]
    public void AHaveWithTooMuchOrWithBothListsIsRefused()
    {
        AssertHave(isGood: true, HaveMessage.BitmapBytesMax, 0, HaveMessage.SuggestedCountMax);
        AssertHave(isGood: false, HaveMessage.BitmapBytesMax + 1, 0, 0);
        AssertHave(isGood: false, 0, HaveMessage.ArrivalCountMax + 1, 0);
        AssertHave(isGood: false, 0, 0, HaveMessage.SuggestedCountMax + 1);
        AssertHave(isGood: false, 1, 1, 0);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(PeersMessage.PeerCountMax)]
    public void PeersComeBack(int count)
    {
        var message = new PeersMessage { SubscriptionId = 1, Tag = 2, KnownCount = uint.MaxValue };
        var peers = Enumerable.Range(0, count)
            .Select(i => i % 2 == 0
                ? PeerAddress.FromIPv4(0x0A00_0001 + (uint)i, (ushort)(i + 1))
                : new PeerAddress(new Bits128(ulong.MaxValue, ulong.MaxValue - (uint)i), 65_535))
            .ToArray();
        var length = message.Write(_buffer, peers);
        var datagram = _buffer.AsSpan(0, length);
        Assert.True(PeersMessage.TryParse(datagram, out var read, out var view));
        Assert.Equal(message, read);
        for (var i = 0; i < count; i++)
        {
            Assert.Equal(peers[i], PeersMessage.PeerAt(view, i));
        }

        AssertNoOtherLength(datagram, static bytes => PeersMessage.TryParse(bytes, out _, out _));
        AssertRefused(datagram, 14, PeersMessage.PeerCountMax + 1, static bytes => PeersMessage.TryParse(bytes, out _, out _));
    }

    [Fact]
    public void OnlyAddressesThatOneHostMayHaveAnywhereAreUnicast()
    {
        string[] good = ["10.0.0.1", "127.0.0.1", "192.168.1.1", "223.255.255.255", "::1", "2001:db8::1", "fd00::1"];
        string[] bad =
        [
            "0.0.0.0", "0.1.2.3", "224.0.0.1", "239.1.1.1", "255.255.255.255", "169.254.3.4", "::", "ff02::1", "ff0e::1", "fe80::1",
            "febf::1",
        ];
        foreach (var text in good.Concat(bad))
        {
            var peer = PeerAddress.From(new System.Net.IPEndPoint(System.Net.IPAddress.Parse(text), 1980));
            Assert.True(peer.IsUnicast == good.Contains(text), text);
            Assert.False((peer with { Port = 0 }).IsUnicast, text);
        }
    }

    [Fact]
    public void AnyBytesAtAllMayBeParsed()
    {
        var random = new Random(4);
        var taken = 0;
        for (var i = 0; i < 300_000; i++)
        {
            var datagram = _buffer.AsSpan(0, random.Next(220));
            random.NextBytes(datagram);
            if (datagram.Length > 70)
            {
                datagram[0] = (byte)'R';
                datagram[1] = (byte)(0x20 | random.Next(3) switch { 0 => 5, 1 => 7, _ => 15 });
                datagram[14] %= 12;
                datagram[26] &= 7;
                datagram[38] &= 0xF8;
                datagram[39] = 0;
                datagram[45] = (byte)(i % 2 == 0 ? 0 : datagram[45] % 30);
                datagram[40] = (byte)(i % 2 == 0 ? datagram[40] : 0);
                datagram[46] %= 20;
                datagram[68] &= 1;
                datagram[69] %= 20;
            }

            taken += JoinMessage.TryParse(datagram, out _, out _) ? 1 : 0;
            taken += PeersMessage.TryParse(datagram, out _, out _) ? 1 : 0;
            taken += HaveMessage.TryParse(datagram, out _, out _, out _, out _) ? 1 : 0;
        }

        Assert.True(taken > 300, $"only {taken} were taken");
    }

    private static int[] Numbers(ReadOnlySpan<byte> bytes)
    {
        var numbers = new int[bytes.Length / 4];
        for (var i = 0; i < numbers.Length; i++)
        {
            numbers[i] = BinaryPrimitives.ReadInt32BigEndian(bytes[(4 * i)..]);
        }

        return numbers;
    }

    private static void AssertNoOtherLength(ReadOnlySpan<byte> datagram, ParseOne parse)
    {
        for (var length = 0; length < datagram.Length; length++)
        {
            Assert.False(parse(datagram[..length]), $"cut to {length}");
        }

        Assert.False(parse([.. datagram, 0]), "with one more");
    }

    private static void AssertRefused(ReadOnlySpan<byte> datagram, int at, byte value, ParseOne parse)
    {
        byte[] changed = [.. datagram];
        changed[at] = value;
        Assert.False(parse(changed), $"{value} at {at}");
    }

    private void AssertHave(bool isGood, int bitmapBytes, int arrivalCount, int suggestedCount)
    {
        var length = new HaveMessage { SubscriptionId = 1 }.Write(_buffer, bitmapBytes, arrivalCount, suggestedCount);
        Assert.Equal(isGood, HaveMessage.TryParse(_buffer.AsSpan(0, length), out _, out _, out _, out _));
    }
}
