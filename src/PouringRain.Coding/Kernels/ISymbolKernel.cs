namespace PouringRain.Coding.Kernels;

/// <summary>
/// The arithmetic of symbols, strings of bytes read as vectors over GF(2^8) of RFC 6330, section 5.7 (polynomial x^8 + x^4 + x^3 + x^2 +
/// 1), of which GF(2) is a part. Implementations differ in the instructions they use, never in the result. All are stateless and safe for
/// use by many threads. Destination and source must not overlap unless they are the same span.
/// </summary>
public interface ISymbolKernel
{
    /// <summary>The name by which <see cref="SymbolKernels.TryGet"/> and <see cref="SymbolKernels.ForcingVariable"/> call it.</summary>
    string Name { get; }

    /// <summary>The bytes it handles at a time.</summary>
    int VectorSize { get; }

    /// <summary><c>destination ^= source</c>.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    void Xor(Span<byte> destination, ReadOnlySpan<byte> source);

    /// <summary><c>destination = a ^ b</c>, in one pass.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    void Xor(Span<byte> destination, ReadOnlySpan<byte> a, ReadOnlySpan<byte> b);

    /// <summary>
    /// Adds the pieces <c>slab[i * stride, destination.Length]</c> for every i of <paramref name="indices"/>, in one pass over the
    /// destination: it is read at most once and written once, however many the sources.
    /// </summary>
    /// <param name="destination">Where the sum goes; it must not overlap the pieces.</param>
    /// <param name="slab">The symbols, one behind another.</param>
    /// <param name="stride">Distance from one symbol to the next in bytes, 0 or more.</param>
    /// <param name="indices">Which symbols; one named twice cancels itself.</param>
    /// <param name="accumulate">Whether the sum is added to what the destination holds, or replaces it.</param>
    /// <exception cref="ArgumentException">A piece reaches beyond the slab.</exception>
    void XorGather(Span<byte> destination, ReadOnlySpan<byte> slab, int stride, ReadOnlySpan<int> indices, bool accumulate);

    /// <summary><c>destination ^= scalar * source</c> in GF(2^8).</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    void MultiplyAdd(Span<byte> destination, ReadOnlySpan<byte> source, byte scalar);

    /// <summary>
    /// Sums of products, the product of a matrix with rows of bytes: row r of the destination becomes the sum over all columns c of
    /// <c>matrix[r, c]</c> * row c of the source. A source is read once for several rows, and a destination written once.
    /// </summary>
    /// <param name="destination">The sums, one row behind another; they must not overlap each other or the sources.</param>
    /// <param name="destinationStride">Distance from one row to the next in bytes, at least <paramref name="length"/>.</param>
    /// <param name="source">The sources, one row behind another.</param>
    /// <param name="sourceStride">Distance from one row to the next in bytes, 0 or more.</param>
    /// <param name="matrix">The coefficients row by row, <paramref name="rows"/> of them.</param>
    /// <param name="rows">How many sums there are.</param>
    /// <param name="length">Bytes of every row.</param>
    /// <param name="accumulate">Whether the sums are added to what the destination holds, or replace it.</param>
    /// <exception cref="ArgumentException">A row reaches beyond its span, or the coefficients are no whole number of rows.</exception>
    void Combine(
        Span<byte> destination,
        int destinationStride,
        ReadOnlySpan<byte> source,
        int sourceStride,
        ReadOnlySpan<byte> matrix,
        int rows,
        int length,
        bool accumulate);

    /// <summary><c>destination = scalar * destination</c> in GF(2^8).</summary>
    void Scale(Span<byte> destination, byte scalar);
}
