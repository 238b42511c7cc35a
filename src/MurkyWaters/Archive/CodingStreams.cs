namespace MurkyWaters.Archive;

/// <summary>Streams by their names, between a program and whoever draws what it gives, or between whoever sends and the program that reads
/// it: each has one writer and one reader, whichever comes first. Thread-safe.</summary>
internal sealed class CodingStreams(TimeProvider time)
{
    /// <summary>So long one end waits for the other, and so long nothing may move between them.</summary>
    private const long AloneMs = 30_000, IdleMs = 120_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Slot> _slots = new(StringComparer.Ordinal);

    /// <summary>Opens the end to read from.</summary>
    /// <param name="name">The stream's name.</param>
    /// <param name="length">Its bytes, where the reader knows them and may wait for the writer; null where the writer has to be
    /// there.</param>
    /// <returns>Null when there is no such stream, or somebody reads it, or there are as many as may be.</returns>
    public ICodingSource? TryRead(string name, long? length)
    {
        lock (_gate)
        {
            if (!_slots.TryGetValue(name, out var slot) && length is { } bytes)
            {
                slot = TryAdd(name, bytes);
            }

            if (slot is null || slot.HasReader)
            {
                return null;
            }

            slot.HasReader = true;
            slot.Watch.Note();
            return slot.Watch.Over(new Source(this, name, slot));
        }
    }

    /// <summary>Opens the end to write to.</summary>
    /// <param name="name">The stream's name.</param>
    /// <param name="length">Its bytes.</param>
    /// <returns>Null when somebody writes it, or somebody waits for another length, or there are as many as may be.</returns>
    public CodingStreamEnd? TryWrite(string name, long length)
    {
        lock (_gate)
        {
            var slot = _slots.GetValueOrDefault(name) ?? TryAdd(name, length);
            if (slot is null || slot.HasWriter || slot.Length != length)
            {
                return null;
            }

            slot.HasWriter = true;
            slot.Watch.Note();
            return new CodingStreamEnd(slot.Watch.Over(slot.Pipe.Sink), slot.Pipe);
        }
    }

    /// <summary>Once a second: ends those of which one end, or any movement, has not come.</summary>
    public void Tick()
    {
        var now = time.GetMilliseconds();
        lock (_gate)
        {
            foreach (var (name, slot) in _slots)
            {
                var isJoined = slot.HasReader && slot.HasWriter;
                if (now - slot.Watch.LastMs > (isJoined ? IdleMs : AloneMs))
                {
                    slot.Pipe.Fail(isJoined ? "The stream stood still." : "The other end of the stream did not come.");
                    _slots.Remove(name);
                }
            }
        }
    }

    private Slot? TryAdd(string name, long length)
    {
        if (_slots.Count >= CodingLimits.WaitingMax)
        {
            return null;
        }

        var slot = new Slot(length, new CodingWatch(time));
        _slots.Add(name, slot);
        return slot;
    }

    private void Remove(string name, Slot slot)
    {
        lock (_gate)
        {
            if (_slots.GetValueOrDefault(name) == slot)
            {
                _slots.Remove(name);
            }
        }
    }

    private sealed class Slot(long length, CodingWatch watch)
    {
        public long Length => length;

        public CodingPipe Pipe { get; } = new(length, CodingLimits.PipeBytesMax);

        public CodingWatch Watch => watch;

        public bool HasReader { get; set; }

        public bool HasWriter { get; set; }
    }

    /// <summary>The stream goes with its reader.</summary>
    private sealed class Source(CodingStreams streams, string name, Slot slot) : ICodingSource
    {
        public long? Length => slot.Length;

        public ValueTask<bool> TryReadAsync(Memory<byte> buffer, CancellationToken cancellation) =>
            slot.Pipe.Source.TryReadAsync(buffer, cancellation);

        public ValueTask DisposeAsync()
        {
            streams.Remove(name, slot);
            return slot.Pipe.Source.DisposeAsync();
        }
    }
}

/// <summary>The end of a stream to write to.</summary>
/// <param name="Sink">What takes the bytes.</param>
/// <param name="Pipe">What is told why, should they not all come.</param>
internal sealed record CodingStreamEnd(ICodingSink Sink, CodingPipe Pipe);
