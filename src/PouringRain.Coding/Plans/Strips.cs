namespace PouringRain.Coding.Plans;

/// <summary>A piece of every symbol: the bytes from <paramref name="Offset"/> on.</summary>
/// <param name="Offset">Where it starts in the symbols.</param>
/// <param name="Length">Bytes of the symbols it covers.</param>
/// <param name="Width">Bytes of a slot: <paramref name="Length"/> rounded up to whole vectors.</param>
internal readonly record struct Strip(int Offset, int Length, int Width);

/// <summary>
/// Cuts symbols into strips, wide enough that decoding the plan's words is paid for, narrow enough that all slots of a strip stay in the
/// second-level cache of a core. The layout follows from T, the number of slots and the kernel alone.
/// </summary>
internal readonly struct Strips
{
    /// <summary>What the slots of a strip should not exceed: most of the second-level cache of today's cores.</summary>
    private const int CacheBudget = 640 << 10;

    private const int VectorsMax = 8;

    private readonly int _symbolSize;
    private readonly int _vectorSize;
    private readonly int _vectors;

    public Strips(int symbolSize, int slotCount, int vectorSize)
    {
        _symbolSize = symbolSize;
        _vectorSize = vectorSize;
        var fitting = (int)Math.Clamp(CacheBudget / ((long)slotCount * vectorSize), 1, VectorsMax);
        _vectors = fitting >= 4 ? fitting & ~3 : fitting;
    }

    /// <summary>Bytes of one slot over all strips.</summary>
    public int SlotSize => (_symbolSize + _vectorSize - 1) / _vectorSize * _vectorSize;

    /// <summary>Bytes of a slot in the widest strip.</summary>
    public int WidthMax => Math.Min(_vectors * _vectorSize, SlotSize);

    /// <summary>The strip that starts at <paramref name="offset"/>, which is less than T.</summary>
    public Strip At(int offset)
    {
        var left = _symbolSize - offset;
        var vectors = Math.Min(_vectors, left / _vectorSize);
        if (vectors > 4)
        {
            vectors &= ~3;
        }

        if (vectors == 0)
        {
            return new Strip(offset, left, _vectorSize);
        }

        return new Strip(offset, vectors * _vectorSize, vectors * _vectorSize);
    }
}
