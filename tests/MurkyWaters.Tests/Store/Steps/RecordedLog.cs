namespace MurkyWaters.Tests.Store.Steps;

/// <summary>The catalog's two files. SQLite writes them itself: they are read when they are wanted. The log is on the disk as far as it was
/// waited for; the file is what SQLite has waited for (and the log before it), whenever it has changed.</summary>
internal sealed class RecordedLog(string path)
{
    private readonly List<(byte[] Bytes, int From)> _forgotten = [];
    private byte[] _durable = [];
    private byte[] _file = [];

    public string Path => path;

    /// <summary>Whether somebody waits for the log, so that it is on the disk only then; else SQLite does.</summary>
    public bool IsWaitedFor { get; private set; }

    /// <summary>A wait for the log that succeeds.</summary>
    public void Flush()
    {
        IsWaitedFor = true;
        _durable = WithoutForgotten(Read(path + "-wal"));
    }

    /// <summary>A wait that fails: what was written since the last one is forgotten.</summary>
    public void Forget()
    {
        IsWaitedFor = true;
        var now = Read(path + "-wal");
        var same = now.AsSpan().CommonPrefixLength(_durable);
        if (same < now.Length)
        {
            _forgotten.Add((now, same));
        }
    }

    /// <summary>What was forgotten is written once more.</summary>
    public void Renew() => _forgotten.Clear();

    /// <summary>A copy of both as they are now.</summary>
    public LogImage Copy()
    {
        var (file, log) = (Read(path), Read(path + "-wal"));
        if (!file.AsSpan().SequenceEqual(_file))
        {
            _file = file;
            _durable = WithoutForgotten(log);
        }

        return new LogImage(_file, log, IsWaitedFor ? _durable : log);
    }

    private static byte[] Read(string path)
    {
        try
        {
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var bytes = new byte[RandomAccess.GetLength(file)];
            return bytes[..RandomAccess.Read(file, bytes, 0)];
        }
        catch (FileNotFoundException)
        {
            return [];
        }
    }

    /// <summary>What the disk has after a wait that succeeds: not what was forgotten before, unless it was written again.</summary>
    private byte[] WithoutForgotten(byte[] now)
    {
        var bytes = (byte[])now.Clone();
        _forgotten.RemoveAll(lost =>
            now.Length < lost.Bytes.Length
            || !now.AsSpan(lost.From, lost.Bytes.Length - lost.From).SequenceEqual(lost.Bytes.AsSpan(lost.From)));
        foreach (var (lost, from) in _forgotten)
        {
            bytes.AsSpan(from, lost.Length - from).Clear();
        }

        return bytes;
    }
}

/// <summary>The catalog at one moment.</summary>
internal sealed record LogImage(byte[] File, byte[] Log, byte[] DurableLog)
{
    /// <summary>The log that a machine which stops leaves: the new bytes to somewhere, now and then with a hole.</summary>
    public byte[] Survive(Random random)
    {
        const int sector = 512;
        var same = Log.AsSpan().CommonPrefixLength(DurableLog);
        switch (random.Next(4))
        {
            case 0:
                return DurableLog;
            case 1:
                return Log;
            case 2:
                // The new bytes as far as they came, and the old ones behind them.
                var cut = random.Next(same, Math.Max(same, Log.Length) + 1);
                return [.. Log.AsSpan(0, Math.Min(cut, Log.Length)), .. DurableLog.AsSpan(Math.Min(cut, DurableLog.Length))];
            default:
                var bytes = (byte[])Log.Clone();
                for (var at = (same + sector - 1) / sector * sector; at < bytes.Length; at += sector)
                {
                    if (random.Next(4) == 0)
                    {
                        var old = DurableLog.AsSpan(Math.Min(at, DurableLog.Length));
                        var hole = bytes.AsSpan(at, Math.Min(sector, bytes.Length - at));
                        hole.Clear();
                        old[..Math.Min(old.Length, hole.Length)].CopyTo(hole);
                    }
                }

                return bytes;
        }
    }
}
