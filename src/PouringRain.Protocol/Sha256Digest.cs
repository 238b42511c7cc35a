using System.Security.Cryptography;

namespace PouringRain.Protocol;

/// <summary>A SHA-256 digest as a plain value, ordered as its bytes are. Also a resource's version: the digest of its manifest.</summary>
/// <param name="High">The first 16 bytes, big-endian.</param>
/// <param name="Low">The last 16 bytes, big-endian.</param>
public readonly record struct Sha256Digest(Bits128 High, Bits128 Low) : IComparable<Sha256Digest>
{
    /// <summary>32.</summary>
    public const int SizeBytes = 32;

    /// <summary>The first 8 bytes, by which a version is looked up; droplets carry the first 4 of them.</summary>
    public ulong Tag => High.High;

    /// <summary>Reads a digest from the first 32 bytes of <paramref name="bytes"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer than 32.</exception>
    public static Sha256Digest Read(ReadOnlySpan<byte> bytes) =>
        new(Bits128.Read(bytes), Bits128.Read(bytes[16..]));

    /// <summary>Hashes <paramref name="data"/>.</summary>
    public static Sha256Digest Of(ReadOnlySpan<byte> data)
    {
        Span<byte> bytes = stackalloc byte[SizeBytes];
        SHA256.HashData(data, bytes);
        return Read(bytes);
    }

    /// <summary>Reads 64 hexadecimal digits.</summary>
    public static bool TryParseHex(ReadOnlySpan<char> text, out Sha256Digest digest)
    {
        Span<byte> bytes = stackalloc byte[SizeBytes];
        var parsed = text.Length == 2 * SizeBytes
            && Convert.FromHexString(text, bytes, out _, out _) == System.Buffers.OperationStatus.Done;
        digest = parsed ? Read(bytes) : default;
        return parsed;
    }

    /// <summary>Writes the 32 bytes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no room for 32.</exception>
    public void Write(Span<byte> destination)
    {
        High.Write(destination);
        Low.Write(destination[16..]);
    }

    /// <summary>The 32 bytes.</summary>
    public byte[] ToArray()
    {
        var bytes = new byte[SizeBytes];
        Write(bytes);
        return bytes;
    }

    /// <inheritdoc/>
    public int CompareTo(Sha256Digest other)
    {
        var high = High.CompareTo(other.High);
        return high != 0 ? high : Low.CompareTo(other.Low);
    }

    /// <summary>64 lower-case hexadecimal digits.</summary>
    public override string ToString() => Convert.ToHexStringLower(ToArray());

    /// <summary>Whether <paramref name="left"/> is the smaller.</summary>
    public static bool operator <(Sha256Digest left, Sha256Digest right) => left.CompareTo(right) < 0;

    /// <summary>Whether <paramref name="left"/> is the greater.</summary>
    public static bool operator >(Sha256Digest left, Sha256Digest right) => left.CompareTo(right) > 0;

    /// <summary>Whether <paramref name="left"/> is not the greater.</summary>
    public static bool operator <=(Sha256Digest left, Sha256Digest right) => left.CompareTo(right) <= 0;

    /// <summary>Whether <paramref name="left"/> is not the smaller.</summary>
    public static bool operator >=(Sha256Digest left, Sha256Digest right) => left.CompareTo(right) >= 0;
}
