using System.Collections.Concurrent;
using MurkyWaters.Backing;

namespace MurkyWaters.Tests.Backing;

/// <summary>An object store in memory, which fails on demand. Nodes may share it, and it outlives them.</summary>
internal sealed class MemoryBackEnd : IBlobBackEnd
{
    private long _requests;
    private long _bytesPut;
    private long _bytesGot;

    public string Name => "memory/bucket/";

    public ConcurrentDictionary<string, (byte[] Bytes, string Digest)> Objects { get; } = new();

    /// <summary>Called with each request, as <c>put NAME</c>: what it returns is thrown.</summary>
    public Func<string, BackEndException?>? Fail { get; set; }

    /// <summary>Every request so far.</summary>
    public ConcurrentQueue<string> Asked { get; } = new();

    /// <summary>Downloads break off after so many bytes, once each.</summary>
    public int? CutAfter { get; set; }

    public BackEndTraffic Traffic => new(Interlocked.Read(ref _requests), Interlocked.Read(ref _bytesPut), Interlocked.Read(ref _bytesGot));

    public IEnumerable<string> Names(string prefix) => Objects.Keys.Where(name => name.StartsWith(prefix, StringComparison.Ordinal));

    public async Task<bool> PutAsync(string name, IBackEndContent content, bool onlyIfAbsent, CancellationToken cancellationToken)
    {
        Ask("put", name);
        if (onlyIfAbsent && Objects.ContainsKey(name))
        {
            return false;
        }

        // In pieces that are no blocks, as parts are.
        const int part = 100_000;
        var bytes = new byte[content.Length];
        for (var offset = 0; offset < bytes.Length; offset += part)
        {
            await content.ReadAsync(offset, bytes.AsMemory(offset, Math.Min(part, bytes.Length - offset)), cancellationToken);
        }

        Ask("end", name);
        Interlocked.Add(ref _bytesPut, bytes.Length);
        Objects[name] = (bytes, content.Digest);
        return true;
    }

    public Task<BackEndDownload?> GetAsync(string name, long offset, long length, CancellationToken cancellationToken)
    {
        Ask("get", name);
        return Task.FromResult<BackEndDownload?>(!Objects.TryGetValue(name, out var found) || offset >= Math.Max(1, found.Bytes.Length)
            ? null
            : new Download(
                this, found.Bytes.AsMemory((int)offset, (int)Math.Min(length, found.Bytes.Length - offset)), found.Bytes.Length));
    }

    public Task<BackEndObject?> HeadAsync(string name, CancellationToken cancellationToken)
    {
        Ask("head", name);
        return Task.FromResult(Objects.TryGetValue(name, out var found) ? new BackEndObject(found.Bytes.Length, found.Digest) : null);
    }

    public Task<IReadOnlyList<string>> ListAsync(string prefix, int countMax, CancellationToken cancellationToken)
    {
        Ask("list", prefix);
        return Task.FromResult<IReadOnlyList<string>>([.. Names(prefix).Order(StringComparer.Ordinal).Take(countMax)]);
    }

    public Task DeleteAsync(string name, CancellationToken cancellationToken)
    {
        Ask("delete", name);
        Objects.TryRemove(name, out _);
        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private void Ask(string what, string name)
    {
        Interlocked.Increment(ref _requests);
        Asked.Enqueue($"{what} {name}");
        if (Fail?.Invoke($"{what} {name}") is { } error)
        {
            throw error;
        }
    }

    private sealed class Download(MemoryBackEnd owner, ReadOnlyMemory<byte> bytes, long objectLength) : BackEndDownload
    {
        private int _position;

        public override long? ObjectLength => objectLength;

        public override ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken)
        {
            if (owner.CutAfter is { } cut && _position >= cut)
            {
                owner.CutAfter = null;
                throw new BackEndException(BackEndError.Unreachable, "The connection is gone.");
            }

            var count = Math.Min(Math.Min(destination.Length, 10_000), bytes.Length - _position);
            bytes.Slice(_position, count).CopyTo(destination);
            _position += count;
            Interlocked.Add(ref owner._bytesGot, count);
            return ValueTask.FromResult(count);
        }

        public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
