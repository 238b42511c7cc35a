namespace PouringRain.Coding.Plans;

/// <summary>A piece of every symbol: the bytes from <paramref name="Offset"/> on.</summary>
/// <param name="Offset">Where it starts in the symbols.</param>
/// <param name="Length">Bytes of the symbols it covers.</param>
/// <param name="Width">Bytes of a slot: <paramref name="Length"/> rounded up to whole vectors.</param>
internal readonly record struct Strip(int Offset, int Length, int Width);

/// <summary>
/// Cuts symbols into strips. 256 bytes are as wide as it takes to pay for reading the plan's words, and to have four vectors under way at a
/// time; narrower strips were slower even where they alone fitted in the second-level cache, wider ones gained nothing and push blocks
/// of 1 MiB out of it.
/// </summary>
internal readonly struct Strips(int symbolSize, int vectorSize)
{
    /// <summary>Bytes of a slot in all strips but the last ones.</summary>
    public const int FullWidth = 256;

    /// <summary>Bytes of one slot over all strips.</summary>
    public int SlotSize => (symbolSize + vectorSize - 1) / vectorSize * vectorSize;

    /// <summary>Bytes of a slot in the widest strip.</summary>
    public int WidthMax => Math.Min(FullWidth, SlotSize);

    /// <summary>The strip that starts at <paramref name="offset"/>, which is less than T.</summary>
    public Strip At(int offset)
    {
        var left = symbolSize - offset;
        if (left < vectorSize)
        {
            return new Strip(offset, left, vectorSize);
        }

        var vectors = Math.Min(FullWidth, left) / vectorSize;
        var width = (vectors >= 4 ? vectors & ~3 : vectors) * vectorSize;
        return new Strip(offset, width, width);
    }
}
