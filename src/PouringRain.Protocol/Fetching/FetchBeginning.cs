namespace PouringRain.Protocol;

/// <summary>What has come of a version before a fetch of it begins, so that it goes on from there: the manifest, if it is known, and
/// symbols of blocks, with their decoders. A <see cref="Grouping.GroupReceiver"/> that turns to unicast makes it; one fetch takes
/// it, and disposes of what it did not take. Whoever starts no fetch with it disposes of it.</summary>
public sealed class FetchBeginning : IDisposable
{
    private readonly List<CollectingBlock> _blocks;
    private readonly Manifest? _manifest;
    private readonly OfferedVersion _version;

    internal FetchBeginning(OfferedVersion version, Manifest? manifest, List<CollectingBlock> blocks)
    {
        _version = version;
        _manifest = manifest;
        _blocks = blocks;
    }

    /// <summary>Gives the manifest and the blocks away, once, to a fetch of this version in symbols of this size.</summary>
    internal bool TryTake(OfferedVersion version, int symbolSize, out Manifest? manifest, out IReadOnlyList<CollectingBlock> blocks)
    {
        manifest = _manifest;
        blocks = [];
        if (!_version.IsSameAs(version))
        {
            manifest = null;
            return false;
        }

        blocks = [.. _blocks.Where(block => block.SymbolSize == symbolSize)];
        foreach (var block in _blocks.Where(block => block.SymbolSize != symbolSize))
        {
            block.Decoder?.Dispose();
        }

        _blocks.Clear();
        return true;
    }

    /// <summary>Gives decoders back that no fetch has taken.</summary>
    public void Dispose()
    {
        _blocks.ForEach(static block => block.Decoder?.Dispose());
        _blocks.Clear();
    }
}
