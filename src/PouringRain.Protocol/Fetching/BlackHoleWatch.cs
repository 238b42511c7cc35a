namespace PouringRain.Protocol;

/// <summary>Tells a path on which large datagrams vanish though small ones pass, as one does whose MTU is smaller than the sender knows and
/// on which nobody tells (a black hole, RFC 8899, section 4.3): the server's answers say again and again that it has sent, and nothing
/// of it comes. Loss that is due to chance, a burst of it, or answers that overtake droplets are not taken for one.</summary>
internal sealed class BlackHoleWatch
{
    // At 20 % loss, 24 in a row are lost once in 10^16 times, 8 once in 400,000: these must be gone for longer. A burst of losses takes
    // what is answered in it too.
    private const int ManyCount = 24, SomeCount = 8, AnswerCountMin = 3;
    private const int JumpMax = 1 << 20;
    private static readonly TimeSpan ManyWaitMin = TimeSpan.FromMilliseconds(100), SomeWaitMin = TimeSpan.FromSeconds(1);

    private uint _next;
    private bool _isNextKnown;
    private int _answers;
    private Instant? _someMissing, _manyMissing;

    /// <summary>A large datagram came.</summary>
    public void OnPassed(uint sequence)
    {
        var distance = SequenceNumber.Distance(sequence, _next);
        if (!_isNextKnown || distance >= 0 || distance < -JumpMax)
        {
            StartAt(unchecked(sequence + 1));
        }
        else
        {
            Reset();
        }
    }

    /// <summary>The server says that it has sent all large datagrams before this one; answers whether they vanish.</summary>
    public bool OnAnswer(Instant now, uint nextSequence, TimeSpan roundTrip)
    {
        var missing = SequenceNumber.Distance(nextSequence, _next);
        if (!_isNextKnown || Math.Abs((long)missing) > JumpMax)
        {
            StartAt(nextSequence);
            return false;
        }

        if (missing < SomeCount)
        {
            return false;
        }

        _answers++;
        _someMissing ??= now;
        _manyMissing ??= missing >= ManyCount ? now : null;
        return _answers >= AnswerCountMin
            && (HasLasted(now, _manyMissing, 2 * roundTrip, ManyWaitMin) || HasLasted(now, _someMissing, 6 * roundTrip, SomeWaitMin));
    }

    private static bool HasLasted(Instant now, Instant? since, TimeSpan wait, TimeSpan waitMin) =>
        since is { } start && now - start >= (wait > waitMin ? wait : waitMin);

    private void StartAt(uint next)
    {
        _next = next;
        _isNextKnown = true;
        Reset();
    }

    private void Reset()
    {
        _answers = 0;
        _someMissing = null;
        _manyMissing = null;
    }
}
