using System.Diagnostics.CodeAnalysis;

namespace PouringRain.Protocol;

/// <summary>Who a node is, however many ports it rains on and however often it starts: a random number that it drew once.</summary>
/// <param name="Value">The number; 0 is nobody in particular.</param>
public readonly record struct NodeId(Bits128 Value)
{
    /// <summary>Makes one of 16 bytes that were drawn, or are a hash; odd, so that it is somebody's.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer than 16.</exception>
    public static NodeId FromDrawn(ReadOnlySpan<byte> bytes)
    {
        var value = Bits128.Read(bytes);
        return new NodeId(value with { Low = value.Low | 1 });
    }

    /// <summary>Reads 32 hexadecimal digits; 0 is no node's.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out NodeId id)
    {
        id = default;
        if (!Bits128.TryParseHex(text, out var value) || value == 0)
        {
            return false;
        }

        id = new NodeId(value);
        return true;
    }

    /// <summary>32 hexadecimal digits.</summary>
    public override string ToString() => Value.ToString();
}
