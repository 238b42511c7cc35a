namespace PouringRain.Protocol.Grouping;

/// <summary>When the next datagram may go out, so that what goes over the wire never exceeds the rate: after bytes are sent, nothing
/// is until the wire would be done with them.</summary>
internal sealed class GroupPacer
{
    /// <summary>What a loop was late may be made up for, and a batch is no longer.</summary>
    private const long BatchNanoseconds = 1_000_000;

    private readonly int _frameBytes;
    private readonly int _dropletMoreBytes, _messageMoreBytes;
    private long _freeAt;

    public GroupPacer(GroupSenderOptions options, Instant now)
    {
        _frameBytes = options.FrameBytes;
        _dropletMoreBytes = options.DropletBytesMore + (options.IsSealed ? Sealing.SealedFormat.CompactOverhead : 0);
        _messageMoreBytes = options.IsSealed ? Sealing.SealedFormat.FullOverhead : 0;
        RateBitsPerSecond = Math.Max(1, options.RateBitsPerSecond);
        _freeAt = now.Nanoseconds;
    }

    public long RateBitsPerSecond { get; set; }

    /// <summary>Bytes sent, all headers counted.</summary>
    public long WireBytes { get; private set; }

    /// <summary>When something may be sent.</summary>
    public Instant NextTime => new(_freeAt);

    public bool MaySend(Instant now) => _freeAt <= now.Nanoseconds;

    /// <summary>How many droplets of so many bytes may go out together now, when one may.</summary>
    public int DropletCount(Instant now, int bytes)
    {
        var behind = Math.Min(now.Nanoseconds - _freeAt, BatchNanoseconds);
        var each = Nanoseconds(bytes + _frameBytes + _dropletMoreBytes);
        return (int)Math.Clamp((behind + (BatchNanoseconds / 2)) / Math.Max(1, each), 1, 64);
    }

    public void OnDroplets(Instant now, int count, int bytes) => Spend(now, count * (long)(bytes + _frameBytes + _dropletMoreBytes));

    public void OnMessage(Instant now, int bytes) => Spend(now, bytes + _frameBytes + _messageMoreBytes);

    private void Spend(Instant now, long bytes)
    {
        WireBytes += bytes;
        _freeAt = Math.Max(_freeAt, now.Nanoseconds - BatchNanoseconds) + Nanoseconds(bytes);
    }

    private long Nanoseconds(long bytes) => (long)(bytes * 8e9 / RateBitsPerSecond);
}
