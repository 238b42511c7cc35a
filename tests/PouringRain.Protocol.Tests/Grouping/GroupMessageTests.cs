using PouringRain.Protocol.Sealing;

namespace PouringRain.Protocol.Tests.Grouping;

public class GroupMessageTests
{
    private readonly byte[] _buffer = new byte[2048];

    private delegate bool ParseOne(ReadOnlySpan<byte> datagram);

    [Fact]
    public void EverythingFitsTheLeastPathThereIsEvenSealedAndNoAnswerIsLongerThanItsQuestion()
    {
        const int ipv6AndUdp = 48, everyPath = 1280;
        int[] longest = [AnnounceMessage.BytesMax, WindowMessage.BytesMax, ReportMessage.PaddedBytes, NeedMessage.BytesMax,
            TrainMessage.SizeBytes];
        foreach (var bytes in longest)
        {
            Assert.InRange(bytes + SealedFormat.FullOverhead + ipv6AndUdp, 1, everyPath);
        }

        Assert.InRange(WelcomeMessage.SizeBytes, 1, ReportMessage.FixedBytes);
        Assert.InRange(ReportMessage.FixedBytes, 1, ReportMessage.PaddedBytes);
    }

    [Fact]
    public void TrainsAndWhatAsksForThemComeBack()
    {
        var request = new TrainRequestMessage { StreamId = 7, Token = new Bits128(ulong.MaxValue, 5), Number = uint.MaxValue };
        var datagram = _buffer.AsSpan(0, request.Write(_buffer));
        Assert.True(TrainRequestMessage.TryParse(datagram, out var asked));
        Assert.Equal(request, asked);
        AssertNoOtherLength(datagram, static bytes => TrainRequestMessage.TryParse(bytes, out _));

        var message = new TrainMessage { StreamId = 7, Number = uint.MaxValue - 1, Place = 63, Count = 64 };
        Array.Fill(_buffer, (byte)0xEE);
        datagram = _buffer.AsSpan(0, message.Write(_buffer));
        Assert.True(TrainMessage.TryParse(datagram, out var read));
        Assert.Equal(message, read);
        Assert.Equal(datagram.Length, WireFormat.LengthOfFirst(_buffer));
        AssertNoOtherLength(datagram, static bytes => TrainMessage.TryParse(bytes, out _));
        AssertRefused(datagram, 11, 64, static bytes => TrainMessage.TryParse(bytes, out _));
        AssertRefused(datagram, 12, 63, static bytes => TrainMessage.TryParse(bytes, out _));
        AssertRefused(datagram, 12, 65, static bytes => TrainMessage.TryParse(bytes, out _));
        AssertRefused(datagram, 13, 1, static bytes => TrainMessage.TryParse(bytes, out _));
    }

    [Fact]
    public void AnnounceComesBack()
    {
        var message = new AnnounceMessage
        {
            StreamId = 0xFEDC_BA98,
            IsWaiting = true,
            IsLast = true,
            HasEnded = true,
            Resource = new ResourceId(ulong.MaxValue - 1),
            Offer = new OfferMessage
            {
                IsComplete = true,
                Version = Sha256Digest.Of([1]),
                Stamp = 5,
                Length = 1L << 40,
                BlockBytes = 1 << 20,
                SymbolSize = 1408,
                ManifestBytes = 1 << 25,
            },
            KilobitsPerSecond = uint.MaxValue,
            Round = ushort.MaxValue,
            RoundEsi = uint.MaxValue - 2,
            FirstBlock = uint.MaxValue - 3,
            ReceiverCount = uint.MaxValue - 4,
            ReportMilliseconds = ushort.MaxValue - 1,
            RainPort = ushort.MaxValue - 2,
        };
        Array.Fill(_buffer, (byte)0xEE);
        var datagram = _buffer.AsSpan(0, message.Write(_buffer, "raptorq"));
        Assert.True(AnnounceMessage.TryParse(datagram, out var read, out var code));
        Assert.Equal(message, read);
        Assert.Equal("raptorq"u8, code);
        Assert.Equal(datagram.Length, WireFormat.LengthOfFirst(_buffer));
        AssertNoOtherLength(datagram, static bytes => AnnounceMessage.TryParse(bytes, out _, out _));
        AssertRefused(datagram, 7, 8, static bytes => AnnounceMessage.TryParse(bytes, out _, out _));
        AssertRefused(datagram, 96, 0, static bytes => AnnounceMessage.TryParse(bytes, out _, out _));
        AssertRefused(datagram, 48, 0xFF, static bytes => AnnounceMessage.TryParse(bytes, out _, out _));
        AssertRefused(datagram, 56, 0xFF, static bytes => AnnounceMessage.TryParse(bytes, out _, out _));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(WindowMessage.EntryCountMax)]
    public void WindowComesBack(int count)
    {
        var message = new WindowMessage
        {
            StreamId = 1,
            IsCensus = true,
            Round = 2,
            RoundEsi = 3,
            FirstBlock = uint.MaxValue,
            Spread = ushort.MaxValue,
        };
        var entries = Enumerable.Range(0, count).Select(i => new WindowEntry(uint.MaxValue - (uint)i, 0xFF_FFFE, 0xFF_FFFF)).ToArray();
        var datagram = _buffer.AsSpan(0, message.Write(_buffer, entries));
        Assert.True(WindowMessage.TryParse(datagram, out var read, out var view));
        Assert.Equal(message, read);
        Assert.Equal(count, view.Length / WindowMessage.EntryBytes);
        for (var i = 0; i < count; i++)
        {
            Assert.Equal(entries[i], WindowMessage.EntryAt(view, i));
        }

        Assert.Equal(datagram.Length, WireFormat.LengthOfFirst(_buffer));
        AssertNoOtherLength(datagram, static bytes => WindowMessage.TryParse(bytes, out _, out _));
        AssertRefused(datagram, 7, 2, static bytes => WindowMessage.TryParse(bytes, out _, out _));
        AssertRefused(datagram, 20, WindowMessage.EntryCountMax + 1, static bytes => WindowMessage.TryParse(bytes, out _, out _));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ReportComesBack(bool hasToken)
    {
        var message = new ReportMessage
        {
            StreamId = 1,
            WantsAnswer = true,
            State = 4,
            Failure = 255,
            Identity = new NodeId(new Bits128(ulong.MaxValue, ulong.MaxValue - 1)),
            Token = hasToken ? new Bits128(ulong.MaxValue, ulong.MaxValue - 2) : 0,
            Number = 7,
            BlockCount = uint.MaxValue,
            Loss = ushort.MaxValue,
            KilobitsPerSecond = uint.MaxValue - 1,
            RecentLoss = 0x1234,
            ReadBack = Sha256Digest.Of([2]),
        };
        Array.Fill(_buffer, (byte)0xEE);
        var datagram = _buffer.AsSpan(0, message.Write(_buffer));
        Assert.Equal(hasToken ? ReportMessage.FixedBytes : ReportMessage.PaddedBytes, datagram.Length);
        Assert.True(ReportMessage.TryParse(datagram, out var read));
        Assert.Equal(message, read);
        AssertNoOtherLength(datagram, static bytes => ReportMessage.TryParse(bytes, out _));
        AssertRefused(datagram, 7, 2, static bytes => ReportMessage.TryParse(bytes, out _));
        AssertRefused(datagram, 8, 5, static bytes => ReportMessage.TryParse(bytes, out _));
        datagram[10..26].Clear();
        Assert.False(ReportMessage.TryParse(datagram, out _));
    }

    [Fact]
    public void WelcomeComesBack()
    {
        var message = new WelcomeMessage { StreamId = 1, IsNoted = true, IsFull = true, Number = uint.MaxValue, Token = Bits128.MaxValue };
        var datagram = _buffer.AsSpan(0, message.Write(_buffer));
        Assert.True(WelcomeMessage.TryParse(datagram, out var read));
        Assert.Equal(message, read);
        Assert.Equal(datagram.Length, WireFormat.LengthOfFirst(_buffer));
        AssertNoOtherLength(datagram, static bytes => WelcomeMessage.TryParse(bytes, out _));
        AssertRefused(datagram, 7, 4, static bytes => WelcomeMessage.TryParse(bytes, out _));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(NeedMessage.EntryCountMax)]
    public void NeedComesBack(int count)
    {
        var message = new NeedMessage
        {
            StreamId = 1,
            IsCensus = true,
            Round = ushort.MaxValue,
            Token = new Bits128(ulong.MaxValue, ulong.MaxValue - 1),
            Loss = ushort.MaxValue,
        };
        var entries = Enumerable.Range(0, count).Select(i => new NeedEntry(uint.MaxValue - (uint)i, 65_536 - i, 0xFF_FFFF)).ToArray();
        var datagram = _buffer.AsSpan(0, message.Write(_buffer, entries));
        Assert.True(NeedMessage.TryParse(datagram, out var read, out var view));
        Assert.Equal(message, read);
        Assert.Equal(count, view.Length / NeedMessage.EntryBytes);
        for (var i = 0; i < count; i++)
        {
            Assert.Equal(entries[i], NeedMessage.EntryAt(view, i));
        }

        AssertNoOtherLength(datagram, static bytes => NeedMessage.TryParse(bytes, out _, out _));
        AssertRefused(datagram, 7, 2, static bytes => NeedMessage.TryParse(bytes, out _, out _));
        AssertRefused(datagram, 28, 0, static bytes => NeedMessage.TryParse(bytes, out _, out _));
        AssertRefused(datagram, 28, NeedMessage.EntryCountMax + 1, static bytes => NeedMessage.TryParse(bytes, out _, out _));
    }

    [Fact]
    public void AnyBytesAtAllMayBeParsed()
    {
        var random = new Random(4);
        var taken = 0;
        for (var i = 0; i < 200_000; i++)
        {
            var datagram = _buffer.AsSpan(0, random.Next(160));
            random.NextBytes(datagram);
            if (datagram.Length > 28)
            {
                datagram[0] = (byte)'R';
                datagram[1] = 0x26;
                datagram[6] = (byte)random.Next(7);
                datagram[7] &= 3;
                datagram[8] = (byte)random.Next(6);
                datagram[20] %= 15;
                datagram[28] %= 15;
            }

            taken += AnnounceMessage.TryParse(datagram, out _, out _) ? 1 : 0;
            taken += WindowMessage.TryParse(datagram, out _, out _) ? 1 : 0;
            taken += ReportMessage.TryParse(datagram, out _) ? 1 : 0;
            taken += WelcomeMessage.TryParse(datagram, out _) ? 1 : 0;
            taken += NeedMessage.TryParse(datagram, out _, out _) ? 1 : 0;
            Assert.InRange(WireFormat.LengthOfFirst(datagram), 0, datagram.Length);
        }

        Assert.InRange(taken, 100, 200_000);
    }

    private static void AssertNoOtherLength(ReadOnlySpan<byte> datagram, ParseOne parse)
    {
        byte[] longer = [.. datagram, 0];
        Assert.False(parse(longer));
        for (var length = 0; length < datagram.Length; length++)
        {
            Assert.False(parse(datagram[..length]));
        }
    }

    private static void AssertRefused(ReadOnlySpan<byte> datagram, int offset, byte value, ParseOne parse)
    {
        var changed = datagram.ToArray();
        changed[offset] = value;
        Assert.False(parse(changed));
    }
}
