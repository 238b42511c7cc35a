using System.Buffers.Binary;
using System.Globalization;

namespace PouringRain.Protocol;

/// <summary>
/// 128 bits as a plain value, ordered as a number: an address, an identity, a token. Not the runtime's own number of this size, of which
/// nothing can be compiled ahead of time: every method that touches one would be compiled when the process starts.
/// </summary>
/// <param name="High">The upper 64 bits.</param>
/// <param name="Low">The lower 64 bits.</param>
public readonly record struct Bits128(ulong High, ulong Low) : IComparable<Bits128>
{
    /// <summary>16.</summary>
    public const int SizeBytes = 16;

    /// <summary>The greatest.</summary>
    public static readonly Bits128 MaxValue = new(ulong.MaxValue, ulong.MaxValue);

    private const int HalfBytes = 8, HalfDigits = 16;

    /// <summary>Reads the first 16 bytes of <paramref name="bytes"/>, big-endian.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer than 16.</exception>
    public static Bits128 Read(ReadOnlySpan<byte> bytes) =>
        new(BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[HalfBytes..]));

    /// <summary>Reads 32 hexadecimal digits.</summary>
    public static bool TryParseHex(ReadOnlySpan<char> text, out Bits128 value)
    {
        value = default;
        if (text.Length != 2 * HalfDigits || !TryParseHalf(text[..HalfDigits], out var high)
            || !TryParseHalf(text[HalfDigits..], out var low))
        {
            return false;
        }

        value = new Bits128(high, low);
        return true;
    }

    /// <summary>Writes the 16 bytes, big-endian.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no room for 16.</exception>
    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, High);
        BinaryPrimitives.WriteUInt64BigEndian(destination[HalfBytes..], Low);
    }

    /// <inheritdoc/>
    public int CompareTo(Bits128 other) => High != other.High ? High.CompareTo(other.High) : Low.CompareTo(other.Low);

    /// <summary>Seeded anew with every process: whoever chooses the values does not choose where a table puts them.</summary>
    public override int GetHashCode() => HashCode.Combine(High, Low);

    /// <summary>32 lower-case hexadecimal digits.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{High:x16}{Low:x16}");

    /// <summary>A number of 64 bits.</summary>
    public static implicit operator Bits128(ulong low) => new(0, low);

    /// <summary>Whether <paramref name="left"/> is the smaller.</summary>
    public static bool operator <(Bits128 left, Bits128 right) => left.CompareTo(right) < 0;

    /// <summary>Whether <paramref name="left"/> is the greater.</summary>
    public static bool operator >(Bits128 left, Bits128 right) => left.CompareTo(right) > 0;

    /// <summary>Whether <paramref name="left"/> is not the greater.</summary>
    public static bool operator <=(Bits128 left, Bits128 right) => left.CompareTo(right) <= 0;

    /// <summary>Whether <paramref name="left"/> is not the smaller.</summary>
    public static bool operator >=(Bits128 left, Bits128 right) => left.CompareTo(right) >= 0;

    private static bool TryParseHalf(ReadOnlySpan<char> digits, out ulong half) =>
        ulong.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out half);
}
