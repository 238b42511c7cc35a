namespace PouringRain.Protocol;

/// <summary>Small answers that wait to be sent. Bounded: what does not fit is lost, as any datagram may be.</summary>
/// <param name="countMax">How many may wait.</param>
/// <param name="answerBytesMax">The most bytes of one.</param>
internal sealed class AnswerQueue(int countMax, int answerBytesMax)
{
    private readonly byte[] _bytes = new byte[countMax * answerBytesMax];
    private readonly (PeerAddress To, int Length)[] _entries = new (PeerAddress, int)[countMax];
    private int _first;
    private int _count;

    public int Count => _count;

    /// <summary>Room for one answer, to be followed by <see cref="Commit"/>; empty when the queue is full.</summary>
    public Span<byte> Reserve() =>
        _count == countMax ? default : _bytes.AsSpan(((_first + _count) % countMax) * answerBytesMax, answerBytesMax);

    public void Commit(PeerAddress to, int length)
    {
        _entries[(_first + _count) % countMax] = (to, length);
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
        _bytes.AsSpan(_first * answerBytesMax, length).CopyTo(buffer);
        _first = (_first + 1) % countMax;
        _count--;
        transmit = new Transmit(to, length, length);
        return true;
    }
}
