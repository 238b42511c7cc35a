namespace MurkyWaters.Tests.Store.Steps;

/// <summary>A file's bytes as the running system has them, and as the disk has them for sure: what was written and not waited for the disk
/// may have taken or not. What a failed wait was for the system has forgotten: to wait again says nothing about it.</summary>
internal sealed class RecordedFile
{
    private readonly List<Change> _changes = [];
    private byte[] _durable = [];

    private RecordedFile(RecordedFile other)
    {
        (Bytes, _durable) = (other.Bytes, other._durable);
        _changes.AddRange(other._changes);
    }

    public RecordedFile()
    {
    }

    /// <summary>As the running system has them.</summary>
    public byte[] Bytes { get; private set; } = [];

    /// <summary>A copy that does not change any more.</summary>
    public RecordedFile Copy() => new(this);

    public void Write(long offset, byte[] bytes) => Change(new Change(offset, bytes));

    public void SetLength(long length) => Change(new Change(length, null));

    /// <summary>A wait for the disk that succeeds.</summary>
    public void Flush()
    {
        for (var i = 0; i < _changes.Count; i++)
        {
            _changes[i] = _changes[i] with { IsDurable = !_changes[i].IsForgotten };
        }

        while (_changes is [{ IsDurable: true } first, ..])
        {
            _durable = first.Over(_durable);
            _changes.RemoveAt(0);
        }
    }

    /// <summary>A wait for the disk that fails.</summary>
    public void Forget()
    {
        for (var i = 0; i < _changes.Count; i++)
        {
            _changes[i] = _changes[i] with { IsForgotten = !_changes[i].IsDurable };
        }
    }

    /// <summary>Both at once go bad.</summary>
    public void Rot(int offset)
    {
        byte[] bad = [(byte)(Bytes[offset] ^ 0xFF)];
        Change(new Change(offset, bad) { IsDurable = true });
    }

    /// <summary>What a machine that stops leaves.</summary>
    public byte[] Survive(Random random)
    {
        var mode = random.Next(4);
        var cut = random.Next(_changes.Count + 1);
        var bytes = _durable;
        for (var i = 0; i < _changes.Count; i++)
        {
            if (_changes[i].IsDurable || mode switch { 0 => false, 1 => !_changes[i].IsForgotten, 2 => i < cut, _ => random.Next(2) == 0 })
            {
                bytes = _changes[i].Over(bytes);
            }
        }

        return bytes;
    }

    private void Change(Change change)
    {
        _changes.Add(change);
        Bytes = change.Over(Bytes);
    }
}

/// <summary>Bytes at an offset, or a length.</summary>
internal sealed record Change(long Offset, byte[]? Bytes)
{
    public bool IsForgotten { get; init; }

    public bool IsDurable { get; init; }

    public byte[] Over(byte[] bytes)
    {
        var result = new byte[Bytes is null ? Offset : Math.Max(bytes.Length, Offset + Bytes.Length)];
        bytes.AsSpan(0, Math.Min(bytes.Length, result.Length)).CopyTo(result);
        Bytes?.CopyTo(result, Offset);
        return result;
    }
}
