namespace PouringRain.Protocol;

/// <summary>What a rain server may rain. Implementations are thread-safe: the servers of a process share one.</summary>
public interface IRainCatalog
{
    /// <summary>The newest version held of a resource (which may be a tombstone), or <see langword="null"/>.</summary>
    IRainContent? Find(ResourceId id);

    /// <summary>The held version whose digest starts with <paramref name="versionTag"/>, or <see langword="null"/>.</summary>
    IRainContent? Find(ResourceId id, ulong versionTag);
}

/// <summary>One version of a resource that can be rained. Thread-safe.</summary>
public interface IRainContent
{
    /// <summary>Its manifest.</summary>
    Manifest Manifest { get; }

    /// <summary>Whether every block is held; otherwise <see cref="HasBlock"/> tells.</summary>
    bool IsComplete { get; }

    /// <summary>Whether a block is held whole and verified.</summary>
    bool HasBlock(int blockIndex);

    /// <summary>Writes one encoding symbol of one source block.</summary>
    /// <param name="blockIndex">The SBN, 0 to the number of blocks - 1.</param>
    /// <param name="esi">The encoding symbol identifier.</param>
    /// <param name="destination">Exactly T bytes, which says what T is: that of the manifest's layout or of its small one.</param>
    SymbolReadResult TryReadSymbol(int blockIndex, uint esi, Span<byte> destination);

    /// <summary>Writes encoding symbols of one source block whose ESIs follow each other, as many as can be had.</summary>
    /// <param name="blockIndex">The SBN, 0 to the number of blocks - 1.</param>
    /// <param name="esi">The encoding symbol identifier of the first.</param>
    /// <param name="symbolSize">T, of the manifest's layout or of its small one.</param>
    /// <param name="destination">One symbol begins every <paramref name="stride"/> bytes, and the last one ends it. What lies between them may
    /// be overwritten.</param>
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
