using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using PouringRain.Coding.Plans;

namespace PouringRain.Coding.Kernels;

internal sealed partial class SymbolKernel<TVector, TArithmetic> : IPlanKernel
{
    public void Run(ReadOnlySpan<int> words, Span<byte> slots, Strip strip, in PlanSymbols symbols)
    {
        if (strip.Width % (4 * Width) == 0)
        {
            RunFours(words, slots, strip, symbols);
        }
        else
        {
            RunSingles(words, slots, strip, symbols);
        }
    }

    public void GatherRow(Span<byte> slab, int stride, int destination, ReadOnlySpan<int> indices)
    {
        ref var origin = ref MemoryMarshal.GetReference(slab);
        for (var offset = 0; offset < stride; offset += Width)
        {
            TVector sum = default;
            foreach (var index in indices)
            {
                sum = TArithmetic.Xor(sum, Load(ref origin, ((nint)index * stride) + offset));
            }

            Store(sum, ref origin, ((nint)destination * stride) + offset);
        }
    }

    // Every operation is done a part of four vectors at a time: four independent sums hide the latency, and the operation's words are
    // still in the nearest cache, and its length in the branch predictor, for the parts after the first.
    private static void RunFours(ReadOnlySpan<int> words, Span<byte> slots, Strip strip, in PlanSymbols symbols)
    {
        ref var ws = ref MemoryMarshal.GetReference(slots);
        ref var word = ref MemoryMarshal.GetReference(words);
        ref var end = ref Unsafe.Add(ref word, words.Length);
        nint stride = strip.Width;
        while (Unsafe.IsAddressLessThan(ref word, ref end))
        {
            var destination = word >> SymbolPlan.KindBits;
            var kind = word & SymbolPlan.KindMask;
            if (kind == SymbolPlan.Gather)
            {
                ref var input = ref InputOf(Unsafe.Add(ref word, 1), strip, symbols);
                var count = Unsafe.Add(ref word, 2);
                word = ref Unsafe.Add(ref word, 3);
                ref var target = ref Unsafe.Add(ref ws, destination * stride);
                for (nint part = 0; part < stride; part += 4 * Width)
                {
                    TVector v0 = default, v1 = default, v2 = default, v3 = default;
                    if (!Unsafe.IsNullRef(ref input))
                    {
                        v0 = Load(ref input, part);
                        v1 = Load(ref input, part + Width);
                        v2 = Load(ref input, part + (2 * Width));
                        v3 = Load(ref input, part + (3 * Width));
                    }

                    for (var i = 0; i < count; i++)
                    {
                        ref var source = ref Unsafe.Add(ref ws, (Unsafe.Add(ref word, i) * stride) + part);
                        v0 = TArithmetic.Xor(v0, Load(ref source, 0));
                        v1 = TArithmetic.Xor(v1, Load(ref source, Width));
                        v2 = TArithmetic.Xor(v2, Load(ref source, 2 * Width));
                        v3 = TArithmetic.Xor(v3, Load(ref source, 3 * Width));
                    }

                    Store(v0, ref target, part);
                    Store(v1, ref target, part + Width);
                    Store(v2, ref target, part + (2 * Width));
                    Store(v3, ref target, part + (3 * Width));
                }

                word = ref Unsafe.Add(ref word, count);
            }
            else if (kind == SymbolPlan.GatherOutput)
            {
                var count = Unsafe.Add(ref word, 1);
                word = ref Unsafe.Add(ref word, 2);
                ref var target = ref OutputOf(destination, strip, symbols);
                for (nint part = 0; part < stride; part += 4 * Width)
                {
                    TVector v0 = default, v1 = default, v2 = default, v3 = default;
                    for (var i = 0; i < count; i++)
                    {
                        ref var source = ref Unsafe.Add(ref ws, (Unsafe.Add(ref word, i) * stride) + part);
                        v0 = TArithmetic.Xor(v0, Load(ref source, 0));
                        v1 = TArithmetic.Xor(v1, Load(ref source, Width));
                        v2 = TArithmetic.Xor(v2, Load(ref source, 2 * Width));
                        v3 = TArithmetic.Xor(v3, Load(ref source, 3 * Width));
                    }

                    Store(v0, ref target, part);
                    Store(v1, ref target, part + Width);
                    Store(v2, ref target, part + (2 * Width));
                    Store(v3, ref target, part + (3 * Width));
                }

                word = ref Unsafe.Add(ref word, count);
            }
            else if (kind == SymbolPlan.Hdpc)
            {
                for (nint part = 0; part < stride; part += 4 * Width)
                {
                    SumHdpcFours(ref word, ref Unsafe.Add(ref ws, part), stride);
                }

                word = ref Unsafe.Add(ref word, 3 + Unsafe.Add(ref word, 2));
            }
            else
            {
                var count = Unsafe.Add(ref word, 1);
                word = ref Unsafe.Add(ref word, 2);
                ref var target = ref kind == SymbolPlan.CombineOutput
                    ? ref OutputOf(destination, strip, symbols)
                    : ref Unsafe.Add(ref ws, destination * stride);

                for (nint part = 0; part < stride; part += 4 * Width)
                {
                    CombineFours(ref word, count, ref Unsafe.Add(ref ws, part), stride, ref Unsafe.Add(ref target, part), kind);
                }

                word = ref Unsafe.Add(ref word, count);
            }
        }
    }

    private static void CombineFours(ref int word, int count, ref byte ws, nint stride, ref byte target, int kind)
    {
        TVector v0 = default, v1 = default, v2 = default, v3 = default;
        if (kind == SymbolPlan.CombineAdd)
        {
            v0 = Load(ref target, 0);
            v1 = Load(ref target, Width);
            v2 = Load(ref target, 2 * Width);
            v3 = Load(ref target, 3 * Width);
        }

        for (var i = 0; i < count; i++)
        {
            var term = Unsafe.Add(ref word, i);
            var factor = TArithmetic.Prepare((byte)term);
            ref var source = ref Unsafe.Add(ref ws, (nint)(term >> 8) * stride);
            v0 = TArithmetic.Xor(v0, TArithmetic.Multiply(Load(ref source, 0), factor));
            v1 = TArithmetic.Xor(v1, TArithmetic.Multiply(Load(ref source, Width), factor));
            v2 = TArithmetic.Xor(v2, TArithmetic.Multiply(Load(ref source, 2 * Width), factor));
            v3 = TArithmetic.Xor(v3, TArithmetic.Multiply(Load(ref source, 3 * Width), factor));
        }

        Store(v0, ref target, 0);
        Store(v1, ref target, Width);
        Store(v2, ref target, 2 * Width);
        Store(v3, ref target, 3 * Width);
    }

    private static void SumHdpcFours(ref int word, ref byte ws, nint stride)
    {
        var accumulators = Unsafe.Add(ref word, 1);
        var count = Unsafe.Add(ref word, 2);
        ref var sums = ref Unsafe.Add(ref ws, (word >> SymbolPlan.KindBits) * stride);
        TVector z0 = default, z1 = default, z2 = default, z3 = default;
        for (var i = 0; i < accumulators; i++)
        {
            ref var sum = ref Unsafe.Add(ref sums, i * stride);
            Store(z0, ref sum, 0);
            Store(z0, ref sum, Width);
            Store(z0, ref sum, 2 * Width);
            Store(z0, ref sum, 3 * Width);
        }

        var two = TArithmetic.Prepare(2);
        word = ref Unsafe.Add(ref word, 3);
        for (var i = 0; i < count; i++)
        {
            ref var source = ref Unsafe.Add(ref ws, i * stride);
            z0 = TArithmetic.Xor(TArithmetic.Multiply(z0, two), Load(ref source, 0));
            z1 = TArithmetic.Xor(TArithmetic.Multiply(z1, two), Load(ref source, Width));
            z2 = TArithmetic.Xor(TArithmetic.Multiply(z2, two), Load(ref source, 2 * Width));
            z3 = TArithmetic.Xor(TArithmetic.Multiply(z3, two), Load(ref source, 3 * Width));
            if (i == count - 1)
            {
                break;
            }

            var pair = Unsafe.Add(ref word, i);
            ref var first = ref Unsafe.Add(ref sums, (pair & 0xFF) * stride);
            Store(TArithmetic.Xor(Load(ref first, 0), z0), ref first, 0);
            Store(TArithmetic.Xor(Load(ref first, Width), z1), ref first, Width);
            Store(TArithmetic.Xor(Load(ref first, 2 * Width), z2), ref first, 2 * Width);
            Store(TArithmetic.Xor(Load(ref first, 3 * Width), z3), ref first, 3 * Width);
            ref var second = ref Unsafe.Add(ref sums, (pair >> 8) * stride);
            Store(TArithmetic.Xor(Load(ref second, 0), z0), ref second, 0);
            Store(TArithmetic.Xor(Load(ref second, Width), z1), ref second, Width);
            Store(TArithmetic.Xor(Load(ref second, 2 * Width), z2), ref second, 2 * Width);
            Store(TArithmetic.Xor(Load(ref second, 3 * Width), z3), ref second, 3 * Width);
        }

        for (var i = 0; i < accumulators; i++)
        {
            ref var sum = ref Unsafe.Add(ref sums, i * stride);
            Store(TArithmetic.Xor(Load(ref sum, 0), z0), ref sum, 0);
            Store(TArithmetic.Xor(Load(ref sum, Width), z1), ref sum, Width);
            Store(TArithmetic.Xor(Load(ref sum, 2 * Width), z2), ref sum, 2 * Width);
            Store(TArithmetic.Xor(Load(ref sum, 3 * Width), z3), ref sum, 3 * Width);
            z0 = TArithmetic.Multiply(z0, two);
            z1 = TArithmetic.Multiply(z1, two);
            z2 = TArithmetic.Multiply(z2, two);
            z3 = TArithmetic.Multiply(z3, two);
        }
    }

    // One to three vectors, or less than one at the end of the symbols. Only the symbols themselves end there; slots are whole vectors.
    private static void RunSingles(ReadOnlySpan<int> words, Span<byte> slots, Strip strip, in PlanSymbols symbols)
    {
        ref var ws = ref MemoryMarshal.GetReference(slots);
        ref var word = ref MemoryMarshal.GetReference(words);
        ref var end = ref Unsafe.Add(ref word, words.Length);
        nint stride = strip.Width;
        var partial = strip.Length < strip.Width;
        while (Unsafe.IsAddressLessThan(ref word, ref end))
        {
            var destination = word >> SymbolPlan.KindBits;
            var kind = word & SymbolPlan.KindMask;
            if (kind == SymbolPlan.Hdpc)
            {
                for (nint part = 0; part < stride; part += Width)
                {
                    SumHdpc(ref word, ref Unsafe.Add(ref ws, part), stride);
                }

                word = ref Unsafe.Add(ref word, 3 + Unsafe.Add(ref word, 2));
                continue;
            }

            var isGather = kind == SymbolPlan.Gather;
            ref var input = ref InputOf(isGather ? Unsafe.Add(ref word, 1) : -1, strip, symbols);
            word = ref Unsafe.Add(ref word, isGather ? 1 : 0);
            var count = Unsafe.Add(ref word, 1);
            word = ref Unsafe.Add(ref word, 2);
            var toOutput = kind is SymbolPlan.GatherOutput or SymbolPlan.CombineOutput;
            ref var target = ref toOutput
                ? ref OutputOf(destination, strip, symbols)
                : ref Unsafe.Add(ref ws, destination * stride);

            for (nint part = 0; part < stride; part += Width)
            {
                TVector sum = default;
                if (!Unsafe.IsNullRef(ref input))
                {
                    sum = partial ? LoadPart(ref input, 0, strip.Length) : Load(ref input, part);
                }
                else if (kind == SymbolPlan.CombineAdd)
                {
                    sum = Load(ref target, part);
                }

                sum = kind <= SymbolPlan.GatherOutput
                    ? SumGather(sum, ref word, count, ref Unsafe.Add(ref ws, part), stride)
                    : SumCombination(sum, ref word, count, ref Unsafe.Add(ref ws, part), stride);
                if (partial && toOutput)
                {
                    StorePart(sum, ref target, 0, strip.Length);
                }
                else
                {
                    Store(sum, ref target, part);
                }
            }

            word = ref Unsafe.Add(ref word, count);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector SumGather(TVector sum, ref int word, int count, ref byte ws, nint stride)
    {
        for (var i = 0; i < count; i++)
        {
            sum = TArithmetic.Xor(sum, Load(ref ws, Unsafe.Add(ref word, i) * stride));
        }

        return sum;
    }

    private static TVector SumCombination(TVector sum, ref int word, int count, ref byte ws, nint stride)
    {
        for (var i = 0; i < count; i++)
        {
            var term = Unsafe.Add(ref word, i);
            sum = TArithmetic.Xor(sum, TArithmetic.Multiply(Load(ref ws, (nint)(term >> 8) * stride), TArithmetic.Prepare((byte)term)));
        }

        return sum;
    }

    private static void SumHdpc(ref int word, ref byte ws, nint stride)
    {
        var accumulators = Unsafe.Add(ref word, 1);
        var count = Unsafe.Add(ref word, 2);
        ref var sums = ref Unsafe.Add(ref ws, (word >> SymbolPlan.KindBits) * stride);
        TVector z = default;
        for (var i = 0; i < accumulators; i++)
        {
            Store(z, ref sums, i * stride);
        }

        var two = TArithmetic.Prepare(2);
        word = ref Unsafe.Add(ref word, 3);
        for (var i = 0; i < count - 1; i++)
        {
            z = TArithmetic.Xor(TArithmetic.Multiply(z, two), Load(ref ws, i * stride));
            var pair = Unsafe.Add(ref word, i);
            ref var first = ref Unsafe.Add(ref sums, (pair & 0xFF) * stride);
            Store(TArithmetic.Xor(Load(ref first, 0), z), ref first, 0);
            ref var second = ref Unsafe.Add(ref sums, (pair >> 8) * stride);
            Store(TArithmetic.Xor(Load(ref second, 0), z), ref second, 0);
        }

        z = TArithmetic.Xor(TArithmetic.Multiply(z, two), Load(ref ws, (count - 1) * stride));
        for (var i = 0; i < accumulators; i++)
        {
            Store(TArithmetic.Xor(Load(ref sums, i * stride), z), ref sums, i * stride);
            z = TArithmetic.Multiply(z, two);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ref byte InputOf(int input, Strip strip, scoped in PlanSymbols symbols)
    {
        if (input < 0)
        {
            return ref Unsafe.NullRef<byte>();
        }

        var symbol = Unsafe.Add(ref MemoryMarshal.GetReference(symbols.Inputs), input);
        if (symbol < 0)
        {
            return ref Unsafe.NullRef<byte>();
        }

        if (symbol < symbols.ExtraBase)
        {
            return ref Unsafe.Add(ref MemoryMarshal.GetReference(symbols.Main), ((nint)symbol * symbols.SymbolSize) + strip.Offset);
        }

        return ref Unsafe.Add(
            ref MemoryMarshal.GetReference(symbols.Extra), ((nint)(symbol - symbols.ExtraBase) * symbols.SymbolSize) + strip.Offset);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ref byte OutputOf(int output, Strip strip, scoped in PlanSymbols symbols) =>
        ref Unsafe.Add(ref MemoryMarshal.GetReference(symbols.Outputs), ((nint)output * symbols.SymbolSize) + strip.Offset);
}
