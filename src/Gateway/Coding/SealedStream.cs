using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using MurkyWaters.Archive;

namespace Gateway.Coding;

/// <summary>
/// Streams between nodes in frames, each sealed with AES-256-GCM, so that what is sealed as rain is so as HTTP, with TLS or without; and so
/// that a stream that was cut is not taken for whole, and one that failed says why. A frame is its kind (0: bytes, 1: the end, 2: a
/// failure, in UTF-8), the number of its bytes (3), the bytes and a tag (16); kind and number are authenticated, the nonce counts.
/// </summary>
internal static class SealedStream
{
    /// <summary>The media type.</summary>
    public const string ContentType = "application/vnd.pouring-rain.sealed";

    private const int HeadBytes = 4, TagBytes = 16, NonceBytes = 12, FrameBytesMax = 64 * 1024, ReasonCharsMax = 400;
    private const byte Bytes = 0, End = 1, Failure = 2;

    /// <summary>Writes one. One call at a time.</summary>
    internal sealed class Sink(Stream stream, byte[] key) : ICodingSink
    {
        private readonly AesGcm _cipher = new(key, TagBytes);
        private readonly byte[] _nonce = new byte[NonceBytes];
        private readonly byte[] _frame = new byte[HeadBytes + FrameBytesMax + TagBytes];

        /// <summary>Whether its end has been written, or why there is none.</summary>
        public bool IsEnded { get; private set; }

        public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
        {
            while (!bytes.IsEmpty)
            {
                var count = Math.Min(bytes.Length, FrameBytesMax);
                await WriteAsync(Bytes, bytes[..count], cancellation);
                bytes = bytes[count..];
            }
        }

        public async ValueTask CompleteAsync(CancellationToken cancellation)
        {
            await WriteAsync(End, default, cancellation);
            IsEnded = true;
        }

        /// <summary>Says why there is no more.</summary>
        public async ValueTask FailAsync(string reason, CancellationToken cancellation)
        {
            await WriteAsync(
                Failure, Encoding.UTF8.GetBytes(reason.Length > ReasonCharsMax ? reason[..ReasonCharsMax] : reason), cancellation);
            IsEnded = true;
        }

        public ValueTask DisposeAsync()
        {
            _cipher.Dispose();
            return ValueTask.CompletedTask;
        }

        private async ValueTask WriteAsync(byte kind, ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
        {
            BinaryPrimitives.WriteInt32BigEndian(_frame, (kind << 24) | bytes.Length);
            _cipher.Encrypt(
                _nonce, bytes.Span, _frame.AsSpan(HeadBytes, bytes.Length), _frame.AsSpan(HeadBytes + bytes.Length, TagBytes),
                _frame.AsSpan(0, HeadBytes));
            Count(_nonce);
            await stream.WriteAsync(_frame.AsMemory(0, HeadBytes + bytes.Length + TagBytes), cancellation);
        }
    }

    /// <summary>Reads one. One call at a time.</summary>
    internal sealed class Source(Stream stream, byte[] key, string from, IDisposable? owner = null) : ICodingSource
    {
        private readonly AesGcm _cipher = new(key, TagBytes);
        private readonly byte[] _nonce = new byte[NonceBytes];
        private readonly byte[] _head = new byte[HeadBytes];
        private readonly byte[] _sealed = new byte[FrameBytesMax + TagBytes];
        private readonly byte[] _opened = new byte[FrameBytesMax];
        private int _start, _end;
        private bool _isEnded;

        public long? Length => null;

        public async ValueTask<bool> TryReadAsync(Memory<byte> buffer, CancellationToken cancellation)
        {
            while (!buffer.IsEmpty)
            {
                if (_start == _end && !await TryFillAsync(cancellation))
                {
                    return false;
                }

                var count = Math.Min(buffer.Length, _end - _start);
                _opened.AsMemory(_start, count).CopyTo(buffer);
                _start += count;
                buffer = buffer[count..];
            }

            return true;
        }

        /// <summary>Whether nothing is left but the end.</summary>
        /// <exception cref="IOException">There is neither, or it failed.</exception>
        public async ValueTask<bool> IsAtEndAsync(CancellationToken cancellation) =>
            _start == _end && !await TryFillAsync(cancellation);

        public async ValueTask DisposeAsync()
        {
            _cipher.Dispose();
            await stream.DisposeAsync();
            owner?.Dispose();
        }

        private async ValueTask<bool> TryFillAsync(CancellationToken cancellation)
        {
            if (_isEnded)
            {
                return false;
            }

            await ReadAsync(_head, cancellation);
            var head = BinaryPrimitives.ReadInt32BigEndian(_head);
            var (kind, count) = ((byte)(head >>> 24), head & 0xFF_FFFF);
            if (count > FrameBytesMax)
            {
                throw new IOException($"{from} sends what is no sealed stream.");
            }

            await ReadAsync(_sealed.AsMemory(0, count + TagBytes), cancellation);
            try
            {
                _cipher.Decrypt(
                    _nonce, _sealed.AsSpan(0, count), _sealed.AsSpan(count, TagBytes), _opened.AsSpan(0, count), _head);
            }
            catch (AuthenticationTagMismatchException)
            {
                throw new IOException($"What {from} sent was changed on its way.");
            }

            Count(_nonce);
            (_start, _end) = (0, kind == Bytes ? count : 0);
            _isEnded = kind == End;
            return kind switch
            {
                Bytes when count > 0 => true,
                End => false,
                Failure => throw new IOException($"{from}: {Encoding.UTF8.GetString(_opened.AsSpan(0, count))}"),
                _ => throw new IOException($"{from} sends what is no sealed stream."),
            };
        }

        private async ValueTask ReadAsync(Memory<byte> buffer, CancellationToken cancellation)
        {
            try
            {
                await stream.ReadExactlyAsync(buffer, cancellation);
            }
            catch (EndOfStreamException)
            {
                throw new IOException($"The stream of {from} was cut.");
            }
        }
    }

    private static void Count(byte[] nonce) =>
        BinaryPrimitives.WriteUInt64BigEndian(nonce.AsSpan(4), BinaryPrimitives.ReadUInt64BigEndian(nonce.AsSpan(4)) + 1);
}
