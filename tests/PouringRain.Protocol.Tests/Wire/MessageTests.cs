using PouringRain.Protocol.Sealing;
using PouringRain.Tests;
using Simulation;

namespace PouringRain.Protocol.Tests.Wire;

public class MessageTests
{
    private static readonly Sha256Digest Version = Sha256Digest.Of([1, 2, 3]);

    [Fact]
    public void ADropletWithTheDefaultSymbolFitsAnyPathWithHeadersAndATag()
    {
        const int ipv6AndUdp = 48, aeadTag = 16;
        Assert.True(WireFormat.DropletHeaderBytes + 1408 + ipv6AndUdp + aeadTag < 1500);
        Assert.True(OfferMessage.BytesMax <= SubscribeMessage.ValidatedBytesMin);
        Assert.True(PropagateAnswer.SizeBytes <= PropagateMessage.SizeBytes);
        Assert.True(
            SubscribeMessage.FixedBytes + (SubscribeMessage.ItemCountMax * RequestItem.SizeBytes) <= SubscribeMessage.UnvalidatedBytesMin);
        Assert.True(StatusMessage.BytesMax <= OfferMessage.BytesMax);
    }

    [Fact]
    public void EverythingFitsTheLeastPathThereIsEvenSealed()
    {
        const int ipv6AndUdp = 48, everyPath = 1280;
        Assert.True(
            WireFormat.DropletHeaderBytes + ResourceLayout.SmallSymbolSize + SealedFormat.CompactOverhead + ipv6AndUdp <= everyPath);
        Assert.True(SubscribeMessage.UnvalidatedBytesMin + SealedFormat.FullOverhead + ipv6AndUdp <= everyPath);
        Assert.True(OfferMessage.BytesMax + SealedFormat.FullOverhead + ipv6AndUdp <= everyPath);
    }

    [Fact]
    public void SubscribeComesBack()
    {
        var message = new SubscribeMessage
        {
            SubscriptionId = 0x01020304,
            Number = 5,
            Resource = new ResourceId(ulong.MaxValue),
            Version = Version,
            Token = 77,
            AreGuesses = true,
            WantsSmallSymbols = true,
            ClientTime = 123,
            RateBytesPerSecond = 456,
            InFlightMax = 789,
            HasFeedback = true,
            HighestSequence = 0xFFFF_FFFF,
            ReceivedCount = 9,
            ServerTime = 0xABCDEF,
            FirstRequest = 0xFFFF_FFFE,
        };
        var item = new RequestItem(3, 0xFF_FFFF, 255, 65_535);
        var datagram = new byte[1500];
        item.Write(datagram.AsSpan(SubscribeMessage.FixedBytes));
        var length = message.Write(datagram, 1);
        Assert.Equal(SubscribeMessage.ValidatedBytesMin, length);
        Assert.True(SubscribeMessage.TryParse(datagram.AsSpan(0, length), out var read, out var items));
        Assert.Equal(message, read);
        Assert.Equal(item, RequestItem.Read(items));
        AssertEveryCutIsRefused(
            datagram.AsSpan(0, length), SubscribeMessage.FixedBytes + RequestItem.SizeBytes, d => SubscribeMessage.TryParse(d,
            out _, out _));
        datagram[length - 1] = 1;
        Assert.False(SubscribeMessage.TryParse(datagram.AsSpan(0, length), out _, out _));
    }

    [Fact]
    public void WithoutATokenSubscribeIsPadded()
    {
        var datagram = new byte[1500];
        Array.Fill(datagram, (byte)0xEE);
        var length = new SubscribeMessage { SubscriptionId = 1 }.Write(datagram, 0);
        Assert.Equal(SubscribeMessage.UnvalidatedBytesMin, length);
        Assert.True(SubscribeMessage.TryParse(datagram.AsSpan(0, length), out _, out _));
    }

    [Fact]
    public void OfferComesBack()
    {
        var offer = new OfferMessage
        {
            SubscriptionId = 1,
            IsComplete = true,
            IsAddressValidated = true,
            Version = Version,
            Stamp = Manifest.StampMax,
            Length = 1L << 40,
            BlockBytes = 1 << 20,
            SymbolSize = 1408,
            ManifestBytes = 1 << 25,
            CeilingBytesPerSecond = uint.MaxValue,
            Token = Bits128.MaxValue,
            ClientTime = 2,
            Number = 3,
        };
        var datagram = new byte[OfferMessage.BytesMax];
        var length = offer.Write(datagram, "raptorq");
        Assert.True(OfferMessage.TryParse(datagram.AsSpan(0, length), out var read, out var code));
        Assert.Equal(offer, read);
        Assert.True(code.SequenceEqual("raptorq"u8));
        AssertEveryCutIsRefused(datagram.AsSpan(0, length), length, d => OfferMessage.TryParse(d, out _, out _));
    }

    [Fact]
    public void StatusComesBack()
    {
        var status = new StatusMessage
        {
            SubscriptionId = 1,
            Tag = 2,
            ClientTime = 3,
            HeldMicroseconds = 4,
            Number = 5,
            NextSequence = 6,
            Request = 7,
            RequestOffset = 8,
            IsDry = true,
            CeilingBytesPerSecond = 9,
        };
        var datagram = new byte[StatusMessage.BytesMax];
        var length = status.Write(datagram, [10, 11]);
        Assert.True(StatusMessage.TryParse(datagram.AsSpan(0, length), out var read, out var refused));
        Assert.Equal(status, read);
        Assert.Equal(8, refused.Length);
        AssertEveryCutIsRefused(datagram.AsSpan(0, length), length, d => StatusMessage.TryParse(d, out _, out _));
    }

    [Fact]
    public void ADropletComesBack()
    {
        var droplet = new DropletMessage
        {
            SubscriptionId = 1,
            Tag = 2,
            Sequence = 3,
            ServerTime = 0xFF_FFFF,
            BlockNumber = WireFormat.ManifestBlockNumber,
            Esi = 0xFF_FFFE,
        };
        var datagram = new byte[30];
        droplet.WriteHeader(datagram);
        Assert.True(DropletMessage.TryParse(datagram, out var read, out var symbol));
        Assert.Equal(droplet, read);
        Assert.Equal(30 - WireFormat.DropletHeaderBytes, symbol.Length);
        Assert.False(DropletMessage.TryParse(datagram.AsSpan(0, WireFormat.DropletHeaderBytes), out _, out _));
    }

    [Fact]
    public void TheOtherMessagesComeBack()
    {
        var datagram = new byte[200];
        var notFound = new ShortMessage { Type = MessageType.NotFound, SubscriptionId = 1, Resource = new ResourceId(2), ClientTime = 3 };
        Assert.True(ShortMessage.TryParse(datagram.AsSpan(0, notFound.Write(datagram)), out var readNotFound));
        Assert.Equal(notFound, readNotFound);
        var propagate = new PropagateMessage
        {
            SubscriptionId = 1,
            Resource = new ResourceId(2),
            Version = Version,
            Stamp = 3,
            RainPort = 4,
            Token = 5,
        };
        Assert.True(PropagateMessage.TryParse(datagram.AsSpan(0, propagate.Write(datagram)), out var readPropagate));
        Assert.Equal(propagate, readPropagate);
        var answer = new PropagateAnswer
        {
            SubscriptionId = 1,
            Verdict = PropagateVerdict.Held,
            Resource = new ResourceId(2),
            Token = 3,
            Node = new NodeId(new Bits128(ulong.MaxValue, ulong.MaxValue - 4)),
        };
        Assert.True(PropagateAnswer.TryParse(datagram.AsSpan(0, answer.Write(datagram)), out var readAnswer));
        Assert.Equal(answer, readAnswer);
    }

    [Fact]
    public void NoMessageOfFormat1IsTakenForOne()
    {
        foreach (var kind in (byte[])[1, 2, 3])
        {
            Assert.False(WireFormat.IsFormat2([kind, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]));
        }
    }

    [Fact]
    public void ParsingDoesNotAllocate()
    {
        var datagram = new byte[1500];
        new SimRandom(3).Fill(datagram);
        var length = new SubscribeMessage { Token = 1 }.Write(datagram, 0);
        Assert.Equal(1, ParseAll(datagram.AsSpan(0, length)));
        Assert.Equal(0, Allocation.Least(() => ParseAll(datagram.AsSpan(0, length))));
    }

    private static int ParseAll(ReadOnlySpan<byte> datagram) =>
        (SubscribeMessage.TryParse(datagram, out _, out _) ? 1 : 0)
        + (OfferMessage.TryParse(datagram, out _, out _) ? 1 : 0)
        + (StatusMessage.TryParse(datagram, out _, out _) ? 1 : 0)
        + (DropletMessage.TryParse(datagram, out _, out _) ? 1 : 0)
        + (ShortMessage.TryParse(datagram, out _) ? 1 : 0)
        + (PropagateMessage.TryParse(datagram, out _) ? 1 : 0)
        + (PropagateAnswer.TryParse(datagram, out _) ? 1 : 0);

    private static void AssertEveryCutIsRefused(ReadOnlySpan<byte> datagram, int end, ParseOne parse)
    {
        for (var length = 0; length < end; length++)
        {
            Assert.False(parse(datagram[..length]), $"cut to {length}");
        }
    }

    private delegate bool ParseOne(ReadOnlySpan<byte> datagram);
}
