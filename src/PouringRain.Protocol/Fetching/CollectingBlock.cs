using PouringRain.Coding;

namespace PouringRain.Protocol;

/// <summary>A block in work: its decoder, its memory, and the account of its symbols. Decoder and memory come with the first symbol: far
/// more blocks are on order than get symbols at a time, and the few memories that go round stay in the processor's caches.</summary>
internal sealed class CollectingBlock
{
    public CollectingBlock(int index, int bytes, int symbolSize, IFountainCode code)
    {
        Index = index;
        BlockNumber = index < 0 ? WireFormat.ManifestBlockNumber : (uint)index;
        Bytes = bytes;
        Exchange(symbolSize, code);
        Restart();
    }

    /// <summary>The block's index; -1 for the manifest.</summary>
    public int Index { get; }

    public uint BlockNumber { get; }

    /// <summary>Its bytes without padding.</summary>
    public int Bytes { get; }

    /// <summary>Null before the first symbol.</summary>
    public IBlockDecoder? Decoder { get; private set; }

    /// <summary>Where it is decoded to; empty before the first symbol.</summary>
    public byte[] Memory { get; private set; } = [];

    public int SymbolSize { get; private set; }

    public int SymbolCount { get; private set; }

    public int SymbolsToRequest { get; private set; }

    public int ReceivedCount => Decoder?.ReceivedCount ?? 0;

    public bool CanDecode => Decoder is { CanDecode: true };

    public BlockPhase Phase { get; set; }

    /// <summary>Symbols asked for and neither come nor given up.</summary>
    public int Outstanding { get; set; }

    /// <summary>Distinct symbols that it takes, as far as is known.</summary>
    public int Need { get; set; }

    /// <summary>The next ESI that nobody was asked for.</summary>
    public uint NextEsi { get; set; }

    /// <summary>The ESI of the first symbol that came of it, for who is only listened to.</summary>
    public uint FirstEsi { get; set; }

    /// <summary>Whether the end of the fetch has ordered its proactive repair.</summary>
    public bool HasProactiveRepair { get; set; }

    /// <summary>Who suggested to be asked for it, and is asked alone while it suggests.</summary>
    public SymbolSource? SuggestedBy { get; set; }

    /// <summary>When its sources are isolated, the one that it is collected from.</summary>
    public SymbolSource? IsolatedSource { get; set; }

    /// <summary>Sources that alone gave a wrong block.</summary>
    public List<SymbolSource> IsolatedFailures { get; } = [];

    /// <summary>Sources whose symbols are in it.</summary>
    public List<SymbolSource> Contributors { get; } = [];

    /// <summary>Whether it is done with collecting: nothing more is on the way, or it has what it needs.</summary>
    public bool HasEnough => Phase == BlockPhase.Collecting && CanDecode && (Outstanding <= 0 || ReceivedCount >= Need);

    /// <summary>Takes symbols of another size, after <see cref="GiveBack"/> and to be followed by <see cref="Restart"/>.</summary>
    public void Exchange(int symbolSize, IFountainCode code)
    {
        SymbolSize = symbolSize;
        SymbolCount = (Bytes + symbolSize - 1) / symbolSize;
        SymbolsToRequest = code.SymbolsToRequest(SymbolCount);
    }

    /// <summary>Gives a symbol to its decoder.</summary>
    public AddResult Add(uint esi, ReadOnlySpan<byte> symbol, BlockPool pool)
    {
        if (Decoder is null)
        {
            (Decoder, Memory) = pool.Rent(SymbolCount);
            Decoder.Begin(BlockNumber, Memory);
        }

        return Decoder.Add(esi, symbol);
    }

    /// <summary>Whether it takes symbols of this source.</summary>
    public bool IsOpenTo(SymbolSource source) => IsolatedSource is null || IsolatedSource == source;

    /// <summary>A symbol of this source is in it.</summary>
    public void Contribute(SymbolSource source)
    {
        if ((Contributors.Count == 0 || Contributors[^1] != source) && !Contributors.Contains(source))
        {
            Contributors.Add(source);
        }
    }

    /// <summary>Lets go of decoder and memory.</summary>
    public void GiveBack(BlockPool pool)
    {
        if (Decoder is not null)
        {
            pool.Return(Decoder, Memory);
            Decoder = null;
            Memory = [];
        }
    }

    /// <summary>Forgets all symbols.</summary>
    public void Restart()
    {
        Decoder?.Begin(BlockNumber, Memory);
        Contributors.Clear();
        Need = SymbolsToRequest;
        NextEsi = 0;
        Phase = BlockPhase.Collecting;
    }

    /// <summary>Symbols to ask for now, when a share <paramref name="loss"/> of the outstanding ones will not come.</summary>
    /// <param name="loss">That share.</param>
    /// <param name="isAwaited">Whether somebody waits for this block more than for any other: then as many are taken to be lost as are on
    /// average. Else it is hoped for a standard deviation less, since what turns out to be missing can be asked for while other blocks
    /// come, and what turns out to be too much came for nothing: of a block of 47 symbols that would be one in fifty.</param>
    public int Deficit(double loss, bool isAwaited = false)
    {
        if (Phase != BlockPhase.Collecting)
        {
            return 0;
        }

        var coming = loss == 0 ? Outstanding
            : (int)Math.Min(Outstanding, (Outstanding * (1 - loss)) + (isAwaited ? 0 : Spread(Outstanding, loss)));
        var deficit = Need - ReceivedCount - coming;

        // While most of a block is still on its way, chance makes the account swing: a handful is left for later.
        return deficit < 1 || (deficit * 50 < SymbolCount && Outstanding * 10 > SymbolCount && NextEsi >= (uint)SymbolsToRequest)
            ? 0
            : deficit;
    }

    /// <summary>Symbols to order so that a deficit is made good, with the same hopes.</summary>
    public static int OrderFor(int deficit, double loss, bool isAwaited) =>
        Math.Max(deficit, (int)Math.Ceiling((deficit - (isAwaited ? 0 : Spread(deficit, loss))) / (1 - loss)));

    /// <summary>Symbols to order in advance so that chance (two standard deviations) rarely
    /// makes the block wait another round trip.</summary>
    public int SpareFor(double loss) =>
        Math.Max(0, (int)Math.Ceiling(Need - ReceivedCount - (Outstanding * (1 - loss)) + (2 * Spread(Outstanding, loss))));

    public RequestItem Take(int count, uint esiMax)
    {
        if (NextEsi + (uint)count > esiMax)
        {
            NextEsi = 0;
        }

        var item = new RequestItem(BlockNumber, NextEsi, 1, (ushort)count);
        NextEsi += (uint)count;
        Outstanding += count;
        return item;
    }

    /// <summary>The standard deviation of how many of <paramref name="count"/> symbols are lost.</summary>
    private static double Spread(int count, double loss) => Math.Sqrt(count * loss * (1 - loss));
}

/// <summary>Where a block is on its way.</summary>
internal enum BlockPhase
{
    /// <summary>It takes symbols.</summary>
    Collecting,

    /// <summary>It has enough, and waits for its work to be polled.</summary>
    Ready,

    /// <summary>Its work is out: decoder and memory belong to another thread.</summary>
    Working,

    /// <summary>It is verified, or given up.</summary>
    Done,
}
