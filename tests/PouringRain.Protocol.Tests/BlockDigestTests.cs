using PouringRain.Tests;

namespace PouringRain.Protocol.Tests;

public sealed class BlockDigestTests
{
    /// <summary>Vectors of the BLAKE3 authors, over bytes with period 251.</summary>
    [Theory]
    [InlineData(0, "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262")]
    [InlineData(1, "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213")]
    [InlineData(1023, "10108970eeda3eb932baac1428c7a2163b0e924c9a9e25b35bba72b28f70bd11")]
    [InlineData(1024, "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7")]
    [InlineData(1025, "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444")]
    [InlineData(102400, "bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085")]
    public void Blake3IsThatOfItsAuthors(int length, string expected) =>
        Assert.Equal(expected, BlockDigest.Of(BlockDigestAlgorithm.Blake3, Bytes(length)).ToString());

    [Fact]
    public void Sha256IsThatOfThePlatform() =>
        Assert.Equal(Sha256Digest.Of(Bytes(5000)).ToString(), BlockDigest.Of(BlockDigestAlgorithm.Sha256, Bytes(5000)).ToString());

    [Fact]
    public void ThereIsNoOtherAlgorithm() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => BlockDigest.Of((BlockDigestAlgorithm)3, [1]));

    [Theory]
    [InlineData(BlockDigestAlgorithm.Sha256, 1 << 20)]
    [InlineData(BlockDigestAlgorithm.Blake3, 1 << 20)]
    [InlineData(BlockDigestAlgorithm.Blake3, 64 << 10)]
    [InlineData(BlockDigestAlgorithm.Blake3, 999)]
    public void HashingABlockAllocatesNothing(BlockDigestAlgorithm algorithm, int length)
    {
        var bytes = Bytes(length);
        BlockDigest digest = default;
        Assert.Equal(0, Allocation.Least(() => digest = BlockDigest.Of(algorithm, bytes)));
        Assert.NotEqual(default, digest);
    }

    [Fact]
    public void ADigestIsWrittenAndReadBack()
    {
        var digest = BlockDigest.Of(BlockDigestAlgorithm.Blake3, [1]);
        var bytes = new byte[BlockDigest.SizeBytes];
        digest.Write(bytes);
        Assert.Equal(digest, BlockDigest.Read(bytes));
        Assert.Equal(Convert.ToHexStringLower(bytes), digest.ToString());
    }

    private static byte[] Bytes(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)(i % 251))];
}
