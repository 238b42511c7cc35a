using MurkyWaters.Store;
using PouringRain.Protocol;

namespace MurkyWaters.Raining;

/// <summary>A version that is here whole, as the rain servers see it.</summary>
internal sealed class StoredContent : BlockContent
{
    private readonly BlockChecks? _checks;

    public StoredContent(Manifest manifest, Blob? blob, BlockEncoders encoders, TimeProvider time, BlockChecks? checks = null)
        : base(manifest, blob, encoders, time, checks) => _checks = checks;

    /// <inheritdoc/>
    public override bool IsComplete => true;

    /// <inheritdoc/>
    public override int HeldBlockCount => Manifest.Layout.BlockCount;

    /// <summary>Says nothing: it is complete.</summary>
    public override uint HeldEpoch => 0;

    /// <summary>Whether a rain server has asked for it.</summary>
    public bool IsRained { get; private set; }

    /// <summary>A rain server asks for it.</summary>
    public void NoteRain() => IsRained = true;

    /// <summary>Says when the file was last written; once a second while it rains.</summary>
    public void NoteWritten(long ticks) => _checks?.NoteWritten(ticks);

    /// <inheritdoc/>
    public override bool HasBlock(int blockIndex) => (uint)blockIndex < (uint)Manifest.Layout.BlockCount;

    /// <summary>None is kept: it is complete.</summary>
    public override int CopyArrivals(int from, Span<int> blocks) => 0;

    /// <inheritdoc/>
    public override void CopyHeld(int firstBlock, Span<byte> bitmap)
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
