using System.Buffers;
using System.IO.Pipelines;

namespace MurkyWaters.Archive;

/// <summary>
/// A queue between two programs, or a program's own stream on its way: bytes in the order they came, a bounded number of them, beyond
/// which whoever writes waits. An end that is disposed before the stream is complete fails the other.
/// </summary>
public sealed class CodingPipe
{
    private readonly Pipe _pipe;
    private string? _failure;

    /// <summary>Makes an empty one.</summary>
    /// <param name="length">Bytes that will go through.</param>
    /// <param name="bytesMax">Bytes at which a writer waits, at least 1. It holds these and one more write at most.</param>
    public CodingPipe(long length, int bytesMax)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfLessThan(bytesMax, 1);
        _pipe = new Pipe(new PipeOptions(
            pauseWriterThreshold: bytesMax, resumeWriterThreshold: Math.Max(1, bytesMax / 2), useSynchronizationContext: false));
        Source = new Reading(this, length);
        Sink = new Writing(this, length);
    }

    /// <summary>The end to read from.</summary>
    public ICodingSource Source { get; }

    /// <summary>The end to write to.</summary>
    public ICodingSink Sink { get; }

    /// <summary>Ends it where it stands: both ends are told why.</summary>
    public void Fail(string reason)
    {
        Interlocked.CompareExchange(ref _failure, reason, null);
        _pipe.Reader.CancelPendingRead();
        _pipe.Writer.CancelPendingFlush();
    }

    private void ThrowIfFailed()
    {
        if (Volatile.Read(ref _failure) is { } failure)
        {
            throw new IOException(failure);
        }
    }

    private sealed class Reading(CodingPipe pipe, long length) : ICodingSource
    {
        private readonly PipeReader _reader = pipe._pipe.Reader;

        public long? Length => length;

        public async ValueTask<bool> TryReadAsync(Memory<byte> buffer, CancellationToken cancellation)
        {
            // As it comes, so that a queue smaller than the buffer does not stand still.
            while (!buffer.IsEmpty)
            {
                pipe.ThrowIfFailed();
                var result = await _reader.ReadAsync(cancellation);
                var taken = result.Buffer.Slice(0, Math.Min(result.Buffer.Length, buffer.Length));
                taken.CopyTo(buffer.Span);
                buffer = buffer[(int)taken.Length..];
                _reader.AdvanceTo(taken.End);
                if (result.IsCompleted && taken.IsEmpty)
                {
                    return false;
                }
            }

            return true;
        }

        public ValueTask DisposeAsync() => _reader.CompleteAsync();
    }

    private sealed class Writing(CodingPipe pipe, long length) : ICodingSink
    {
        private readonly PipeWriter _writer = pipe._pipe.Writer;
        private long _left = length;
        private bool _isCompleted;

        public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
        {
            pipe.ThrowIfFailed();
            var result = await _writer.WriteAsync(bytes, cancellation);
            pipe.ThrowIfFailed();
            _left -= bytes.Length;

            // Whoever has read the last bytes may be gone before this end hears of it.
            if (result.IsCompleted && _left > 0)
            {
                throw new IOException("Whoever read the stream has gone.");
            }
        }

        public ValueTask CompleteAsync(CancellationToken cancellation)
        {
            _isCompleted = true;
            return _writer.CompleteAsync();
        }

        public ValueTask DisposeAsync() =>
            _isCompleted ? ValueTask.CompletedTask : _writer.CompleteAsync(new IOException("Whoever wrote the stream has gone."));
    }
}
