using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace Gateway.Connections;

/// <summary>
/// A connection's input that tells of its end only after everything before it. The server takes a body that comes together with the end
/// for one that ended early, though it is whole.
/// </summary>
internal sealed class EndLastReader : PipeReader
{
    private readonly PipeReader _inner;

    /// <summary>Bytes that were given without a word of the end that followed them; -1 when none were.</summary>
    private long _withheldAt = -1;

    public EndLastReader(PipeReader inner) => _inner = inner;

    public override bool TryRead(out ReadResult result)
    {
        if (!_inner.TryRead(out var read))
        {
            result = default;
            return false;
        }

        result = Withhold(read);
        return true;
    }

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        var read = _inner.ReadAsync(cancellationToken);
        return read.IsCompletedSuccessfully ? new ValueTask<ReadResult>(Withhold(read.Result)) : ReadAwaitedAsync(read);
    }

    public override void AdvanceTo(SequencePosition consumed) => _inner.AdvanceTo(consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => _inner.AdvanceTo(consumed, examined);

    public override void CancelPendingRead() => _inner.CancelPendingRead();

    public override void Complete(Exception? exception = null) => _inner.Complete(exception);

    public override ValueTask CompleteAsync(Exception? exception = null) => _inner.CompleteAsync(exception);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReadResult> ReadAwaitedAsync(ValueTask<ReadResult> read) => Withhold(await read);

    /// <summary>Whoever comes back without having taken a byte wants more, and is told that there is none.</summary>
    private ReadResult Withhold(ReadResult read)
    {
        if (!read.IsCompleted || read.IsCanceled || read.Buffer.IsEmpty || read.Buffer.Length == _withheldAt)
        {
            return read;
        }

        _withheldAt = read.Buffer.Length;
        return new ReadResult(read.Buffer, isCanceled: false, isCompleted: false);
    }
}
