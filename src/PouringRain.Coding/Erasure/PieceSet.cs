using System.Numerics;

namespace PouringRain.Coding.Erasure;

/// <summary>A set of pieces by their indices, 0 to 31, or of whatever else is counted so.</summary>
/// <param name="Bits">Bit i stands for piece i.</param>
public readonly record struct PieceSet(uint Bits)
{
    /// <summary>The most pieces of a code.</summary>
    public const int CountMax = 32;

    /// <summary>How many there are.</summary>
    public int Count => BitOperations.PopCount(Bits);

    /// <summary>The pieces 0 to <paramref name="count"/> - 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not 0 to 32.</exception>
    public static PieceSet First(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, CountMax);
        return new PieceSet((uint)((1UL << count) - 1));
    }

    /// <summary>The set of these pieces.</summary>
    /// <exception cref="ArgumentOutOfRangeException">One is not 0 to 31.</exception>
    public static PieceSet Of(params ReadOnlySpan<int> pieces)
    {
        var set = default(PieceSet);
        foreach (var piece in pieces)
        {
            set = set.With(piece);
        }

        return set;
    }

    /// <summary>Whether the piece is among them.</summary>
    public bool Contains(int piece) => (uint)piece < CountMax && ((Bits >> piece) & 1) != 0;

    /// <summary>These and one more.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not 0 to 31.</exception>
    public PieceSet With(int piece)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(piece);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(piece, CountMax);
        return new PieceSet(Bits | (1u << piece));
    }

    /// <summary>These together with others.</summary>
    public PieceSet With(PieceSet others) => new(Bits | others.Bits);

    /// <summary>These without others.</summary>
    public PieceSet Without(PieceSet others) => new(Bits & ~others.Bits);
}
