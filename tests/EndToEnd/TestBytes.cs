using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace EndToEnd;

/// <summary>Reproducible bytes of any length, made while they are read: splitmix64 from a seed.</summary>
internal sealed class TestBytes : Stream
{
    private readonly ulong _seed;
    private readonly long _length;
    private long _position;

    public TestBytes(ulong seed, long length)
    {
        _seed = seed;
        _length = length;
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => _length;

    public override long Position { get => _position; set => throw new NotSupportedException(); }

    /// <summary>Writes the bytes to a file and returns their SHA-256 in lower-case hex.</summary>
    public static async Task<string> WriteFileAsync(string path, ulong seed, long length)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using var file = File.Create(path);
        var bytes = new TestBytes(seed, length);
        var buffer = new byte[1 << 20];
        int count;
        while ((count = bytes.Read(buffer)) > 0)
        {
            hash.AppendData(buffer, 0, count);
            await file.WriteAsync(buffer.AsMemory(0, count));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>The SHA-256 of a stream in lower-case hex.</summary>
    public static async Task<string> HashAsync(Stream stream) => Convert.ToHexStringLower(await SHA256.HashDataAsync(stream));

    /// <summary>The SHA-256 of a file in lower-case hex.</summary>
    public static async Task<string> HashFileAsync(string path)
    {
        await using var file = File.OpenRead(path);
        return await HashAsync(file);
    }

    public override int Read(Span<byte> buffer)
    {
        var count = (int)Math.Min(buffer.Length, _length - _position);
        var done = 0;
        Span<byte> word = stackalloc byte[8];
        while (done < count)
        {
            var inWord = (int)(_position % 8);
            if (inWord == 0 && count - done >= 8)
            {
                var words = MemoryMarshal.Cast<byte, ulong>(buffer.Slice(done, (count - done) & ~7));
                var index = (ulong)(_position / 8);
                for (var i = 0; i < words.Length; i++)
                {
                    words[i] = Word(index + (ulong)i);
                }

                done += words.Length * 8;
                _position += words.Length * 8;
                continue;
            }

            BinaryPrimitives.WriteUInt64LittleEndian(word, Word((ulong)(_position / 8)));
            var part = Math.Min(8 - inWord, count - done);
            word.Slice(inWord, part).CopyTo(buffer[done..]);
            done += part;
            _position += part;
        }

        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(Read(buffer.Span));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private ulong Word(ulong index)
    {
        unchecked
        {
            var z = _seed + ((index + 1) * 0x9E3779B97F4A7C15);
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return z ^ (z >> 31);
        }
    }
}
