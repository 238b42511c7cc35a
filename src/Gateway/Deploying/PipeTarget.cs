using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using MurkyWaters.Store;
using PouringRain.Protocol;

namespace Gateway.Deploying;

/// <summary>
/// A pipe, which takes bytes in order. What comes before its turn waits in memory, as much as there may be, and beyond that in a temporary
/// file; a thread writes what is next, at the speed of whoever reads.
/// </summary>
internal sealed class PipeTarget : Target
{
    /// <summary>What waits in memory.</summary>
    private const int MemoryBytesMax = 64 << 20;

    private readonly Lock _gate = new();
    private readonly SortedDictionary<long, Piece> _waiting = [];
    private readonly SemaphoreSlim _news = new(0);
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly TaskCompletionSource _passed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Stream _pipe;
    private readonly ProgressOutput _output;
    private SafeFileHandle? _spool;
    private long _next;
    private long _length = long.MaxValue;
    private long _memoryBytes;
    private Exception? _failure;
    private volatile bool _isDisposed;

    /// <summary>Takes over a pipe.</summary>
    public PipeTarget(string name, Stream pipe, ProgressOutput output)
    {
        Name = name;
        _pipe = pipe;
        _output = output;
        new Thread(Run) { IsBackground = true, Name = "pipe" }.Start();
    }

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    public override bool IsLasting => false;

    /// <inheritdoc/>
    public override void Begin(long? length)
    {
        // A pipe has no length.
    }

    /// <inheritdoc/>
    public override void Write(long offset, ReadOnlySpan<byte> bytes)
    {
        Piece piece;
        lock (_gate)
        {
            ThrowIfFailed();
            piece = new Piece(_memoryBytes + bytes.Length <= MemoryBytesMax ? bytes.ToArray() : null, bytes.Length);
            _memoryBytes += piece.Bytes is null ? 0 : bytes.Length;
            if (piece.Bytes is null && _spool is null)
            {
                _spool = TemporaryFile.Open();
                _output.Say($"what comes before its turn is more than {MemoryBytesMax >> 20} MiB: it waits in a temporary file in "
                    + $"{Path.GetTempPath()} for {Name}, which takes it in order");
            }
        }

        if (piece.Bytes is null)
        {
            RandomAccess.Write(_spool!, bytes, offset);
        }

        lock (_gate)
        {
            _waiting.Add(offset, piece);
        }

        _news.Release();
    }

    /// <inheritdoc/>
    public override Sha256Digest ReadBack(long length, Action<long> tell)
    {
        lock (_gate)
        {
            _length = length;
        }

        _news.Release();
        while (!_passed.Task.Wait(TimeSpan.FromMilliseconds(200)))
        {
            tell(Volatile.Read(ref _next));
        }

        lock (_gate)
        {
            ThrowIfFailed();
        }

        return Sha256Digest.Read(_hash.GetHashAndReset());
    }

    /// <inheritdoc/>
    public override void Keep()
    {
        // It is in the pipe.
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        // The thread may hang in the pipe: what it uses is the collector's.
        _isDisposed = true;
        _news.Release();
        if (_passed.Task.IsCompleted)
        {
            _hash.Dispose();
            _spool?.Dispose();
            _pipe.Dispose();
        }
    }

    private void Run()
    {
        var buffer = Array.Empty<byte>();
        try
        {
            while (!_isDisposed)
            {
                Piece? piece = null;
                lock (_gate)
                {
                    if (_next == _length)
                    {
                        break;
                    }

                    if (_waiting.Remove(_next, out var found))
                    {
                        piece = found;
                    }
                }

                if (piece is null)
                {
                    _news.Wait();
                    continue;
                }

                if (piece.Bytes is null && buffer.Length < piece.Length)
                {
                    buffer = new byte[piece.Length];
                }

                var bytes = (piece.Bytes ?? buffer).AsSpan(0, piece.Length);
                if (piece.Bytes is null)
                {
                    ReadSpool(_next, bytes);
                }

                _pipe.Write(bytes);
                _hash.AppendData(bytes);
                lock (_gate)
                {
                    _next += piece.Length;
                    _memoryBytes -= piece.Bytes is null ? 0 : piece.Length;
                }
            }

            _pipe.Flush();
        }
        catch (Exception e)
        {
            lock (_gate)
            {
                _failure = e;
            }
        }

        _passed.TrySetResult();
    }

    private void ReadSpool(long offset, Span<byte> destination)
    {
        if (FileReads.Fill(_spool!, offset, destination) < destination.Length)
        {
            throw new EndOfStreamException("The temporary file has become shorter.");
        }
    }

    private void ThrowIfFailed()
    {
        if (_failure is { } failure)
        {
            throw new IOException($"{Name} takes no more: {failure.Message}", failure);
        }
    }

    private sealed record Piece(byte[]? Bytes, int Length);
}
