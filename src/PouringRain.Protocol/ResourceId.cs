using System.Globalization;

namespace PouringRain.Protocol;

/// <summary>The 64-bit number that names a resource.</summary>
/// <param name="Value">Any value.</param>
public readonly record struct ResourceId(ulong Value) : IComparable<ResourceId>
{
    /// <summary>Reads an id: decimal digits, or <c>0x</c> and hexadecimal digits. No sign, no space, no overflow.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out ResourceId id)
    {
        var isHex = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        var parsed = isHex
            ? ulong.TryParse(text[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
            : ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
        id = new ResourceId(value);
        return parsed;
    }

    /// <inheritdoc/>
    public int CompareTo(ResourceId other) => Value.CompareTo(other.Value);

    /// <summary>The decimal form, which is also the form in JSON.</summary>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);

    /// <summary>Whether <paramref name="left"/> is the smaller number.</summary>
    public static bool operator <(ResourceId left, ResourceId right) => left.Value < right.Value;

    /// <summary>Whether <paramref name="left"/> is the greater number.</summary>
    public static bool operator >(ResourceId left, ResourceId right) => left.Value > right.Value;

    /// <summary>Whether <paramref name="left"/> is not the greater number.</summary>
    public static bool operator <=(ResourceId left, ResourceId right) => left.Value <= right.Value;

    /// <summary>Whether <paramref name="left"/> is not the smaller number.</summary>
    public static bool operator >=(ResourceId left, ResourceId right) => left.Value >= right.Value;
}
