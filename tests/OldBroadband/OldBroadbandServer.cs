namespace OldBroadband;

/// <summary>A server of "broadband", written from the description of its format alone. It streams what it has, seeks wherever anybody
/// asks, and repeats the end.</summary>
internal sealed class OldBroadbandServer(byte[] image, Action<byte[]> broadcast)
{
    private long _offset;

    /// <summary>Sends the next datagram.</summary>
    public void Step()
    {
        var count = (int)Math.Min(1400, image.Length - _offset);
        var datagram = new byte[8 + count];
        BitConverter.TryWriteBytes(datagram, _offset);
        image.AsSpan((int)_offset, count).CopyTo(datagram.AsSpan(8));
        _offset += count;
        broadcast(datagram);
    }

    public void Take(ReadOnlySpan<byte> datagram) => _offset = BitConverter.ToInt64(datagram);
}
