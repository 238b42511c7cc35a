using PouringRain.Coding.Plans;

namespace PouringRain.Coding.Kernels;

/// <summary>A kernel that runs plans.</summary>
internal interface IPlanKernel : ISymbolKernel
{
    /// <summary>Runs a plan over one strip of the symbols.</summary>
    /// <param name="words">The plan's words.</param>
    /// <param name="slots">The workspace, slot after slot, <paramref name="strip"/>.Width
    /// bytes each; aligned to 64 bytes for speed.</param>
    /// <param name="strip">Which bytes of the symbols.</param>
    /// <param name="symbols">The symbols, validated before.</param>
    void Run(ReadOnlySpan<int> words, Span<byte> slots, Strip strip, in PlanSymbols symbols);

    /// <summary><see cref="ISymbolKernel.XorGather"/> without its checks, over whole vectors.</summary>
    /// <param name="slab">Rows of <paramref name="stride"/> bytes, a multiple of the vector size.</param>
    /// <param name="stride">Bytes of a row.</param>
    /// <param name="destination">The row that becomes the sum.</param>
    /// <param name="indices">The rows to add.</param>
    void GatherRow(Span<byte> slab, int stride, int destination, ReadOnlySpan<int> indices);
}
