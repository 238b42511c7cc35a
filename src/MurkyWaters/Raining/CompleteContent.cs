using MurkyWaters.Store;
using PouringRain.Protocol;

namespace MurkyWaters.Raining;

/// <summary>A version all of which is here, as the rain servers see it.</summary>
internal abstract class CompleteContent(
    Manifest manifest, IBlockSource? source, BlockEncoders encoders, TimeProvider time, BlockChecks? checks, bool isMade = false)
    : BlockContent(manifest, source, encoders, time, checks, isMade)
{
    /// <inheritdoc/>
    public sealed override bool IsComplete => true;

    /// <inheritdoc/>
    public sealed override int HeldBlockCount => Manifest.Layout.BlockCount;

    /// <summary>Says nothing: it is complete.</summary>
    public sealed override uint HeldEpoch => 0;

    /// <inheritdoc/>
    public sealed override bool HasBlock(int blockIndex) => (uint)blockIndex < (uint)Manifest.Layout.BlockCount;

    /// <summary>None is kept: it is complete.</summary>
    public sealed override int CopyArrivals(int from, Span<int> blocks) => 0;

    /// <inheritdoc/>
    public sealed override void CopyHeld(int firstBlock, Span<byte> bitmap)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(firstBlock);
        var count = Math.Clamp(Manifest.Layout.BlockCount - (long)firstBlock, 0, 8L * bitmap.Length);
        bitmap[..(int)(count >> 3)].Fill(0xFF);
        bitmap[(int)(count >> 3)..].Clear();
        if ((count & 7) != 0)
        {
            bitmap[(int)(count >> 3)] = (byte)((1 << (int)(count & 7)) - 1);
        }
    }
}
