using MurkyWaters.Store;
using PouringRain.Network;
using PouringRain.Protocol;

namespace MurkyWaters.Fetching;

/// <summary>Reads a version that is on its way in, block by block as they are verified. It reads from the file, so that however slow it
/// is it holds back nobody.</summary>
internal sealed class FetchReader : ResourceReader
{
    private readonly SharedFetch _fetch;
    private readonly TaskCompletionSource<FetchOutcome> _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private BlocksLease? _lease;
    private FetchBlocks? _blocks;
    private int _passedBlock = -1;
    private int _isDisposed;

    public FetchReader(SharedFetch fetch) => _fetch = fetch;

    public override Manifest Manifest => Blocks.Manifest;

    public override bool IsHit => false;

    public override string? FilePath => null;

    public override TransferSnapshot? Transfer => _fetch.Snapshot();

    public override FetchTimes? Times => _fetch.Times;

    /// <summary>Ends when there is something to read, or when it is known that there is not.</summary>
    public Task<FetchOutcome> Opened => _opened.Task;

    private FetchBlocks Blocks => Volatile.Read(ref _blocks)!;

    /// <summary>Gives it what it reads: once at the most, and then no refusal. It ends the lease with its own life, which may be over
    /// already, or be over just now.</summary>
    public void Attach(BlocksLease lease, FetchBlocks blocks)
    {
        Volatile.Write(ref _blocks, blocks);
        Interlocked.Exchange(ref _lease, lease);
        if (Volatile.Read(ref _isDisposed) != 0)
        {
            lease.Dispose();
        }

        _opened.TrySetResult(FetchOutcome.Raining);
    }

    /// <summary>Tells it that there is nothing to read from this fetch.</summary>
    public void Refuse(FetchOutcome outcome) => _opened.TrySetResult(outcome);

    public override ValueTask<int> ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isDisposed != 0, this);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        var blocks = Blocks;
        if (destination.IsEmpty || offset >= blocks.Layout.Length)
        {
            return ValueTask.FromResult(0);
        }

        NotePassed(blocks, offset);
        var count = blocks.Read(offset, destination.Span);
        return count > 0 ? ValueTask.FromResult(count) : ReadAwaited(blocks, offset, destination, cancellationToken);
    }

    public override async ValueTask<FileRun> LocateAsync(long offset, int count, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isDisposed != 0, this);
        var blocks = Blocks;
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(offset, blocks.Layout.Length);
        NotePassed(blocks, offset);
        while (true)
        {
            if (blocks.CountAt(offset, count, out var isOnDisk) is > 0 and var here)
            {
                return new FileRun(isOnDisk ? blocks.Disk.OpenToSend() : null, here);
            }

            await _fetch.WaitForBlockAsync(this, blocks, offset, count, cancellationToken);
        }
    }

    public override ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
        {
            Volatile.Read(ref _lease)?.Dispose();
            _fetch.Leave(this);
        }

        return ValueTask.CompletedTask;
    }

    private async ValueTask<int> ReadAwaited(FetchBlocks blocks, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        while (true)
        {
            await _fetch.WaitForBlockAsync(this, blocks, offset, destination.Length, cancellationToken);
            var count = blocks.Read(offset, destination.Span);
            if (count > 0)
            {
                return count;
            }

            // One that passes through memory may have gone from there to make room; one on the disk stays.
            if (blocks.Disk.HasBlock(blocks.Layout.BlockAt(offset)))
            {
                throw new EndOfStreamException($"The file of {_fetch.Id} ends before byte {offset}.");
            }
        }
    }

    /// <summary>Says where it is, which lets go what it has passed: once a block, of blocks that pass through memory.</summary>
    private void NotePassed(FetchBlocks blocks, long offset)
    {
        if (blocks.IsPassing && blocks.Layout.BlockAt(offset) is var block && block != _passedBlock)
        {
            _passedBlock = block;
            _fetch.NotePassed(this, offset);
        }
    }
}
