using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace PouringRain.Coding.Kernels;

internal readonly struct Arm64Shuffle : IVectorArithmetic<Vector128<byte>>
{
    public static string Name => "arm64";

    public static bool IsSupported => AdvSimd.Arm64.IsSupported;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Xor(Vector128<byte> a, Vector128<byte> b) => a ^ b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Factor<Vector128<byte>> Prepare(byte scalar)
    {
        var (low, high) = Nibbles.Of(scalar);
        return new(low, high);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Multiply(Vector128<byte> value, Factor<Vector128<byte>> factor) =>
        MultiplySplit(Split(value), factor);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Factor<Vector128<byte>> Split(Vector128<byte> value) =>
        new(value & Vector128.Create((byte)0x0F), Vector128.ShiftRightLogical(value, 4));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> MultiplySplit(Factor<Vector128<byte>> value, Factor<Vector128<byte>> factor) =>
        AdvSimd.Arm64.VectorTableLookup(factor.Low, value.Low) ^ AdvSimd.Arm64.VectorTableLookup(factor.High, value.High);
}

/// <summary>Eight bytes in a word: for machines of which nothing is known.</summary>
internal readonly struct Word : IVectorArithmetic<ulong>
{
    public static string Name => "word";

    public static bool IsSupported => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Xor(ulong a, ulong b) => a ^ b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Factor<ulong> Prepare(byte scalar) => new(scalar, 0);

    // Adds value * 2^i for every bit i of the scalar; the bytes that overflow in a doubling are reduced by the polynomial.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Multiply(ulong value, Factor<ulong> factor)
    {
        const ulong Low = 0x0101010101010101;
        ulong product = 0;
        for (var bits = (uint)factor.Low; bits != 0; bits >>= 1)
        {
            product ^= value & (0 - (ulong)(bits & 1));
            value = ((value & (0x7F * Low)) << 1) ^ (((value >> 7) & Low) * Gf256.Polynomial);
        }

        return product;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Factor<ulong> Split(ulong value) => new(value, default);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong MultiplySplit(Factor<ulong> value, Factor<ulong> factor) => Multiply(value.Low, factor);
}

/// <summary>The reference: a byte at a time, by the tables of RFC 6330. Never made faster.</summary>
internal readonly struct Scalar : IVectorArithmetic<byte>
{
    public static string Name => "scalar";

    public static bool IsSupported => true;

    public static byte Xor(byte a, byte b) => (byte)(a ^ b);

    public static Factor<byte> Prepare(byte scalar) => new(scalar, 0);

    public static byte Multiply(byte value, Factor<byte> factor) => Gf256.Multiply(value, factor.Low);

    public static Factor<byte> Split(byte value) => new(value, default);

    public static byte MultiplySplit(Factor<byte> value, Factor<byte> factor) => Multiply(value.Low, factor);
}
