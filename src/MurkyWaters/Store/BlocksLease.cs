namespace MurkyWaters.Store;

/// <summary>The right of one fetch or reader to write and read the blocks of a version: as long as there is one, their files are open and
/// stay. Disposing of it twice is disposing of it once. Thread-safe.</summary>
internal sealed class BlocksLease : IDisposable
{
    private readonly PartialTable _table;
    private int _isDisposed;

    internal BlocksLease(PartialTable table, VerifiedBlocks blocks)
    {
        _table = table;
        Blocks = blocks;
    }

    public VerifiedBlocks Blocks { get; }

    /// <summary>Another lease of the same blocks, for somebody else. This one must not have been disposed of.</summary>
    public BlocksLease Again()
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _isDisposed) != 0, this);
        return _table.Lease(Blocks);
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
        {
            _table.Release(Blocks);
        }
    }
}
