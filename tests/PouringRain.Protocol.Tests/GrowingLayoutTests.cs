using System.Text;
using Simulation;

namespace PouringRain.Protocol.Tests;

/// <summary>Layouts whose first blocks are small, and what older nodes see of them.</summary>
public sealed class GrowingLayoutTests
{
    [Theory]
    [InlineData(16_385, 65_536, "16384 1")]
    [InlineData(70_000, 65_536, "16384 16384 32768 4464")]
    [InlineData(131_072, 65_536, "16384 16384 32768 65536")]
    [InlineData(2_500_000, 1 << 20, "16384 16384 32768 65536 131072 262144 524288 1048576 402848")]
    public void BlocksDoubleUntilTheyAreOfFullSize(long length, int blockBytes, string expected)
    {
        Assert.True(ResourceLayout.TryCreate(length, blockBytes, 1408, isGrowing: true, out var layout));
        Assert.Equal(expected, string.Join(' ', Enumerable.Range(0, layout.BlockCount).Select(layout.BytesOf)));
    }

    /// <summary>What is too short to grow is in blocks of as many bytes as are told.</summary>
    [Fact]
    public void WhatIsToldOfAShortOneIsTheSizeOfItsBlocks()
    {
        Assert.True(ResourceLayout.TryCreateTold(5, 65_537, 1408, out var plain));
        Assert.Equal((65_537, false, 1), (plain.BlockBytes, plain.IsGrowing, plain.BlockCount));
        Assert.True(ResourceLayout.TryCreateTold(20_000, 65_537, 1408, out var growing));
        Assert.Equal((65_536, true, 65_537), (growing.BlockBytes, growing.IsGrowing, growing.ToldBlockBytes));
    }

    /// <summary>Block after block, without gaps, and every byte in the block that says so.</summary>
    [Fact]
    public void TheBlocksAreTheWhole()
    {
        var random = new SimRandom(5);
        for (var i = 0; i < 300; i++)
        {
            var blockBytes = 65_536 << (int)random.Below(5);
            var length = random.Between(ResourceLayout.FirstBlockBytes + 1, 5 * blockBytes);
            Assert.True(ResourceLayout.TryCreate(length, blockBytes, 1408, isGrowing: true, out var layout));
            var end = 0L;
            for (var block = 0; block < layout.BlockCount; block++)
            {
                Assert.Equal(end, layout.OffsetOf(block));
                Assert.Equal(block, layout.BlockAt(end));
                end += layout.BytesOf(block);
                Assert.Equal(block, layout.BlockAt(end - 1));
                Assert.InRange(layout.SymbolsOf(block), 1, layout.SymbolsOfLargest);
            }

            Assert.Equal(length, end);
            Assert.Throws<ArgumentOutOfRangeException>(() => layout.OffsetOf(layout.BlockCount));
        }
    }

    [Fact]
    public void DigestsAreThoseOfTheBlocksHoweverTheBytesCome()
    {
        var bytes = new byte[700_000];
        var random = new SimRandom(6);
        random.Fill(bytes);
        Assert.True(ResourceLayout.TryCreate(bytes.Length, 1 << 18, 1408, isGrowing: true, out var layout));
        using var digester = new BlockDigester(layout.BlockBytes, isGrowing: true);
        for (var at = 0; at < bytes.Length;)
        {
            var count = (int)Math.Min(random.Between(1, random.Pick(100, 16_384, 300_000)), bytes.Length - at);
            digester.Append(bytes.AsSpan(at, count));
            at += count;
        }

        Assert.Equal(BlockDigest.OfBlocks(layout, bytes), digester.Finish().ToArray());
    }

    [Fact]
    public void TheManifestSaysIt()
    {
        var manifest = ManifestOf(100_000, 65_536, isGrowing: true);
        Assert.Equal(ManifestReading.Read, Manifest.Parse(manifest.Bytes.Span, out var read));
        Assert.Equal(manifest.Layout, read!.Layout);
        Assert.True(read.Layout.IsGrowing);
        Assert.Equal(ManifestFlags.None, read.Flags);
        Assert.Equal(manifest.Version, read.Version);

        // What releases before know are the flags below.
        Assert.Equal(8, manifest.Bytes.Span[4]);
        Assert.Equal(0, ManifestOf(100_000, 65_536, isGrowing: false).Bytes.Span[4]);
    }

    /// <summary>There is one encoding for a layout, and none for one that there is not.</summary>
    [Theory]
    [InlineData(16_384, 65_536)]
    [InlineData(0, 65_536)]
    [InlineData(100_000, 65_537)]
    [InlineData(100_000, 32_768)]
    [InlineData(100_000_000, ResourceLayout.BlockBytesMax)]
    public void OnlyWhatIsWorthItGrows(long length, int blockBytes)
    {
        Assert.False(ResourceLayout.TryCreate(length, blockBytes, 1408, isGrowing: true, out _));
        var bytes = ManifestOf(length, blockBytes, isGrowing: false).Bytes.ToArray();
        bytes[4] |= 8;
        Assert.Equal(ManifestReading.Malformed, Manifest.Parse(bytes, out _));
    }

    /// <summary>A release before takes the offer for one of usual blocks, asks for the manifest, of which the offer tells the length, and
    /// finds there what it does not know.</summary>
    [Theory]
    [InlineData(16_385)]
    [InlineData(1_000_000)]
    [InlineData(10_000_000_000)]
    public void OlderNodesAreLedToTheManifest(long length)
    {
        var manifest = ManifestOf(length, ResourceLayout.AutoBlockBytes(length, 1408), isGrowing: true);
        var offer = OfferMessage.Of(manifest, isComplete: true);
        var datagram = new byte[OfferMessage.BytesMax];
        var count = offer.Write(datagram, "raptorq");
        Assert.True(OfferMessage.TryParse(datagram.AsSpan(0, count), out offer, out var code));
        Assert.Equal(manifest.Layout, OfferedVersion.From(offer, code)!.Layout);

        Assert.True(ResourceLayout.TryCreate(offer.Length, offer.BlockBytes, offer.SymbolSize, out var taken));
        var digests = (long)taken.BlockCount * BlockDigest.SizeBytes;
        Assert.InRange(offer.ManifestBytes, Manifest.HeadBytesMin + digests, Manifest.HeadBytesMax + digests);
    }

    [Fact]
    public void TheLongestHasAManifestThatRains()
    {
        var most = ResourceLayout.LengthMaxOf(1 << 20, 1408, isGrowing: true);
        Assert.True(ResourceLayout.TryCreate(most, 1 << 20, 1408, isGrowing: true, out var layout));
        Assert.Equal(ResourceLayout.BlockCountMax, layout.BlockCount);
        Assert.False(ResourceLayout.TryCreate(most + 1, 1 << 20, 1408, isGrowing: true, out _));
    }

    private static Manifest ManifestOf(long length, int blockBytes, bool isGrowing)
    {
        Assert.True(ResourceLayout.TryCreate(length, blockBytes, 1408, isGrowing, out var layout));
        return Manifest.Create(
            layout, "raptorq", 1, Sha256Digest.Of(Encoding.ASCII.GetBytes("any")), "text/plain", null, new BlockDigest[layout.BlockCount]);
    }
}
