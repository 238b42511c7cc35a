namespace OldBroadband;

/// <summary>A client of "broadband", written from the description of its format alone, and sharing no line with the programs under test.
/// It keeps one offset, takes what overlaps it from whoever sends it, and answers every datagram beyond it with a NACK.</summary>
internal sealed class OldBroadbandClient(Action<byte[]> send)
{
    private readonly List<byte> _output = [];

    /// <summary>Whether it has exited.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>What it wrote to its standard output.</summary>
    public byte[] Output => [.. _output];

    private long Got => _output.Count;

    public void Take(ReadOnlySpan<byte> datagram)
    {
        if (HasEnded)
        {
            return;
        }

        var start = BitConverter.ToInt64(datagram);
        var end = start + datagram.Length - 8;
        if (start > Got)
        {
            send(BitConverter.GetBytes(Got));
        }
        else if (start == end)
        {
            HasEnded = start == Got;
        }
        else if (end > Got)
        {
            _output.AddRange(datagram[(8 + (int)(Got - start))..]);
        }
    }
}
