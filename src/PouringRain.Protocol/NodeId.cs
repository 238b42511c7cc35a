using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace PouringRain.Protocol;

/// <summary>Who a node is, however many ports it rains on and however often it starts: a random number that it drew once.</summary>
/// <param name="Value">The number; 0 is nobody in particular.</param>
public readonly record struct NodeId(UInt128 Value)
{
    private const int Digits = 32;

    /// <summary>Reads 32 hexadecimal digits; 0 is no node's.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out NodeId id)
    {
        id = default;
        if (text?.Length != Digits
            || !UInt128.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value) || value == 0)
        {
            return false;
        }

        id = new NodeId(value);
        return true;
    }

    /// <summary>32 hexadecimal digits.</summary>
    public override string ToString() => Value.ToString("x32", CultureInfo.InvariantCulture);
}
