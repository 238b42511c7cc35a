using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace PouringRain.Coding.Kernels;

/// <summary>
/// The loops over symbols, for one instruction set. Loads and stores go by reference and offset after the lengths have been checked; what
/// is left over at the end, less than a vector, goes through a vector on the stack.
/// </summary>
internal sealed partial class SymbolKernel<TVector, TArithmetic> : ISymbolKernel
    where TVector : unmanaged
    where TArithmetic : struct, IVectorArithmetic<TVector>
{
    private static int Width
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Unsafe.SizeOf<TVector>();
    }

    public string Name => TArithmetic.Name;

    public int VectorSize => Width;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Xor(Span<byte> destination, ReadOnlySpan<byte> source)
    {
        RequireSameLength(destination.Length, source.Length);
        Xor(destination, destination, source);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Xor(Span<byte> destination, ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        RequireSameLength(destination.Length, a.Length);
        RequireSameLength(destination.Length, b.Length);
        ref var d = ref MemoryMarshal.GetReference(destination);
        ref var x = ref MemoryMarshal.GetReference(a);
        ref var y = ref MemoryMarshal.GetReference(b);
        var length = destination.Length;
        var i = 0;
        for (; i <= length - (4 * Width); i += 4 * Width)
        {
            var v0 = TArithmetic.Xor(Load(ref x, i), Load(ref y, i));
            var v1 = TArithmetic.Xor(Load(ref x, i + Width), Load(ref y, i + Width));
            var v2 = TArithmetic.Xor(Load(ref x, i + (2 * Width)), Load(ref y, i + (2 * Width)));
            var v3 = TArithmetic.Xor(Load(ref x, i + (3 * Width)), Load(ref y, i + (3 * Width)));
            Store(v0, ref d, i);
            Store(v1, ref d, i + Width);
            Store(v2, ref d, i + (2 * Width));
            Store(v3, ref d, i + (3 * Width));
        }

        for (; i <= length - Width; i += Width)
        {
            Store(TArithmetic.Xor(Load(ref x, i), Load(ref y, i)), ref d, i);
        }

        if (i < length)
        {
            StorePart(TArithmetic.Xor(LoadPart(ref x, i, length - i), LoadPart(ref y, i, length - i)), ref d, i, length - i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void XorGather(Span<byte> destination, ReadOnlySpan<byte> slab, int stride, ReadOnlySpan<int> indices, bool accumulate)
    {
        RequireInside(destination.Length, slab.Length, stride, indices);
        ref var d = ref MemoryMarshal.GetReference(destination);
        ref var s = ref MemoryMarshal.GetReference(slab);
        var length = destination.Length;
        var i = 0;
        for (; i <= length - (4 * Width); i += 4 * Width)
        {
            TVector v0 = default, v1 = default, v2 = default, v3 = default;
            if (accumulate)
            {
                v0 = Load(ref d, i);
                v1 = Load(ref d, i + Width);
                v2 = Load(ref d, i + (2 * Width));
                v3 = Load(ref d, i + (3 * Width));
            }

            foreach (var index in indices)
            {
                ref var piece = ref Unsafe.Add(ref s, ((nint)index * stride) + i);
                v0 = TArithmetic.Xor(v0, Load(ref piece, 0));
                v1 = TArithmetic.Xor(v1, Load(ref piece, Width));
                v2 = TArithmetic.Xor(v2, Load(ref piece, 2 * Width));
                v3 = TArithmetic.Xor(v3, Load(ref piece, 3 * Width));
            }

            Store(v0, ref d, i);
            Store(v1, ref d, i + Width);
            Store(v2, ref d, i + (2 * Width));
            Store(v3, ref d, i + (3 * Width));
        }

        for (; i <= length - Width; i += Width)
        {
            var v = accumulate ? Load(ref d, i) : default;
            foreach (var index in indices)
            {
                v = TArithmetic.Xor(v, Load(ref Unsafe.Add(ref s, (nint)index * stride), i));
            }

            Store(v, ref d, i);
        }

        if (i < length)
        {
            var v = accumulate ? LoadPart(ref d, i, length - i) : default;
            foreach (var index in indices)
            {
                v = TArithmetic.Xor(v, LoadPart(ref Unsafe.Add(ref s, (nint)index * stride), i, length - i));
            }

            StorePart(v, ref d, i, length - i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void MultiplyAdd(Span<byte> destination, ReadOnlySpan<byte> source, byte scalar)
    {
        RequireSameLength(destination.Length, source.Length);
        if (scalar <= 1)
        {
            if (scalar == 1)
            {
                Xor(destination, source);
            }

            return;
        }

        ref var d = ref MemoryMarshal.GetReference(destination);
        ref var s = ref MemoryMarshal.GetReference(source);
        var factor = TArithmetic.Prepare(scalar);
        var length = destination.Length;
        var i = 0;
        for (; i <= length - (2 * Width); i += 2 * Width)
        {
            var v0 = TArithmetic.Xor(Load(ref d, i), TArithmetic.Multiply(Load(ref s, i), factor));
            var v1 = TArithmetic.Xor(Load(ref d, i + Width), TArithmetic.Multiply(Load(ref s, i + Width), factor));
            Store(v0, ref d, i);
            Store(v1, ref d, i + Width);
        }

        for (; i <= length - Width; i += Width)
        {
            Store(TArithmetic.Xor(Load(ref d, i), TArithmetic.Multiply(Load(ref s, i), factor)), ref d, i);
        }

        if (i < length)
        {
            var product = TArithmetic.Multiply(LoadPart(ref s, i, length - i), factor);
            StorePart(TArithmetic.Xor(LoadPart(ref d, i, length - i), product), ref d, i, length - i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Scale(Span<byte> destination, byte scalar)
    {
        if (scalar <= 1)
        {
            if (scalar == 0)
            {
                destination.Clear();
            }

            return;
        }

        ref var d = ref MemoryMarshal.GetReference(destination);
        var factor = TArithmetic.Prepare(scalar);
        var length = destination.Length;
        var i = 0;
        for (; i <= length - Width; i += Width)
        {
            Store(TArithmetic.Multiply(Load(ref d, i), factor), ref d, i);
        }

        if (i < length)
        {
            StorePart(TArithmetic.Multiply(LoadPart(ref d, i, length - i), factor), ref d, i, length - i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Load(ref byte origin, nint offset) => Unsafe.ReadUnaligned<TVector>(ref Unsafe.Add(ref origin, offset));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(TVector value, ref byte origin, nint offset) =>
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref origin, offset), value);

    private static TVector LoadPart(ref byte origin, nint offset, int count)
    {
        TVector value = default;
        Unsafe.CopyBlockUnaligned(ref Unsafe.As<TVector, byte>(ref value), ref Unsafe.Add(ref origin, offset), (uint)count);
        return value;
    }

    private static void StorePart(TVector value, ref byte origin, nint offset, int count) =>
        Unsafe.CopyBlockUnaligned(ref Unsafe.Add(ref origin, offset), ref Unsafe.As<TVector, byte>(ref value), (uint)count);

    private static void RequireSameLength(int destination, int source)
    {
        if (destination != source)
        {
            throw new ArgumentException($"A destination of {destination} bytes and a source of {source} do not go together.");
        }
    }

    private static void RequireInside(int length, int slab, int stride, ReadOnlySpan<int> indices)
    {
        var last = slab < length || stride < 0 ? -1 : stride == 0 ? int.MaxValue : (slab - length) / stride;
        foreach (var index in indices)
        {
            if ((uint)index > (uint)last || last < 0)
            {
                throw new ArgumentException($"Symbol {index} with stride {stride} does not lie in a slab of {slab} bytes.");
            }
        }
    }
}
