using System.Runtime.CompilerServices;

namespace PouringRain.Coding.Kernels;

/// <content>One, two or four vectors that are worked on together. The count is a constant
/// to the compiler, so the rest folds away.</content>
internal sealed partial class SymbolKernel<TVector, TArithmetic>
{
    private interface IGroup
    {
        static abstract int Count { get; }
    }

    private readonly struct One : IGroup
    {
        public static int Count => 1;
    }

    private readonly struct Two : IGroup
    {
        public static int Count => 2;
    }

    private readonly struct Four : IGroup
    {
        public static int Count => 4;
    }

    private struct Group
    {
        public TVector V0;
        public TVector V1;
        public TVector V2;
        public TVector V3;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Load<TGroup>(ref byte source)
            where TGroup : struct, IGroup
        {
            V0 = SymbolKernel<TVector, TArithmetic>.Load(ref source, 0);
            if (TGroup.Count > 1)
            {
                V1 = SymbolKernel<TVector, TArithmetic>.Load(ref source, Width);
            }

            if (TGroup.Count > 2)
            {
                V2 = SymbolKernel<TVector, TArithmetic>.Load(ref source, 2 * Width);
                V3 = SymbolKernel<TVector, TArithmetic>.Load(ref source, 3 * Width);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Store<TGroup>(ref byte target)
            where TGroup : struct, IGroup
        {
            SymbolKernel<TVector, TArithmetic>.Store(V0, ref target, 0);
            if (TGroup.Count > 1)
            {
                SymbolKernel<TVector, TArithmetic>.Store(V1, ref target, Width);
            }

            if (TGroup.Count > 2)
            {
                SymbolKernel<TVector, TArithmetic>.Store(V2, ref target, 2 * Width);
                SymbolKernel<TVector, TArithmetic>.Store(V3, ref target, 3 * Width);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Add<TGroup>(ref byte source)
            where TGroup : struct, IGroup
        {
            V0 = TArithmetic.Xor(V0, SymbolKernel<TVector, TArithmetic>.Load(ref source, 0));
            if (TGroup.Count > 1)
            {
                V1 = TArithmetic.Xor(V1, SymbolKernel<TVector, TArithmetic>.Load(ref source, Width));
            }

            if (TGroup.Count > 2)
            {
                V2 = TArithmetic.Xor(V2, SymbolKernel<TVector, TArithmetic>.Load(ref source, 2 * Width));
                V3 = TArithmetic.Xor(V3, SymbolKernel<TVector, TArithmetic>.Load(ref source, 3 * Width));
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void AddTo<TGroup>(ref byte target)
            where TGroup : struct, IGroup
        {
            var sum = this;
            sum.Add<TGroup>(ref target);
            sum.Store<TGroup>(ref target);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Multiply<TGroup>(Factor<TVector> factor)
            where TGroup : struct, IGroup
        {
            V0 = TArithmetic.Multiply(V0, factor);
            if (TGroup.Count > 1)
            {
                V1 = TArithmetic.Multiply(V1, factor);
            }

            if (TGroup.Count > 2)
            {
                V2 = TArithmetic.Multiply(V2, factor);
                V3 = TArithmetic.Multiply(V3, factor);
            }
        }

        /// <summary>Adds the slots that the words name.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void AddAll<TGroup>(ref int word, int count, ref byte ws, nint stride)
            where TGroup : struct, IGroup
        {
            for (nint i = 0; i < count; i++)
            {
                Add<TGroup>(ref Unsafe.Add(ref ws, Unsafe.Add(ref word, i) * stride));
            }
        }

        /// <summary>Adds scalar * slot for every word, which is the slot shifted by 8 | the scalar.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void AddProducts<TGroup>(ref int word, int count, ref byte ws, nint stride)
            where TGroup : struct, IGroup
        {
            for (nint i = 0; i < count; i++)
            {
                var term = Unsafe.Add(ref word, i);
                var product = default(Group);
                product.Load<TGroup>(ref Unsafe.Add(ref ws, (nint)(term >> 8) * stride));
                product.Multiply<TGroup>(TArithmetic.Prepare((byte)term));
                AddGroup<TGroup>(product);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private void AddGroup<TGroup>(Group other)
            where TGroup : struct, IGroup
        {
            V0 = TArithmetic.Xor(V0, other.V0);
            if (TGroup.Count > 1)
            {
                V1 = TArithmetic.Xor(V1, other.V1);
            }

            if (TGroup.Count > 2)
            {
                V2 = TArithmetic.Xor(V2, other.V2);
                V3 = TArithmetic.Xor(V3, other.V3);
            }
        }
    }
}
