using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Simulation;

namespace PouringRain.Protocol.Tests;

/// <summary>PRM3 byte by byte: what is read, what is not, and that there is one encoding for a meaning.</summary>
public sealed partial class ManifestFormatTests
{
    /// <summary>Where what has no fixed length begins.</summary>
    private const int CodeAt = 62;

    private static readonly Sha256Digest ParentVersion = Sha256Digest.Read(Enumerable.Range(0, 32).Select(i => (byte)i).ToArray());

    [Fact]
    public void TheExampleOfTheDocumentIsReadAndWritten()
    {
        var document = File.ReadAllText(System.IO.Path.Combine(AppContext.BaseDirectory, "wire-v2.md"));
        Assert.Contains($"Version: `{Example().Version}`", document, StringComparison.Ordinal);
        var documented = Convert.FromHexString(Blanks().Replace(Dump().Match(document).Groups["hex"].Value, ""));

        Assert.Equal(Convert.ToHexString(Example().Bytes.Span), Convert.ToHexString(documented));
        Assert.True(Manifest.TryParse(documented, out var read));
        AssertIsExample(read);
        Assert.Equal(Sha256Digest.Of(documented), read.Version);
    }

    /// <summary>The digest of the one block there is is not that of the whole.</summary>
    [Fact]
    public void TheBlocksHaveDigestsOfTheirOwn()
    {
        var example = Example();
        Assert.Equal("39e03bb2879334334a4eadf07712c5879e7d9ca192a4fd94e2b1172dc7194cf6", example.BlockDigests[0].ToString());
        Assert.NotEqual(example.Sha256.ToString(), example.BlockDigests[0].ToString());
    }

    [Fact]
    public void EveryTruncationIsRefused()
    {
        var bytes = Example().Bytes.Span;
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.NotEqual(ManifestReading.Read, Manifest.Parse(bytes[..length], out _));
        }

        Assert.Equal(ManifestReading.Malformed, Manifest.Parse([.. bytes, 0], out _));
    }

    /// <summary>Every byte with every value: what is read says by its bytes what it says
    /// by its properties, and nothing else does.</summary>
    [Fact]
    public void WhatIsReadHasNoOtherEncoding()
    {
        var bytes = Example().Bytes.ToArray();
        var count = 0;
        for (var i = 0; i < bytes.Length; i++)
        {
            var right = bytes[i];
            for (var value = 0; value <= byte.MaxValue; value++)
            {
                bytes[i] = (byte)value;
                count += Check(bytes) && value != right ? 1 : 0;
            }

            bytes[i] = right;
        }

        // Stamp, digests and texts may well be others.
        Assert.InRange(count, 10_000, bytes.Length * 256);
    }

    [Fact]
    public void AnyBytesMayCome()
    {
        var random = new SimRandom(12);
        var example = Example().Bytes.ToArray();
        for (var i = 0; i < 200_000; i++)
        {
            var bytes = example.AsSpan(0, random.Chance(500_000) ? example.Length : (int)random.Below(example.Length + 1)).ToArray();
            for (var n = (int)random.Below(6); n > 0 && bytes.Length > 6; n--)
            {
                // Mostly where the lengths and types are.
                var at = random.Chance(500_000)
                    ? (int)random.Below(bytes.Length)
                    : Math.Min(bytes.Length - 1, CodeAt + (int)random.Below(120));
                bytes[at] = random.Chance(500_000) ? (byte)random.Below(8) : (byte)random.Next();
            }

            Check(bytes);
        }
    }

    [Theory]
    [InlineData(0, ManifestReading.UnknownDigest)]
    [InlineData(1, ManifestReading.Read)]
    [InlineData(2, ManifestReading.Read)]
    [InlineData(3, ManifestReading.UnknownDigest)]
    [InlineData(255, ManifestReading.UnknownDigest)]
    public void AnAlgorithmThatIsNotKnownIsNotGuessedAt(byte algorithm, ManifestReading expected)
    {
        var bytes = Example().Bytes.ToArray();
        bytes[5] = algorithm;
        Assert.Equal(expected, Manifest.Parse(bytes, out var read));
        Assert.Equal(expected == ManifestReading.Read ? (BlockDigestAlgorithm)algorithm : null, read?.BlockDigestAlgorithm);
    }

    [Theory]
    [InlineData("PRM2", ManifestReading.UnknownFormat)]
    [InlineData("PRM4", ManifestReading.UnknownFormat)]
    [InlineData("PRR3", ManifestReading.Malformed)]
    public void OnlyOneFormatIsRead(string magic, ManifestReading expected)
    {
        var bytes = Example().Bytes.ToArray();
        Encoding.ASCII.GetBytes(magic, bytes);
        Assert.Equal(expected, Manifest.Parse(bytes, out _));
    }

    /// <summary>Fields of later programs: those from 128 on are kept, so that the version stays what it is.</summary>
    [Theory]
    [InlineData(4, ManifestReading.UnknownField)]
    [InlineData(127, ManifestReading.UnknownField)]
    [InlineData(128, ManifestReading.Read)]
    [InlineData(255, ManifestReading.Read)]
    public void FieldsThatAreNotKnownAreKeptOrRefused(byte type, ManifestReading expected)
    {
        var bytes = WithFields(Example(), [.. FieldsOf(Example()), type, 0, 3, 7, 8, 9]);
        Assert.Equal(expected, Manifest.Parse(bytes, out var read));
        if (expected == ManifestReading.Read)
        {
            AssertIsExample(read!);
            Assert.Equal(bytes, read!.Bytes.ToArray());
            Assert.Equal(Sha256Digest.Of(bytes), read.Version);
            Assert.NotEqual(Example().Version, read.Version);
        }
    }

    [Fact]
    public void FieldsStandInOrderAndOnce()
    {
        byte[] name = [1, 0, 1, (byte)'a'], path = [2, 0, 1, (byte)'b'], later = [200, 0, 0];
        Assert.Equal(ManifestReading.Read, Read([.. name, .. path, .. later]));
        Assert.Equal(ManifestReading.Read, Read([]));
        Assert.Equal(ManifestReading.Malformed, Read([.. path, .. name]));
        Assert.Equal(ManifestReading.Malformed, Read([.. name, .. name]));
        Assert.Equal(ManifestReading.Malformed, Read([.. later, .. name]));
        Assert.Equal(ManifestReading.Malformed, Read([.. later, .. later]));
        Assert.Equal(ManifestReading.Malformed, Read([0, 0, 0]));
        Assert.Equal(ManifestReading.Malformed, Read([1, 0, 0]));
        Assert.Equal(ManifestReading.Malformed, Read([1, 0, 2, (byte)'a']));
        Assert.Equal(ManifestReading.Malformed, Read([4, 0, 0, .. name]));
        Assert.Equal(ManifestReading.Read, Read([200, 15, 253, .. new byte[4093]]));
        Assert.Equal(ManifestReading.Malformed, Read([200, 15, 254, .. new byte[4094]]));

        static ManifestReading Read(byte[] fields) => Manifest.Parse(WithFields(Example(), fields), out _);
    }

    [Theory]
    [InlineData("a", true)]
    [InlineData("docs/a.txt", true)]
    [InlineData("Bücher/Ω/..a/b..", true)]
    [InlineData("a b/.git/c:d", true)]
    [InlineData("", false)]
    [InlineData("/a", false)]
    [InlineData("a/", false)]
    [InlineData("a//b", false)]
    [InlineData(".", false)]
    [InlineData("./a", false)]
    [InlineData("..", false)]
    [InlineData("a/../b", false)]
    [InlineData("a/..", false)]
    [InlineData("a\\b", false)]
    [InlineData("..\\b", false)]
    [InlineData("a\0b", false)]
    [InlineData("a\nb", false)]
    [InlineData("a\u0085b", false)]
    public void APathIsOneThatUrlsAndFileSystemsExpress(string path, bool isPossible) => CheckPath(path, isPossible);

    [Fact]
    public void APathIsBounded()
    {
        CheckPath(string.Join('/', Enumerable.Repeat(new string('a', 255), 4)), true);
        CheckPath(string.Join('/', Enumerable.Repeat(new string('a', 255), 4)) + "/", false);
        CheckPath(string.Join('/', Enumerable.Repeat(new string('a', 255), 4)) + "/b", false);
        CheckPath(new string('a', 256), false);
        CheckPath(new string('ä', 127) + "a", true);
        CheckPath(new string('ä', 128), false);

        // Half of a surrogate pair is no text that UTF-8 expresses.
        Assert.Throws<ArgumentException>(() => Make(path: "a\uD83D"));
        Assert.Throws<ArgumentException>(() => Make(fileName: "a\uD83D"));
    }

    [Theory]
    [InlineData("rapidraid", 0, 1, true)]
    [InlineData("rapidraid", 65_534, 65_535, true)]
    [InlineData("rapidraid", 16, 16, false)]
    [InlineData("rapidraid", 0, 0, false)]
    [InlineData("a b", 0, 1, false)]
    [InlineData("", 0, 1, false)]
    public void APieceIsOneOfThoseThereAre(string coding, int index, int count, bool isPossible)
    {
        byte[] value =
        [
            0, 0, 0, 0, 0, 0, 0, 42, .. ParentVersion.ToArray(), (byte)(index >> 8), (byte)index, (byte)(count >> 8), (byte)count,
            .. Encoding.UTF8.GetBytes(coding),
        ];
        Assert.Equal(isPossible, Manifest.TryParse(WithFields(Example(), [3, 0, (byte)value.Length, .. value]), out var read));
        var piece = new PieceRole(new ResourceId(42), ParentVersion, coding, index, count);
        if (isPossible)
        {
            Assert.Equal(piece, read!.Piece);
            Assert.Equal(piece, Make(piece: piece).Piece);
        }
        else
        {
            Assert.Throws<ArgumentException>(() => Make(piece: piece));
        }
    }

    [Fact]
    public void ATombstoneHasNoNameNorPlace()
    {
        var tombstone = Manifest.CreateTombstone("raptorq", 1);
        Assert.Equal(ManifestReading.Malformed, Manifest.Parse(WithFields(tombstone, [1, 0, 1, (byte)'a']), out _));
        Assert.Equal(ManifestReading.Malformed, Manifest.Parse(WithFields(tombstone, [2, 0, 1, (byte)'a']), out _));
        Assert.Equal(ManifestReading.Read, Manifest.Parse(WithFields(tombstone, [200, 0, 1, 0]), out _));
    }

    private static bool Check(byte[] bytes)
    {
        if (Manifest.Parse(bytes, out var read) != ManifestReading.Read)
        {
            Assert.Null(read);
            return false;
        }

        Assert.True(read!.Bytes.Span.SequenceEqual(bytes));
        if (!read.IsDeleted && !HasLaterField(FieldsOf(read)))
        {
            var made = Manifest.Create(
                read.Layout, read.Code, read.Stamp, read.Sha256, read.ContentType, read.FileName, read.BlockDigests, read.Flags,
                read.BlockDigestAlgorithm, read.Path, read.Piece);
            Assert.True(made.Bytes.Span.SequenceEqual(bytes));
        }

        return true;
    }

    private static bool HasLaterField(byte[] fields)
    {
        for (var at = 0; at < fields.Length; at += 3 + (fields[at + 1] << 8) + fields[at + 2])
        {
            if (fields[at] > 3)
            {
                return true;
            }
        }

        return false;
    }

    private static void CheckPath(string path, bool isPossible)
    {
        var encoded = Encoding.UTF8.GetBytes(path);
        Assert.Equal(
            isPossible,
            Manifest.TryParse(WithFields(Example(), [2, (byte)(encoded.Length >> 8), (byte)encoded.Length, .. encoded]), out var read));
        Assert.Equal(isPossible ? path : null, read?.Path);
        if (isPossible)
        {
            Assert.Equal(path, Make(path: path).Path);
        }
        else
        {
            Assert.Throws<ArgumentException>(() => Make(path: path));
        }
    }

    private static void AssertIsExample(Manifest read)
    {
        Assert.Equal((5, 65536, 1408), (read.Layout.Length, read.Layout.BlockBytes, read.Layout.SymbolSize));
        Assert.Equal(new DateTimeOffset(2026, 11, 28, 21, 0, 0, TimeSpan.Zero), DateTimeOffset.FromUnixTimeMilliseconds(read.Stamp));
        Assert.Equal(("raptorq", "text/plain", "a.txt", "docs/a.txt"), (read.Code, read.ContentType, read.FileName, read.Path));
        Assert.Equal(new PieceRole(new ResourceId(42), ParentVersion, "rapidraid", 3, 16), read.Piece);
        Assert.Equal(SHA256.HashData("rain\n"u8), read.Sha256.ToArray());
        Assert.Equal(BlockDigestAlgorithm.Blake3, read.BlockDigestAlgorithm);
        Assert.Equal([BlockDigest.Of(BlockDigestAlgorithm.Blake3, "rain\n"u8)], read.BlockDigests.ToArray());
    }

    private static Manifest Example() =>
        Make("a.txt", "docs/a.txt", new PieceRole(new ResourceId(42), ParentVersion, "rapidraid", 3, 16));

    private static Manifest Make(string? fileName = null, string? path = null, PieceRole? piece = null)
    {
        Assert.True(ResourceLayout.TryCreate(5, 65536, 1408, out var layout));
        return Manifest.Create(
            layout, "raptorq", new DateTimeOffset(2026, 11, 28, 21, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds(),
            Sha256Digest.Of("rain\n"u8),
            "text/plain", fileName, BlockDigest.OfBlocks(layout, "rain\n"u8), path: path, piece: piece);
    }

    private static byte[] FieldsOf(Manifest manifest) =>
        manifest.Bytes.Span[FieldsBeginOf(manifest)..^(manifest.Layout.BlockCount * BlockDigest.SizeBytes)].ToArray();

    private static int FieldsBeginOf(Manifest manifest) => CodeAt + 2 + manifest.Code.Length + 2 + manifest.ContentType.Length + 2;

    /// <summary>The bytes of a manifest with other fields.</summary>
    private static byte[] WithFields(Manifest manifest, byte[] fields)
    {
        var bytes = manifest.Bytes.Span;
        var begin = FieldsBeginOf(manifest);
        return [.. bytes[..(begin - 2)], (byte)(fields.Length >> 8), (byte)fields.Length, .. fields,
            .. bytes[(begin + FieldsOf(manifest).Length)..]];
    }

    [GeneratedRegex("```\\n(?<hex>50 ?52 ?4d ?33[0-9a-f \\n]*)```", RegexOptions.ExplicitCapture)]
    private static partial Regex Dump();

    [GeneratedRegex("\\s")]
    private static partial Regex Blanks();
}
