using PouringRain.Protocol;

namespace PouringRain.Network;

/// <summary>Where a receiver of group rain puts what it gets.</summary>
public interface IGroupSink
{
    /// <summary>The manifest is known; answers which blocks are there already (bit i % 64 of word i / 64). Nothing is received before it
    /// returns.</summary>
    /// <exception cref="IOException">There is no room, or it cannot be written: the receiver fails.</exception>
    ulong[] OnManifest(Manifest manifest);

    /// <summary>A block is verified: keep it before returning; the bytes are borrowed. Called on worker threads, for several blocks at once
    /// and in any order.</summary>
    /// <exception cref="IOException">It cannot be kept: the receiver fails.</exception>
    void OnBlock(int blockIndex, ReadOnlySpan<byte> block);

    /// <summary>All blocks are kept: answers SHA-256 of what is there. On a worker thread.</summary>
    /// <exception cref="IOException">It cannot be read back: the receiver fails.</exception>
    Sha256Digest ReadBack();
}
