using System.Buffers.Binary;
using System.Text;

namespace PouringRain.Protocol.Tests;

/// <summary>What no manifest may say: what HTTP or .NET cannot express, and what nobody could outrank or hold.</summary>
public sealed class ManifestBoundsTests
{
    [Theory]
    [InlineData(0, true, true)]
    [InlineData(Manifest.StampMax, true, true)]
    [InlineData(Manifest.StampMax + 1, false, true)]
    [InlineData(Manifest.TombstoneStampMax, false, true)]
    [InlineData(Manifest.TombstoneStampMax + 1, false, false)]
    [InlineData(-1, false, false)]
    [InlineData(long.MaxValue, false, false)]
    [InlineData(long.MinValue, false, false)]
    public void StampsAreTimesThatHttpCanExpress(long stamp, bool isForBytes, bool isForTombstones)
    {
        Assert.Equal(isForBytes, IsRead(Encode("text/plain", "a.txt", stamp: stamp)));
        Assert.Equal(isForTombstones, IsRead(Encode("text/plain", "", stamp: stamp, flags: (byte)ManifestFlags.Deleted)));
        if (!isForBytes)
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => Make("text/plain", "a.txt", stamp));
        }

        if (!isForTombstones)
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => Manifest.CreateTombstone("raptorq", stamp));
        }
    }

    [Fact]
    public void TheBoundsAreTheEndsOfTheLastYears()
    {
        Assert.Equal(
            new DateTimeOffset(9999, 1, 1, 0, 0, 0, TimeSpan.Zero), DateTimeOffset.FromUnixTimeMilliseconds(Manifest.StampMax + 1));
        Assert.Equal(9999, DateTimeOffset.FromUnixTimeMilliseconds(Manifest.TombstoneStampMax).Year);
        Assert.Throws<ArgumentOutOfRangeException>(() => DateTimeOffset.FromUnixTimeMilliseconds(Manifest.TombstoneStampMax + 1));
    }

    /// <summary>A version of 2^63 - 1 would win for ever; the latest that is taken does not.</summary>
    [Fact]
    public void TheLatestVersionThereCanBeIsOutrankedByItsDeletion()
    {
        var latest = Make("text/plain", "a.txt", Manifest.StampMax);
        var deleted = Manifest.CreateTombstone("raptorq", latest.Stamp + 1);

        Assert.True(deleted.IsNewerThan(latest));
        Assert.True(Manifest.TryParse(deleted.Bytes.Span, out var read) && read.IsNewerThan(latest));
    }

    [Theory]
    [InlineData("text/plain", true)]
    [InlineData("text/plain; charset=\"utf-8\"", true)]
    [InlineData("text/plain\r\nSet-Cookie: a=b", false)]
    [InlineData("text/plain\n", false)]
    [InlineData("text/plain\0", false)]
    [InlineData("text/plain;\tq=1", false)]
    [InlineData("text/pl\u007Fain", false)]
    [InlineData("text/pläin", false)]
    [InlineData("", false)]
    public void AMediaTypeIsOneThatAFieldOfHttpCarries(string contentType, bool isPossible) =>
        Check(contentType, "a.txt", "raptorq", isPossible);

    [Theory]
    [InlineData("a b.txt", true)]
    [InlineData("Überblick (1).pdf", true)]
    [InlineData("a\0.txt", false)]
    [InlineData("a\r\nb", false)]
    [InlineData("a\u001Bb", false)]
    [InlineData("a\u0085b", false)]
    [InlineData("a\u007Fb", false)]
    public void AFileNameHasNoControls(string fileName, bool isPossible) => Check("text/plain", fileName, "raptorq", isPossible);

    [Theory]
    [InlineData("lt", true)]
    [InlineData("another-1", true)]
    [InlineData("l t", false)]
    [InlineData("lt\n", false)]
    [InlineData("l\u00E4", false)]
    public void ACodeIsOneWord(string code, bool isPossible) => Check("text/plain", "a.txt", code, isPossible);

    /// <summary>The longest resource has a manifest that is rained as one block, by every size of block and symbol.</summary>
    [Theory]
    [InlineData(1024 * 1024, 1408, 1L << 40)]
    [InlineData(64 * 1024 * 1024, 1408, 1L << 46)]
    [InlineData(4096, 1408, 1L << 32)]
    [InlineData(4096, 16, 28_062 * 4096L)]
    [InlineData(16, 32, -1)]
    public void TheLongestResourceHasAManifestThatRains(long blockBytes, long symbolSize, long lengthMax)
    {
        Assert.Equal(lengthMax, ResourceLayout.LengthMaxOf(blockBytes, symbolSize));
        Assert.False(ResourceLayout.TryCreate(lengthMax + 1, blockBytes, symbolSize, out _));
        if (ResourceLayout.TryCreate(lengthMax, blockBytes, symbolSize, out var layout))
        {
            var manifestBytes = Manifest.HeadBytesMax + (layout.BlockCount * (long)BlockDigest.SizeBytes);
            Assert.True(manifestBytes < 33 * 1024 * 1024);
            Assert.True((manifestBytes + symbolSize - 1) / symbolSize <= ResourceLayout.SymbolCountMax);
            Assert.NotNull(OfferedVersion.From(OfferOf(layout, (int)manifestBytes), "raptorq"u8));
        }
        else
        {
            Assert.Equal(-1, lengthMax);
        }
    }

    [Theory]
    [InlineData(Manifest.StampMax, false, true)]
    [InlineData(Manifest.StampMax + 1, false, false)]
    [InlineData(Manifest.TombstoneStampMax, true, true)]
    [InlineData(long.MaxValue, false, false)]
    [InlineData(long.MaxValue, true, false)]
    [InlineData(-1, false, false)]
    public void NothingElseIsOffered(long stamp, bool isDeleted, bool isPossible)
    {
        Assert.True(ResourceLayout.TryCreate(0, 1408, 1408, out var layout));
        var offer = OfferOf(layout, 100);
        offer.Stamp = stamp;
        offer.IsDeleted = isDeleted;
        var datagram = new byte[OfferMessage.BytesMax];
        Assert.Equal(isPossible, OfferMessage.TryParse(datagram.AsSpan(0, offer.Write(datagram, "raptorq")), out _, out _));
    }

    /// <summary>Who asks to keep a version names its stamp, or says that it does not know it.</summary>
    [Theory]
    [InlineData(long.MinValue, true)]
    [InlineData(0, true)]
    [InlineData(Manifest.TombstoneStampMax, true)]
    [InlineData(Manifest.TombstoneStampMax + 1, false)]
    [InlineData(-1, false)]
    public void NothingElseIsPropagated(long stamp, bool isPossible)
    {
        var datagram = new byte[PropagateMessage.SizeBytes];
        new PropagateMessage { Stamp = stamp, RainPort = 1980 }.Write(datagram);
        Assert.Equal(isPossible, PropagateMessage.TryParse(datagram, out _));
    }

    private static void Check(string contentType, string fileName, string code, bool isPossible)
    {
        Assert.Equal(isPossible, IsRead(Encode(contentType, fileName, code)));
        if (isPossible)
        {
            Assert.True(IsRead(Make(contentType, fileName, 1, code).Bytes.Span));
        }
        else
        {
            Assert.Throws<ArgumentException>(() => Make(contentType, fileName, 1, code));
        }
    }

    private static bool IsRead(ReadOnlySpan<byte> bytes) => Manifest.TryParse(bytes, out _);

    private static Manifest Make(string contentType, string fileName, long stamp, string code = "raptorq")
    {
        Assert.True(ResourceLayout.TryCreate(0, 1408, 1408, out var layout));
        return Manifest.Create(layout, code, stamp, Sha256Digest.Of([]), contentType, fileName, []);
    }

    /// <summary>A manifest as whoever likes may write it.</summary>
    private static byte[] Encode(string contentType, string fileName, string code = "raptorq", long stamp = 1, byte flags = 0)
    {
        var bytes = new List<byte>(Make("text/plain", "a.txt", 1).Bytes.Span[..62].ToArray());
        foreach (var text in (string[])[code, contentType])
        {
            Append(Encoding.UTF8.GetBytes(text));
        }

        var name = Encoding.UTF8.GetBytes(fileName);
        Append(name.Length == 0 ? [] : [1, (byte)(name.Length >> 8), (byte)name.Length, .. name]);

        var all = bytes.ToArray();
        all[4] = flags;
        BinaryPrimitives.WriteInt64BigEndian(all.AsSpan(6), stamp);
        return all;

        void Append(byte[] part) => bytes.AddRange([(byte)(part.Length >> 8), (byte)part.Length, .. part]);
    }

    private static OfferMessage OfferOf(ResourceLayout layout, int manifestBytes) => new()
    {
        Version = Sha256Digest.Of([1]),
        Length = layout.Length,
        BlockBytes = layout.BlockBytes,
        SymbolSize = layout.SymbolSize,
        ManifestBytes = manifestBytes,
    };
}
