using System.Security.Cryptography;

namespace PouringRain.Protocol;

/// <summary>The digest of one source block, without padding, by the algorithm that its manifest names. Not to be taken for the digest of a
/// whole, which is a <see cref="Sha256Digest"/>, not even where there is but one block.</summary>
/// <param name="High">The first 16 bytes, big-endian.</param>
/// <param name="Low">The last 16 bytes, big-endian.</param>
public readonly record struct BlockDigest(Bits128 High, Bits128 Low)
{
    /// <summary>32.</summary>
    public const int SizeBytes = 32;

    /// <summary>Reads a digest from the first 32 bytes of <paramref name="bytes"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer than 32.</exception>
    public static BlockDigest Read(ReadOnlySpan<byte> bytes) =>
        new(Bits128.Read(bytes), Bits128.Read(bytes[16..]));

    /// <summary>Hashes a block, without allocating.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such algorithm.</exception>
    public static BlockDigest Of(BlockDigestAlgorithm algorithm, ReadOnlySpan<byte> block)
    {
        Span<byte> bytes = stackalloc byte[SizeBytes];
        switch (algorithm)
        {
            case BlockDigestAlgorithm.Sha256:
                SHA256.HashData(block, bytes);
                break;
            case BlockDigestAlgorithm.Blake3:
                Blake3.Hasher.Hash(block, bytes);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(algorithm), algorithm, "No algorithm of block digests.");
        }

        return Read(bytes);
    }

    /// <summary>The digests of all blocks of a resource that is in memory.</summary>
    public static BlockDigest[] OfBlocks(
        ResourceLayout layout, ReadOnlySpan<byte> resource, BlockDigestAlgorithm algorithm = BlockDigestAlgorithm.Blake3)
    {
        ArgumentNullException.ThrowIfNull(layout);
        var digests = new BlockDigest[layout.BlockCount];
        for (var i = 0; i < digests.Length; i++)
        {
            digests[i] = Of(algorithm, resource.Slice((int)layout.OffsetOf(i), layout.BytesOf(i)));
        }

        return digests;
    }

    /// <summary>Writes the 32 bytes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no room for 32.</exception>
    public void Write(Span<byte> destination)
    {
        High.Write(destination);
        Low.Write(destination[16..]);
    }

    /// <summary>64 lower-case hexadecimal digits.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[SizeBytes];
        Write(bytes);
        return Convert.ToHexStringLower(bytes);
    }
}
