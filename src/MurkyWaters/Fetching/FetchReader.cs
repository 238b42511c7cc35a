using MurkyWaters.Store;
using PouringRain.Network;
using PouringRain.Protocol;

namespace MurkyWaters.Fetching;

/// <summary>Reads a version that is on its way in, block by block as they are verified. It reads from the file, so that however slow it
/// is it holds back nobody.</summary>
internal sealed class FetchReader : ResourceReader
{
    private readonly SharedFetch _fetch;
    private VerifiedBlocks? _partial;
    private int _isDisposed;

    public FetchReader(SharedFetch fetch, long demandOffset, long demandLength)
    {
        _fetch = fetch;
        DemandOffset = demandOffset;
        DemandLength = demandLength;
    }

    /// <summary>What it wants; changed by the fetch alone, under its lock.</summary>
    public long DemandOffset { get; set; }

    /// <inheritdoc cref="DemandOffset"/>
    public long DemandLength { get; set; }

    /// <summary>The blocks that were asked for at once on its behalf, when it stood waiting for the first of them.</summary>
    public (int First, int End) Urgent { get; set; }

    public override Manifest Manifest => _partial!.Manifest;

    public override bool IsHit => false;

    public override string? FilePath => null;

    public override TransferSnapshot? Transfer => _fetch.Snapshot();

    public override FetchTimes? Times => _fetch.Times;

    /// <summary>Says what it reads, once that is known. The reader lets go of it.</summary>
    public void Attach(VerifiedBlocks heldPartial) => _partial = heldPartial;

    public override ValueTask<int> ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isDisposed != 0, this);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        if (destination.IsEmpty || offset >= Manifest.Layout.Length)
        {
            return ValueTask.FromResult(0);
        }

        var count = _partial!.Read(offset, destination.Span);
        return count > 0 ? ValueTask.FromResult(count) : ReadAwaited(offset, destination, cancellationToken);
    }

    public override async ValueTask<FileRun> LocateAsync(long offset, int count, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isDisposed != 0, this);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(offset, Manifest.Layout.Length);
        var here = _partial!.CountAt(offset, count);
        if (here == 0)
        {
            await _fetch.WaitForBlockAsync(this, offset, count, cancellationToken);
            here = _partial.CountAt(offset, count);
        }

        return new FileRun(_partial.OpenToSend(), here);
    }

    public override ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
        {
            _fetch.Leave(this, _partial);
        }

        return ValueTask.CompletedTask;
    }

    private async ValueTask<int> ReadAwaited(long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        await _fetch.WaitForBlockAsync(this, offset, destination.Length, cancellationToken);
        var count = _partial!.Read(offset, destination.Span);
        return count > 0 ? count : throw new EndOfStreamException($"The file of {_fetch.Id} ends before byte {offset}.");
    }
}
