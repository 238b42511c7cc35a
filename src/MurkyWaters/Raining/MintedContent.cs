using MurkyWaters.Archive;
using MurkyWaters.Store;
using PouringRain.Protocol;

namespace MurkyWaters.Raining;

/// <summary>A piece as the rain servers see it where the whole is: all of it is here, once it is made.</summary>
internal sealed class MintedContent(Manifest manifest, PieceMaker maker, int index, BlockEncoders encoders, TimeProvider time)
    : CompleteContent(manifest, new Source(manifest, maker, index), encoders, time, checks: null, isMade: true)
{
    private sealed class Source(Manifest manifest, PieceMaker maker, int index) : IBlockSource
    {
        public Sha256Digest Digest { get; } = TreeDigest.Of(manifest);

        public bool HasBlock(int blockIndex) => true;

        public void Read(long offset, Span<byte> destination) => maker.Read(index, offset, destination);

        public BlockChecks.Finding Compare(Manifest manifest, int blockIndex) => BlockChecks.Finding.Unknown;
    }
}
