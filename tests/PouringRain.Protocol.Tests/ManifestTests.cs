namespace PouringRain.Protocol.Tests;

public sealed class ManifestTests
{
    [Theory]
    [InlineData(ManifestFlags.None)]
    [InlineData(ManifestFlags.DateWeak)]
    [InlineData(ManifestFlags.Attachment)]
    [InlineData(ManifestFlags.DateWeak | ManifestFlags.Attachment)]
    public void FlagsAreWrittenAndReadBack(ManifestFlags flags)
    {
        var manifest = Make(flags);

        Assert.Equal((byte)flags, manifest.Bytes.Span[4]);
        Assert.True(Manifest.TryParse(manifest.Bytes.Span, out var read));
        Assert.Equal(flags, read.Flags);
        Assert.Equal(flags.HasFlag(ManifestFlags.DateWeak), read.IsDateWeak);
        Assert.Equal(flags.HasFlag(ManifestFlags.Attachment), read.IsAttachment);
        Assert.False(read.IsDeleted);
        Assert.Equal(manifest.Version, read.Version);
    }

    [Fact]
    public void AVersionWithoutFlagsIsEncodedAsTheDocumentSays()
    {
        // "PRM3", no flags, BLAKE3, stamp 1, length 0, blocks and symbols of 1408 bytes.
        const string head = "50524D33" + "00" + "02" + "0000000000000001" + "0000000000000000" + "00000580" + "00000580";

        Assert.StartsWith(head, Convert.ToHexString(Make(ManifestFlags.None).Bytes.Span), StringComparison.Ordinal);
    }

    /// <summary>A byte of flags that another version of this program might write is no reason to guess.</summary>
    [Fact]
    public void OnlyFlagsWithAMeaningAreRead()
    {
        var bytes = Make(ManifestFlags.None, fileName: null).Bytes.ToArray();
        for (var flags = 0; flags <= byte.MaxValue; flags++)
        {
            bytes[4] = (byte)flags;
            Assert.Equal(flags is 0 or 1 or 2 or 4 or 6, Manifest.TryParse(bytes, out _));
        }
    }

    [Fact]
    public void ATombstoneIsNothingElse()
    {
        var tombstone = Manifest.CreateTombstone("raptorq", 1);

        Assert.Equal(ManifestFlags.Deleted, tombstone.Flags);
        Assert.True(Manifest.TryParse(tombstone.Bytes.Span, out var read) && read.IsDeleted);
        Assert.Throws<ArgumentException>(() => Make(ManifestFlags.Deleted));
        Assert.Throws<ArgumentException>(() => Make((ManifestFlags)8));
    }

    private static Manifest Make(ManifestFlags flags, string? fileName = "a.txt")
    {
        Assert.True(ResourceLayout.TryCreate(0, 1408, 1408, out var layout));
        return Manifest.Create(layout, "raptorq", 1, Sha256Digest.Of([]), "text/plain", fileName, [], flags);
    }
}
