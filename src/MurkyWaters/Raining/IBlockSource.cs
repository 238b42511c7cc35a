using MurkyWaters.Store;
using PouringRain.Protocol;

namespace MurkyWaters.Raining;

/// <summary>
/// The bytes of a version as they are rained: a blob, or the file into which a fetch writes. Whoever reads has the file open meanwhile, so
/// that it may be renamed or removed; once the source is closed, every read fails. Thread-safe.
/// </summary>
internal interface IBlockSource
{
    /// <summary>The tree digest of all of it: of two sources with the same one the blocks have the same bytes.</summary>
    Sha256Digest Digest { get; }

    /// <summary>Whether a block is here.</summary>
    /// <param name="blockIndex">0 to the number of blocks - 1.</param>
    bool HasBlock(int blockIndex);

    /// <summary>Fills the destination from an offset in blocks that are here.</summary>
    /// <exception cref="IOException">The file is gone, too short or unreadable, or the source is closed.</exception>
    void Read(long offset, Span<byte> destination);

    /// <summary>Compares a block that is here with its digest, as it is on the disk.</summary>
    BlockChecks.Finding Compare(Manifest manifest, int blockIndex);
}
