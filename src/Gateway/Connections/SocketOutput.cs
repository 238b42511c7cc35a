using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Connections;

namespace Gateway.Connections;

/// <summary>
/// The output of a connection, straight to its socket: what is flushed is sent by whoever flushes, and runs of files go from the page
/// cache to the socket by the system's own copy (sendfile, TransmitPackets). For whole files that takes about a third
/// of the processor time of reading them into a pipe's memory and sending that.
/// </summary>
/// <remarks>As with every pipe, one thread at a time; the server sees to that. A flush ends when everything was given to the system, so
/// that no more than one flush's bytes are held for a slow reader.</remarks>
internal sealed class SocketOutput : PipeWriter, IFileOutput
{
    private const int BufferBytes = 16 * 1024, FileRunBytesMax = 512 * 1024;

    /// <summary>What is longer between two ticks was this process waiting for its processor, not for the client.</summary>
    private static readonly TimeSpan TickMax = TimeSpan.FromSeconds(2);

    /// <summary>Stands for bytes of files; what anybody might write here goes nowhere.</summary>
    private static readonly byte[] Placeholder = new byte[FileRunBytesMax];

    private readonly ClientPresence _client;
    private readonly Socket _socket;
    private readonly PipeWriter _transport;
    private readonly ReaderPace? _pace;
    private readonly List<Piece> _pieces = [];
    private FileSend? _fileSend;
    private Piece _offered;
    private byte[]? _buffer;
    private int _bufferUsed;
    private bool _isBroken;
    private volatile bool _isCancelled;
    private volatile bool _isSending;
    private long _takenBytes;
    private long _lastTick = TimeProvider.System.GetTimestamp();

    /// <summary>Makes the output of a connection.</summary>
    /// <param name="client">Who is at the other end.</param>
    /// <param name="socket">The connection's socket.</param>
    /// <param name="transport">Its output so far, to which nothing is written any more; it ends with this one.</param>
    /// <param name="pace">How slowly the client may read; null for as it likes.</param>
    public SocketOutput(ClientPresence client, Socket socket, PipeWriter transport, ReaderPace? pace)
    {
        _client = client;
        _socket = socket;
        _transport = transport;
        _pace = pace;
    }

    public int RunBytesMax => FileRunBytesMax;

    public long SentBytes { get; private set; }

    public bool IsBroken => _isBroken;

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes
    {
        get
        {
            var sum = 0L;
            foreach (var piece in _pieces)
            {
                sum += piece.Count;
            }

            return sum;
        }
    }

    public void Offer(FileStream file, long offset, int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, FileRunBytesMax);
        _offered = new Piece(file, null, offset, count);
    }

    public bool Takes(ReadOnlyMemory<byte> memory)
    {
        var takes = _offered.File is not null && MemoryMarshal.TryGetArray(memory, out var segment) && segment.Array == Placeholder;
        if (!takes)
        {
            _offered = default;
        }

        return takes;
    }

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (_offered.File is not null)
        {
            return Placeholder.AsMemory(0, _offered.Count);
        }

        if (_buffer is null || _buffer.Length - _bufferUsed < Math.Max(1, sizeHint))
        {
            // One that is full is given back with the last of its pieces; one without any, here.
            ReturnIfUnused();
            _buffer = ArrayPool<byte>.Shared.Rent(Math.Max(BufferBytes, sizeHint));
            _bufferUsed = 0;
        }

        return _buffer.AsMemory(_bufferUsed);
    }

    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public override void Advance(int bytes)
    {
        if (_offered.File is not null)
        {
            ArgumentOutOfRangeException.ThrowIfNotEqual(bytes, _offered.Count);
            _pieces.Add(_offered);
            _offered = default;
            return;
        }

        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, (_buffer?.Length ?? 0) - _bufferUsed);
        if (bytes == 0)
        {
            return;
        }

        if (_pieces is [.., var last] && last.Buffer == _buffer)
        {
            _pieces[^1] = last with { Count = last.Count + bytes };
        }
        else
        {
            _pieces.Add(new Piece(null, _buffer, _bufferUsed, bytes));
        }

        _bufferUsed += bytes;
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) =>
        _pieces.Count == 0 || _isBroken ? ValueTask.FromResult(Result()) : SendAsync(cancellationToken);

    public override void CancelPendingFlush() => _isCancelled = true;

    /// <summary>Once a second: breaks the connection of a reader for whom a flush has waited too long.</summary>
    public void Tick()
    {
        var waited = TimeProvider.System.GetElapsedTime(_lastTick);
        _lastTick = TimeProvider.System.GetTimestamp();
        if (_pace is null || !_isSending)
        {
            return;
        }

        var taken = TcpProgress.TryReadAcknowledged(_socket) ?? SentBytes;
        var isInTime = _pace.TryWait(waited < TickMax ? waited : TickMax, taken - _takenBytes);
        _takenBytes = taken;
        if (!isInTime)
        {
            Break(new ConnectionAbortedException("The client takes less than Gateway:MinRateBytesPerSecond."));
        }
    }

    public override void Complete(Exception? exception = null)
    {
        Release();
        _fileSend?.Dispose();
        _transport.Complete(exception);
    }

    public override async ValueTask CompleteAsync(Exception? exception = null)
    {
        if (exception is null)
        {
            await FlushAsync();
        }

        Release();
        _fileSend?.Dispose();
        await _transport.CompleteAsync(exception);
    }

    private FlushResult Result()
    {
        var isCancelled = _isCancelled;
        _isCancelled = false;
        return new FlushResult(isCancelled, isCompleted: _isBroken);
    }

    private async ValueTask<FlushResult> SendAsync(CancellationToken cancellationToken)
    {
        // A sending that is cancelled has sent nobody knows what: nothing can follow it on this connection.
        using var cancellation = cancellationToken.UnsafeRegister(
            static output => ((SocketOutput)output!).Break(new ConnectionAbortedException("The response was cancelled.")), this);
        _isSending = true;
        try
        {
            foreach (var piece in _pieces)
            {
                if (piece.File is not null)
                {
                    _fileSend ??= new FileSend();
                    try
                    {
                        await _fileSend.SendAsync(_socket, piece.File, piece.Offset, piece.Count);
                    }
                    finally
                    {
                        SentBytes += _fileSend.SentBytes;
                    }

                    continue;
                }

                for (ReadOnlyMemory<byte> left = piece.Buffer.AsMemory((int)piece.Offset, piece.Count); !left.IsEmpty;)
                {
                    var count = await _socket.SendAsync(left, SocketFlags.None, CancellationToken.None);
                    SentBytes += count;
                    left = left[count..];
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or IOException or NotSupportedException)
        {
            // The last is what a run of a file gets from a socket that the client has reset meanwhile.
            cancellationToken.ThrowIfCancellationRequested();
            SentBytes = Math.Max(SentBytes, TcpProgress.TryReadAcknowledged(_socket) ?? 0);
            Break(new ConnectionAbortedException("The connection's socket takes no more.", e));
        }
        finally
        {
            _isSending = false;
            Release();
        }

        return Result();
    }

    private void Break(ConnectionAbortedException reason)
    {
        _isBroken = true;
        _client.Abort(reason);
    }

    private void Release()
    {
        byte[]? returned = null;
        foreach (var piece in _pieces)
        {
            if (piece.Buffer is { } buffer && buffer != returned)
            {
                returned = buffer;
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }

        if (_buffer is not null && _bufferUsed == 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
        }

        _buffer = null;
        _bufferUsed = 0;
        _pieces.Clear();
    }

    private void ReturnIfUnused()
    {
        if (_buffer is not null && _bufferUsed == 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
        }
    }

    /// <summary>A run of a file, or of a buffer.</summary>
    private readonly record struct Piece(FileStream? File, byte[]? Buffer, long Offset, int Count);
}
