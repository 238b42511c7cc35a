namespace MurkyWaters.Tests.Store.Steps;

/// <summary>A file's bytes as the running system has them, and as the disk has them for sure: what was written and not waited for the disk
/// may have
/// taken or not. What a failed wait was for the system has forgotten: to wait again says nothing about it.</summary>
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
        foreach (var change in _changes.Where(change => !change.IsForgotten))
        {
            _durable = change.Over(_durable);
        }

        // What was forgotten and is written again since is as good as new.
        var kept = _changes.Where((change, i) => change.IsForgotten && !_changes.Skip(i + 1).Any(later => IsNew(later, change))).ToList();
        _changes.Clear();
        _changes.AddRange(kept);

        static bool IsNew(Change later, Change change) => !later.IsForgotten && later.Covers(change);
    }

    /// <summary>A wait for the disk that fails.</summary>
    public void Forget()
    {
        for (var i = 0; i < _changes.Count; i++)
        {
            _changes[i] = _changes[i] with { IsForgotten = true };
        }
    }

    /// <summary>Both at once go bad.</summary>
    public void Rot(int offset)
    {
        Flush();
        Bytes = [.. Bytes];
        Bytes[offset] ^= 0xFF;
        _durable = Bytes;
    }

    /// <summary>What a machine that stops leaves.</summary>
    public byte[] Survive(Random random)
    {
        var mode = random.Next(4);
        var cut = random.Next(_changes.Count + 1);
        var bytes = _durable;
        for (var i = 0; i < _changes.Count; i++)
        {
            if (mode switch { 0 => false, 1 => !_changes[i].IsForgotten, 2 => i < cut, _ => random.Next(2) == 0 })
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

    public bool Covers(Change other) =>
        Bytes is not null && other.Bytes is not null
        && Offset <= other.Offset && other.Offset + other.Bytes.Length <= Offset + Bytes.Length;

    public byte[] Over(byte[] bytes)
    {
        var result = new byte[Bytes is null ? Offset : Math.Max(bytes.Length, Offset + Bytes.Length)];
        bytes.AsSpan(0, Math.Min(bytes.Length, result.Length)).CopyTo(result);
        Bytes?.CopyTo(result, Offset);
        return result;
    }
}
