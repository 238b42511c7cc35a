using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using PouringRain.Coding.Plans;

namespace PouringRain.Coding.Kernels;

internal sealed partial class SymbolKernel<TVector, TArithmetic> : IPlanKernel
{
    public void Run(ReadOnlySpan<int> words, Span<byte> slots, Strip strip, in PlanSymbols symbols)
    {
        if (strip.Length < strip.Width)
        {
            RunPartial(words, slots, strip, symbols);
        }
        else if (strip.Width % (4 * Width) == 0)
        {
            RunWhole<Four>(words, slots, strip, symbols);
        }
        else if (strip.Width % (2 * Width) == 0)
        {
            RunWhole<Two>(words, slots, strip, symbols);
        }
        else
        {
            RunWhole<One>(words, slots, strip, symbols);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
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

    // Every operation is done a group of vectors at a time: four independent sums hide the latency, and the operation's words are still
    // in the nearest cache, and its length in the branch predictor, for the groups after the first.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RunWhole<TGroup>(ReadOnlySpan<int> words, Span<byte> slots, Strip strip, in PlanSymbols symbols)
        where TGroup : struct, IGroup
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
                for (nint part = 0; part < stride; part += TGroup.Count * Width)
                {
                    var sum = default(Group);
                    if (!Unsafe.IsNullRef(ref input))
                    {
                        sum.Load<TGroup>(ref Unsafe.Add(ref input, part));
                    }

                    sum.AddAll<TGroup>(ref word, count, ref Unsafe.Add(ref ws, part), stride);
                    sum.Store<TGroup>(ref Unsafe.Add(ref target, part));
                }

                word = ref Unsafe.Add(ref word, count);
            }
            else if (kind == SymbolPlan.Hdpc)
            {
                for (nint part = 0; part < stride; part += TGroup.Count * Width)
                {
                    SumHdpc<TGroup>(ref word, ref Unsafe.Add(ref ws, part), stride);
                }

                word = ref Unsafe.Add(ref word, 3 + Unsafe.Add(ref word, 2));
            }
            else
            {
                var count = Unsafe.Add(ref word, 1);
                word = ref Unsafe.Add(ref word, 2);
                ref var target = ref kind is SymbolPlan.CombineOutput or SymbolPlan.GatherOutput
                    ? ref OutputOf(destination, strip, symbols)
                    : ref Unsafe.Add(ref ws, destination * stride);
                for (nint part = 0; part < stride; part += TGroup.Count * Width)
                {
                    var sum = default(Group);
                    if (kind == SymbolPlan.GatherOutput)
                    {
                        sum.AddAll<TGroup>(ref word, count, ref Unsafe.Add(ref ws, part), stride);
                    }
                    else
                    {
                        if (kind == SymbolPlan.CombineAdd)
                        {
                            sum.Load<TGroup>(ref Unsafe.Add(ref target, part));
                        }

                        sum.AddProducts<TGroup>(ref word, count, ref Unsafe.Add(ref ws, part), stride);
                    }

                    sum.Store<TGroup>(ref Unsafe.Add(ref target, part));
                }

                word = ref Unsafe.Add(ref word, count);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SumHdpc<TGroup>(ref int word, ref byte ws, nint stride)
        where TGroup : struct, IGroup
    {
        var accumulators = Unsafe.Add(ref word, 1);
        var count = Unsafe.Add(ref word, 2);
        ref var sums = ref Unsafe.Add(ref ws, (word >> SymbolPlan.KindBits) * stride);
        var z = default(Group);
        for (var i = 0; i < accumulators; i++)
        {
            z.Store<TGroup>(ref Unsafe.Add(ref sums, i * stride));
        }

        var two = TArithmetic.Prepare(2);
        word = ref Unsafe.Add(ref word, 3);
        for (var i = 0; i < count - 1; i++)
        {
            z.Multiply<TGroup>(two);
            z.Add<TGroup>(ref Unsafe.Add(ref ws, i * stride));
            var pair = Unsafe.Add(ref word, i);
            z.AddTo<TGroup>(ref Unsafe.Add(ref sums, (pair & 0xFF) * stride));
            z.AddTo<TGroup>(ref Unsafe.Add(ref sums, (pair >> 8) * stride));
        }

        z.Multiply<TGroup>(two);
        z.Add<TGroup>(ref Unsafe.Add(ref ws, (count - 1) * stride));
        for (var i = 0; i < accumulators; i++)
        {
            z.AddTo<TGroup>(ref Unsafe.Add(ref sums, i * stride));
            z.Multiply<TGroup>(two);
        }
    }

    // Less than a vector at the end of the symbols. Only the symbols themselves end there; slots are whole vectors.
    private static void RunPartial(ReadOnlySpan<int> words, Span<byte> slots, Strip strip, in PlanSymbols symbols)
    {
        ref var ws = ref MemoryMarshal.GetReference(slots);
        ref var word = ref MemoryMarshal.GetReference(words);
        ref var end = ref Unsafe.Add(ref word, words.Length);
        nint stride = Width;
        while (Unsafe.IsAddressLessThan(ref word, ref end))
        {
            var destination = word >> SymbolPlan.KindBits;
            var kind = word & SymbolPlan.KindMask;
            if (kind == SymbolPlan.Hdpc)
            {
                SumHdpc<One>(ref word, ref ws, stride);
                word = ref Unsafe.Add(ref word, 3 + Unsafe.Add(ref word, 2));
                continue;
            }

            var isGather = kind == SymbolPlan.Gather;
            ref var input = ref InputOf(isGather ? Unsafe.Add(ref word, 1) : -1, strip, symbols);
            word = ref Unsafe.Add(ref word, isGather ? 1 : 0);
            var count = Unsafe.Add(ref word, 1);
            word = ref Unsafe.Add(ref word, 2);
            ref var slot = ref Unsafe.Add(ref ws, destination * stride);
            var sum = default(Group);
            if (!Unsafe.IsNullRef(ref input))
            {
                sum.V0 = LoadPart(ref input, 0, strip.Length);
            }
            else if (kind == SymbolPlan.CombineAdd)
            {
                sum.Load<One>(ref slot);
            }

            if (kind is SymbolPlan.Gather or SymbolPlan.GatherOutput)
            {
                sum.AddAll<One>(ref word, count, ref ws, stride);
            }
            else
            {
                sum.AddProducts<One>(ref word, count, ref ws, stride);
            }

            if (kind is SymbolPlan.GatherOutput or SymbolPlan.CombineOutput)
            {
                StorePart(sum.V0, ref OutputOf(destination, strip, symbols), 0, strip.Length);
            }
            else
            {
                sum.Store<One>(ref slot);
            }

            word = ref Unsafe.Add(ref word, count);
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
