namespace PouringRain.Protocol;

/// <summary>Small answers that wait to be sent. Bounded: what does not fit is lost, as any datagram may be.</summary>
internal sealed class AnswerQueue
{
    /// <summary>The largest answer: an OFFER with the longest name of a code.</summary>
    public const int AnswerBytesMax = OfferMessage.BytesMax;

    private const int CountMax = 512;
    private readonly byte[] _bytes = new byte[CountMax * AnswerBytesMax];
    private readonly (PeerAddress To, int Length)[] _entries = new (PeerAddress, int)[CountMax];
    private int _first;
    private int _count;

    public int Count => _count;

    /// <summary>Room for one answer, to be followed by <see cref="Commit"/>; empty when the queue is full.</summary>
    public Span<byte> Reserve() =>
        _count == CountMax ? default : _bytes.AsSpan(((_first + _count) % CountMax) * AnswerBytesMax, AnswerBytesMax);

    public void Commit(PeerAddress to, int length)
    {
        _entries[(_first + _count) % CountMax] = (to, length);
        _count++;
    }

    public bool TryDequeue(Span<byte> buffer, out Transmit transmit)
    {
        if (_count == 0)
        {
            transmit = default;
            return false;
        }

        var (to, length) = _entries[_first];
        _bytes.AsSpan(_first * AnswerBytesMax, length).CopyTo(buffer);
        _first = (_first + 1) % CountMax;
        _count--;
        transmit = new Transmit(to, length, length);
        return true;
    }
}
