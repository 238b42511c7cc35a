using PouringRain.Protocol;

namespace PouringRain.Network;

/// <summary>Where a fetch puts what it gets. Calls come from the client's threads, never two for one block.</summary>
public interface IFetchSink
{
    /// <summary>The manifest is known; answers which blocks are held already (bit i of word i / 64; shorter or empty is fine), or null when
    /// no block of this version is wanted, which ends the fetch as cancelled. Called on the receive loop: must not wait.</summary>
    ReadOnlyMemory<ulong>? OnManifest(Manifest manifest);

    /// <summary>A block is verified: keep it before returning; the bytes are borrowed. Called on a worker thread, for several blocks
    /// at once and in any order. An exception ends the fetch with <see cref="FetchEndReason.LocalFailure"/>.</summary>
    void OnBlock(int blockIndex, ReadOnlySpan<byte> block);

    /// <summary>A source lied or is stale. Called on the receive loop: must not wait.</summary>
    void OnSourceEvent(FetchEvent fetchEvent);
}
