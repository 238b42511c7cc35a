namespace PouringRain.Coding.Kernels;

/// <summary>
/// What a kernel needs to know of an instruction set. The loops are written once (<see cref="SymbolKernel{TVector, TArithmetic}"/>) and
/// compiled for each.
/// </summary>
/// <typeparam name="TVector">The bytes handled at a time: a vector, a word, or a byte.</typeparam>
internal interface IVectorArithmetic<TVector>
    where TVector : unmanaged
{
    /// <summary>The kernel's name: the instructions it needs.</summary>
    static abstract string Name { get; }

    /// <summary>Whether this machine has them.</summary>
    static abstract bool IsSupported { get; }

    /// <summary>The bitwise sum.</summary>
    static abstract TVector Xor(TVector a, TVector b);

    /// <summary>What <see cref="Multiply"/> wants to know of a scalar.</summary>
    static abstract Factor<TVector> Prepare(byte scalar);

    /// <summary>The product of every byte with the scalar.</summary>
    static abstract TVector Multiply(TVector value, Factor<TVector> factor);

    /// <summary>What <see cref="MultiplySplit"/> wants to know of a value, for several products with it: its nibbles, or itself.</summary>
    static abstract Factor<TVector> Split(TVector value);

    /// <summary><see cref="Multiply"/> of a value that was split.</summary>
    static abstract TVector MultiplySplit(Factor<TVector> value, Factor<TVector> factor);
}

/// <summary>A scalar made ready for multiplication: a bit matrix, or the products with low and high nibbles.</summary>
internal readonly struct Factor<TVector>(TVector low, TVector high)
    where TVector : unmanaged
{
    public readonly TVector Low = low;
    public readonly TVector High = high;
}
