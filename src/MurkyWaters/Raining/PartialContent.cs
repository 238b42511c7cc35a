using MurkyWaters.Store;
using PouringRain.Protocol;

namespace MurkyWaters.Raining;

/// <summary>
/// A version that comes or has come in part, as the rain servers see it. Made when it is first asked for, so that a fetch that nobody asks
/// for pays nothing. It costs about 4 bytes a block, and one open file. When the version has become a whole one this goes on for those who
/// have it, until nobody does.
/// </summary>
internal sealed class PartialContent : BlockContent
{
    private readonly PartialSource _source;

    private PartialContent(PartialBlob partial, PartialSource source, BlockEncoders encoders, TimeProvider time)
        : base(partial.Manifest, source, encoders, time, source.Checks)
    {
        Partial = partial;
        _source = source;
    }

    /// <summary>What comes.</summary>
    public PartialBlob Partial { get; }

    /// <summary>Whether its file has become a blob.</summary>
    public bool IsPublished { get; private set; }

    /// <inheritdoc cref="PartialSource.IsClosed"/>
    public bool IsClosed => _source.IsClosed;

    /// <summary>Never: until it is a whole one it may go, and is in nobody's safe keeping.</summary>
    public override bool IsComplete => false;

    /// <inheritdoc/>
    public override int HeldBlockCount => _source.HeldCount;

    /// <inheritdoc/>
    public override uint HeldEpoch => _source.Epoch;

    /// <summary>Makes it, and opens what is there; null when that cannot be opened. Waits for the disk.</summary>
    /// <param name="partial">What comes.</param>
    /// <param name="encoders">The process's.</param>
    /// <param name="onBad">Told of a block that is not what it should be; on a worker.</param>
    /// <param name="time">The clock.</param>
    public static PartialContent? TryOpen(PartialBlob partial, BlockEncoders encoders, Action<int> onBad, TimeProvider time)
    {
        var source = new PartialSource(partial, onBad, time);
        if (source.TryOpen())
        {
            return new PartialContent(partial, source, encoders, time);
        }

        source.Close();
        return null;
    }

    /// <inheritdoc/>
    public override bool HasBlock(int blockIndex) =>
        (uint)blockIndex < (uint)Manifest.Layout.BlockCount && _source.HasBlock(blockIndex);

    /// <inheritdoc/>
    public override int CopyArrivals(int from, Span<int> blocks) => _source.CopyArrivals(from, blocks);

    /// <inheritdoc/>
    public override void CopyHeld(int firstBlock, Span<byte> bitmap) => _source.CopyHeld(firstBlock, bitmap);

    /// <summary>Its file is a blob by now: the bytes stay.</summary>
    public void NotePublished() => IsPublished = true;

    /// <inheritdoc cref="PartialSource.Close"/>
    public void Close() => _source.Close();
}
