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

    /// <summary>Asks for the newest version held of a resource, which may be a tombstone.</summary>
    /// <param name="id">The resource.</param>
    /// <param name="content">The version when it is found, otherwise <see langword="null"/>.</param>
    CatalogAnswer Find(ResourceId id, out IRainContent? content);

    /// <summary>Asks for the held version whose digest starts with <paramref name="versionTag"/>.</summary>
    /// <param name="id">The resource.</param>
    /// <param name="versionTag">The first 8 bytes of the version.</param>
    /// <param name="content">The version when it is found, otherwise <see langword="null"/>.</param>
    CatalogAnswer Find(ResourceId id, ulong versionTag, out IRainContent? content);
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
