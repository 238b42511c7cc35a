using PouringRain.Protocol.Sealing;

namespace PouringRain.Protocol.Tests.Sealing;

public sealed class SealCipherTests
{
    /// <summary>Around the bounds of a block and of eight, and what a datagram has.</summary>
    private static readonly int[] Lengths = [0, 1, 15, 16, 17, 127, 128, 129, 143, 144, 255, 256, 1000, 1430, 65_507];

    [Fact]
    public void WhatOneCipherSealsIsWhatTheOtherSeals()
    {
        Assert.SkipUnless(X86SealCipher.IsSupported, "This processor has no AES instructions of x86.");
        var random = new Random(1);
        foreach (var length in Lengths)
        {
            foreach (var associatedLength in (int[])[0, 1, 6, 16, 35, 100])
            {
                var key = Next(random, SealCipher.KeyBytes);
                var nonce = Next(random, SealCipher.NonceBytes);
                var associated = Next(random, associatedLength);
                var plain = Next(random, length);
                using var system = new SystemSealCipher(key);
                using var own = new X86SealCipher(key);
                var (expected, expectedTag) = (new byte[length], new byte[SealCipher.TagBytes]);
                system.Seal(nonce, associated, plain, expected, expectedTag);
                var (actual, actualTag) = (new byte[length], new byte[SealCipher.TagBytes]);
                own.Seal(nonce, associated, plain, actual, actualTag);
                Assert.Equal(expected, actual);
                Assert.Equal(expectedTag, actualTag);
                var opened = new byte[length];
                Assert.True(own.TryOpen(nonce, associated, expected, expectedTag, opened));
                Assert.Equal(plain, opened);
            }
        }
    }

    [Fact]
    public void AKnownAnswerIsGiven()
    {
        // McGrew and Viega, "The Galois/Counter Mode of Operation", test case 16.
        var key = Convert.FromHexString("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
        var plain = Convert.FromHexString(
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39");
        var associated = Convert.FromHexString("feedfacedeadbeeffeedfacedeadbeefabaddad2");
        using var cipher = SealCipher.Create(key);
        var (bytes, tag) = (new byte[plain.Length], new byte[SealCipher.TagBytes]);
        cipher.Seal(Convert.FromHexString("cafebabefacedbaddecaf888"), associated, plain, bytes, tag);
        Assert.Equal(
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
            Convert.ToHexStringLower(bytes));
        Assert.Equal("76fc6ece0f4e1768cddf8853bb2d551b", Convert.ToHexStringLower(tag));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void WhatWasChangedDoesNotOpen(bool isSystem)
    {
        Assert.SkipUnless(isSystem || X86SealCipher.IsSupported, "This processor has no AES instructions of x86.");
        var random = new Random(2);
        var key = Next(random, SealCipher.KeyBytes);
        using SealCipher cipher = isSystem ? new SystemSealCipher(key) : new X86SealCipher(key);
        var nonce = Next(random, SealCipher.NonceBytes);
        var associated = Next(random, 6);
        var plain = Next(random, 200);
        var (bytes, tag, opened) = (new byte[200], new byte[SealCipher.TagBytes], new byte[200]);
        cipher.Seal(nonce, associated, plain, bytes, tag);
        foreach (var part in (byte[][])[nonce, associated, bytes, tag])
        {
            for (var bit = 0; bit < part.Length * 8; bit++)
            {
                part[bit / 8] ^= (byte)(1 << (bit % 8));
                Assert.False(cipher.TryOpen(nonce, associated, bytes, tag, opened));
                Assert.Equal(new byte[200], opened);
                part[bit / 8] ^= (byte)(1 << (bit % 8));
            }
        }

        Assert.True(cipher.TryOpen(nonce, associated, bytes, tag, opened));
        Assert.Equal(plain, opened);
    }

    private static byte[] Next(Random random, int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }
}
