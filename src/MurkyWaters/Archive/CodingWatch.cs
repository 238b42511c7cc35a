namespace MurkyWaters.Archive;

/// <summary>When something last moved. Thread-safe.</summary>
internal sealed class CodingWatch(TimeProvider time)
{
    private long _lastMs = time.GetMilliseconds();

    /// <summary>Since when nothing has moved.</summary>
    public long LastMs => Volatile.Read(ref _lastMs);

    /// <summary>Something has moved.</summary>
    public void Note() => Volatile.Write(ref _lastMs, time.GetMilliseconds());

    /// <summary>The same source, watched.</summary>
    public ICodingSource Over(ICodingSource source) => new Source(this, source);

    /// <summary>The same sink, watched.</summary>
    public ICodingSink Over(ICodingSink sink) => new Sink(this, sink);

    private sealed class Source(CodingWatch watch, ICodingSource source) : ICodingSource
    {
        public long? Length => source.Length;

        public async ValueTask<bool> TryReadAsync(Memory<byte> buffer, CancellationToken cancellation)
        {
            var isRead = await source.TryReadAsync(buffer, cancellation);
            watch.Note();
            return isRead;
        }

        public ValueTask DisposeAsync() => source.DisposeAsync();
    }

    private sealed class Sink(CodingWatch watch, ICodingSink sink) : ICodingSink
    {
        public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
        {
            await sink.WriteAsync(bytes, cancellation);
            watch.Note();
        }

        public ValueTask CompleteAsync(CancellationToken cancellation) => sink.CompleteAsync(cancellation);

        public ValueTask DisposeAsync() => sink.DisposeAsync();
    }
}
