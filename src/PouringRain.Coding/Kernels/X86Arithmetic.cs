using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace PouringRain.Coding.Kernels;

// GaloisFieldMultiply works modulo 0x11B, which is another field; the affine transformation takes any linear map, so also ours.
internal readonly struct Avx512Gfni : IVectorArithmetic<Vector512<byte>>
{
    public static string Name => "avx512-gfni";

    public static bool IsSupported => Avx512BW.IsSupported && Gfni.V512.IsSupported;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Xor(Vector512<byte> a, Vector512<byte> b) => a ^ b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Factor<Vector512<byte>> Prepare(byte scalar) => new(Vector512.Create(Gf256.Affine[scalar]).AsByte(), default);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Multiply(Vector512<byte> value, Factor<Vector512<byte>> factor) =>
        Gfni.V512.GaloisFieldAffineTransform(value, factor.Low, 0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Factor<Vector512<byte>> Split(Vector512<byte> value) => new(value, default);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> MultiplySplit(Factor<Vector512<byte>> value, Factor<Vector512<byte>> factor) =>
        Multiply(value.Low, factor);
}

internal readonly struct Avx512Shuffle : IVectorArithmetic<Vector512<byte>>
{
    public static string Name => "avx512";

    public static bool IsSupported => Avx512BW.IsSupported;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Xor(Vector512<byte> a, Vector512<byte> b) => a ^ b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Factor<Vector512<byte>> Prepare(byte scalar)
    {
        var (low, high) = Nibbles.Of(scalar);
        var low256 = Vector256.Create(low, low);
        var high256 = Vector256.Create(high, high);
        return new(Vector512.Create(low256, low256), Vector512.Create(high256, high256));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Multiply(Vector512<byte> value, Factor<Vector512<byte>> factor) =>
        MultiplySplit(Split(value), factor);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Factor<Vector512<byte>> Split(Vector512<byte> value)
    {
        var mask = Vector512.Create((byte)0x0F);
        return new(value & mask, Vector512.ShiftRightLogical(value.AsUInt16(), 4).AsByte() & mask);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> MultiplySplit(Factor<Vector512<byte>> value, Factor<Vector512<byte>> factor) =>
        Avx512BW.Shuffle(factor.Low, value.Low) ^ Avx512BW.Shuffle(factor.High, value.High);
}

internal readonly struct Avx2Gfni : IVectorArithmetic<Vector256<byte>>
{
    public static string Name => "avx2-gfni";

    // Gfni.V256 stays true when AVX2 is switched off.
    public static bool IsSupported => Avx2.IsSupported && Gfni.V256.IsSupported;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Xor(Vector256<byte> a, Vector256<byte> b) => a ^ b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Factor<Vector256<byte>> Prepare(byte scalar) => new(Vector256.Create(Gf256.Affine[scalar]).AsByte(), default);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Multiply(Vector256<byte> value, Factor<Vector256<byte>> factor) =>
        Gfni.V256.GaloisFieldAffineTransform(value, factor.Low, 0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Factor<Vector256<byte>> Split(Vector256<byte> value) => new(value, default);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> MultiplySplit(Factor<Vector256<byte>> value, Factor<Vector256<byte>> factor) =>
        Multiply(value.Low, factor);
}

internal readonly struct Avx2Shuffle : IVectorArithmetic<Vector256<byte>>
{
    public static string Name => "avx2";

    public static bool IsSupported => Avx2.IsSupported;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Xor(Vector256<byte> a, Vector256<byte> b) => a ^ b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Factor<Vector256<byte>> Prepare(byte scalar)
    {
        var (low, high) = Nibbles.Of(scalar);
        return new(Vector256.Create(low, low), Vector256.Create(high, high));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Multiply(Vector256<byte> value, Factor<Vector256<byte>> factor) =>
        MultiplySplit(Split(value), factor);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Factor<Vector256<byte>> Split(Vector256<byte> value)
    {
        var mask = Vector256.Create((byte)0x0F);
        return new(value & mask, Vector256.ShiftRightLogical(value.AsUInt16(), 4).AsByte() & mask);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> MultiplySplit(Factor<Vector256<byte>> value, Factor<Vector256<byte>> factor) =>
        Avx2.Shuffle(factor.Low, value.Low) ^ Avx2.Shuffle(factor.High, value.High);
}

internal readonly struct Ssse3Shuffle : IVectorArithmetic<Vector128<byte>>
{
    public static string Name => "ssse3";

    public static bool IsSupported => Ssse3.IsSupported;

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
    public static Factor<Vector128<byte>> Split(Vector128<byte> value)
    {
        var mask = Vector128.Create((byte)0x0F);
        return new(value & mask, Vector128.ShiftRightLogical(value.AsUInt16(), 4).AsByte() & mask);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> MultiplySplit(Factor<Vector128<byte>> value, Factor<Vector128<byte>> factor) =>
        Ssse3.Shuffle(factor.Low, value.Low) ^ Ssse3.Shuffle(factor.High, value.High);
}

internal static class Nibbles
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (Vector128<byte> Low, Vector128<byte> High) Of(byte scalar)
    {
        ref var table = ref Unsafe.Add(ref MemoryMarshal.GetReference(Gf256.Nibbles), 32 * scalar);
        return (Vector128.LoadUnsafe(ref table), Vector128.LoadUnsafe(ref table, 16));
    }
}
