namespace PouringRain.Protocol;

/// <summary>What a rain server may rain. Implementations are thread-safe: the servers of a process share one. They are asked on the loop
/// that serves a network port, so they never wait, for a disk least of all: what is not at hand is loaded elsewhere meanwhile
/// (<see cref="CatalogAnswer.Loading"/>).</summary>
public interface IRainCatalog
{
    /// <summary>Raised when a resource that was asked for and being loaded can be asked for again, whether it was found, is missing or
    /// could not be read; on any thread. Whoever has answered <see cref="CatalogAnswer.Loading"/> once raises it after that, once or more.
    /// A catalog that has everything at hand never does.</summary>
    event Action<ResourceId>? Loaded
    {
        add { }
        remove { }
    }

    /// <summary>Asks for the newest version held whole of a resource, which may be a tombstone. What is held in part is not answered with:
    /// a client that knows of no such sources would wait for what is not there, where it can be told at once that there is
    /// nothing (<see cref="FindPartial"/> is for those that do).</summary>
    /// <param name="id">The resource.</param>
    /// <param name="content">The version when it is found, otherwise <see langword="null"/>.</param>
    CatalogAnswer Find(ResourceId id, out IRainContent? content);

    /// <summary>Asks for the version whose digest starts with <paramref name="versionTag"/>, held whole or in part. As long as its blocks
    /// come, and when it has become a whole one, one content goes over into the other: who serves a subscriber asks again
    /// with every SUBSCRIBE, and what was answered before goes on until then.</summary>
    /// <param name="id">The resource.</param>
    /// <param name="versionTag">The first 8 bytes of the version.</param>
    /// <param name="content">The version when it is found, otherwise <see langword="null"/>.</param>
    CatalogAnswer Find(ResourceId id, ulong versionTag, out IRainContent? content);

    /// <summary>Asks for the newest version held in part of a resource, if it is newer than what is held whole.</summary>
    /// <param name="id">The resource.</param>
    /// <param name="content">The version when it is found, otherwise <see langword="null"/>.</param>
    CatalogAnswer FindPartial(ResourceId id, out IRainContent? content)
    {
        content = null;
        return CatalogAnswer.Missing;
    }
}

/// <summary>One version of a resource that can be rained. Thread-safe.</summary>
public interface IRainContent
{
    /// <summary>Its manifest.</summary>
    Manifest Manifest { get; }

    /// <summary>Whether every block is held, and stays: otherwise <see cref="HasBlock"/> tells. One of which every block has come, and that
    /// is not yet kept as a whole one, is not complete: it may still go.</summary>
    bool IsComplete { get; }

    /// <summary>Blocks that are held, 0 to the number of blocks.</summary>
    int HeldBlockCount
    {
        get
        {
            if (IsComplete)
            {
                return Manifest.Layout.BlockCount;
            }

            var count = 0;
            for (var i = 0; i < Manifest.Layout.BlockCount; i++)
            {
                count += HasBlock(i) ? 1 : 0;
            }

            return count;
        }
    }

    /// <summary>Drawn at random for each object, and again whenever a block that was held is held no more. What was told of its blocks
    /// holds for one epoch. Of those that are complete it says nothing.</summary>
    /// <remarks>Where it is the same before and after other members were asked, what those said is of that epoch.</remarks>
    uint HeldEpoch => 0;

    /// <summary>Whether a block is held whole and verified.</summary>
    bool HasBlock(int blockIndex);

    /// <summary>Copies which blocks came to be held, in that order: those of positions <paramref name="from"/> to
    /// <see cref="HeldBlockCount"/> - 1, as far as there is room. Blocks come at the end; the order stays for an epoch.
    /// Not for those that are complete, which keep none.</summary>
    /// <param name="from">The first position, at least 0.</param>
    /// <param name="blocks">Takes the SBNs.</param>
    /// <returns>How many were copied; 0 when there are no such positions, or no order is kept.</returns>
    int CopyArrivals(int from, Span<int> blocks) => 0;

    /// <summary>Copies which blocks are held.</summary>
    /// <param name="firstBlock">The SBN of the first bit, a multiple of 8, at least 0.</param>
    /// <param name="bitmap">All of it is written. Bit i % 8 of byte i / 8, the least significant one first, is that of block
    /// <paramref name="firstBlock"/> + i; those of blocks that there are not are 0.</param>
    void CopyHeld(int firstBlock, Span<byte> bitmap)
    {
        bitmap.Clear();
        var end = (int)Math.Min(Manifest.Layout.BlockCount, firstBlock + (8L * bitmap.Length));
        for (var i = firstBlock; i < end; i++)
        {
            bitmap[(i - firstBlock) >> 3] |= (byte)(HasBlock(i) ? 1 << ((i - firstBlock) & 7) : 0);
        }
    }

    /// <summary>Writes one encoding symbol of one source block.</summary>
    /// <param name="blockIndex">The SBN, 0 to the number of blocks - 1.</param>
    /// <param name="esi">The encoding symbol identifier.</param>
    /// <param name="destination">Exactly T bytes, which says what T is: that of the manifest's layout or of its small one.</param>
    SymbolReadResult TryReadSymbol(int blockIndex, uint esi, Span<byte> destination);

    /// <summary>Writes encoding symbols of one source block whose ESIs follow each other, as many as can be had.</summary>
    /// <param name="blockIndex">The SBN, 0 to the number of blocks - 1.</param>
    /// <param name="esi">The encoding symbol identifier of the first.</param>
    /// <param name="symbolSize">T, of the manifest's layout or of its small one.</param>
    /// <param name="destination">One symbol begins every <paramref name="stride"/> bytes, and the last one ends it. What lies between them
    /// may be overwritten.</param>
    /// <param name="stride">At least T.</param>
    /// <param name="written">How many were written; fewer than fit when the next one came to another end.</param>
    /// <returns>What came of the last one that was tried.</returns>
    SymbolReadResult TryReadSymbols(int blockIndex, uint esi, int symbolSize, Span<byte> destination, int stride, out int written)
    {
        written = 0;
        for (var at = 0; at + symbolSize <= destination.Length; at += stride)
        {
            var result = TryReadSymbol(blockIndex, esi + (uint)written, destination.Slice(at, symbolSize));
            if (result != SymbolReadResult.Ok)
            {
                return result;
            }

            written++;
        }

        return SymbolReadResult.Ok;
    }
}

/// <summary>What came of asking for a symbol.</summary>
public enum SymbolReadResult
{
    /// <summary>It was written.</summary>
    Ok,

    /// <summary>Not now; ask again later (the block is being read or encoded).</summary>
    NotReady,

    /// <summary>Never: the block is not held, the ESI is impossible, or the bytes are gone.</summary>
    Unavailable,
}
