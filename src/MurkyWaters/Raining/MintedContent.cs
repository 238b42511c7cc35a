using MurkyWaters.Archive;
using MurkyWaters.Store;
using PouringRain.Protocol;

namespace MurkyWaters.Raining;

/// <summary>A piece as the rain servers see it where the whole is: all of it is here, once it is made.</summary>
internal sealed class MintedContent(Manifest manifest, PieceMaker maker, int index, BlockEncoders encoders, TimeProvider time)
    : BlockContent(manifest, new Source(manifest, maker, index), encoders, time, checks: null, isMade: true)
{
    /// <inheritdoc/>
    public override bool IsComplete => true;

    /// <inheritdoc/>
    public override int HeldBlockCount => Manifest.Layout.BlockCount;

    /// <summary>Says nothing: it is complete.</summary>
    public override uint HeldEpoch => 0;

    /// <inheritdoc/>
    public override bool HasBlock(int blockIndex) => (uint)blockIndex < (uint)Manifest.Layout.BlockCount;

    /// <summary>None is kept: it is complete.</summary>
    public override int CopyArrivals(int from, Span<int> blocks) => 0;

    /// <inheritdoc/>
    public override void CopyHeld(int firstBlock, Span<byte> bitmap)
    {
        bitmap.Clear();
        for (var i = 0; i < 8 * bitmap.Length && HasBlock(firstBlock + i); i++)
        {
            bitmap[i >> 3] |= (byte)(1 << (i & 7));
        }
    }

    private sealed class Source(Manifest manifest, PieceMaker maker, int index) : IBlockSource
    {
        public Sha256Digest Digest { get; } = TreeDigest.Of(manifest);

        public bool HasBlock(int blockIndex) => true;

        public void Read(long offset, Span<byte> destination) => maker.Read(index, offset, destination);

        public BlockChecks.Finding Compare(Manifest manifest, int blockIndex) => BlockChecks.Finding.Unknown;
    }
}
