using System.Collections.Concurrent;
using MurkyWaters.Archive;

namespace MurkyWaters.Tests.Archive;

/// <summary>Blocks in memory, and pipes to other programs by the names of their work, or of queues.</summary>
internal sealed class MemoryCodingHost : ICodingHost
{
    public ConcurrentDictionary<string, byte[]> Blocks { get; } = new();

    public ConcurrentDictionary<string, CodingPipe> Pipes { get; } = new();

    /// <summary>Sinks that were begun, and not yet disposed.</summary>
    public int OpenCount;

    /// <summary>A block whose reading or writing fails after so many bytes.</summary>
    public (string Block, long Bytes)? Fault { get; init; }

    /// <summary>Whether sources say how long they are.</summary>
    public bool TellsLength { get; init; } = true;

    public ValueTask<ICodingSource?> OpenAsync(CodingStream stream, long length, CancellationToken cancellation)
    {
        if (stream.Kind != CodingStreamKind.ReadBlock)
        {
            var key = stream.Kind == CodingStreamKind.Pop ? stream.Name : stream.Remote;
            return ValueTask.FromResult(Pipes.TryGetValue(key, out var pipe) ? pipe.Source : null);
        }

        return ValueTask.FromResult<ICodingSource?>(
            Blocks.TryGetValue(stream.Target, out var bytes) ? new Reading(this, stream.Target, bytes) : null);
    }

    public ValueTask<ICodingSink?> CreateAsync(CodingStream stream, long length, CancellationToken cancellation)
    {
        if (stream.Kind == CodingStreamKind.Push)
        {
            return ValueTask.FromResult(Pipes.TryGetValue(stream.Name, out var pipe) ? pipe.Sink : null);
        }

        return ValueTask.FromResult<ICodingSink?>(stream.Target == "forbidden" ? null : new Writing(this, stream.Target));
    }

    private void Check(string block, long offset)
    {
        if (Fault is { } fault && fault.Block == block && offset > fault.Bytes)
        {
            throw new IOException("The disk is gone.");
        }
    }

    private sealed class Reading : ICodingSource
    {
        private readonly MemoryCodingHost _host;
        private readonly string _block;
        private readonly byte[] _bytes;
        private int _offset;

        public Reading(MemoryCodingHost host, string block, byte[] bytes)
        {
            (_host, _block, _bytes) = (host, block, bytes);
            Interlocked.Increment(ref host.OpenCount);
        }

        public long? Length => _host.TellsLength ? _bytes.Length : null;

        public async ValueTask<bool> TryReadAsync(Memory<byte> buffer, CancellationToken cancellation)
        {
            // Sometimes at once, sometimes later.
            if ((_offset & 1) != 0)
            {
                await Task.Yield();
            }

            cancellation.ThrowIfCancellationRequested();
            _host.Check(_block, _offset + buffer.Length);
            if (_offset + buffer.Length > _bytes.Length)
            {
                return false;
            }

            _bytes.AsSpan(_offset, buffer.Length).CopyTo(buffer.Span);
            _offset += buffer.Length;
            return true;
        }

        public ValueTask DisposeAsync()
        {
            Interlocked.Decrement(ref _host.OpenCount);
            return ValueTask.CompletedTask;
        }
    }

    private sealed class Writing : ICodingSink
    {
        private readonly MemoryCodingHost _host;
        private readonly string _block;
        private readonly MemoryStream _bytes = new();

        public Writing(MemoryCodingHost host, string block)
        {
            (_host, _block) = (host, block);
            Interlocked.Increment(ref host.OpenCount);
        }

        public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
        {
            _host.Check(_block, _bytes.Length + bytes.Length);
            _bytes.Write(bytes.Span);
            return ValueTask.CompletedTask;
        }

        public ValueTask CompleteAsync(CancellationToken cancellation)
        {
            _host.Blocks[_block] = _bytes.ToArray();
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync()
        {
            Interlocked.Decrement(ref _host.OpenCount);
            return ValueTask.CompletedTask;
        }
    }
}
