namespace PouringRain.Protocol;

/// <summary>Which sequences of a path came: counts what must have been sent and what came, and tells duplicates.</summary>
internal sealed class SequenceTracker
{
    // A jump further than this is a server that started over, not a loss.
    private const int JumpMax = 1 << 20;
    private const int WindowBits = 4096;

    private readonly ulong[] _seen = new ulong[WindowBits / 64];
    private uint _highest;

    public bool HasStarted { get; private set; }

    /// <summary>Whether <see cref="HighestKnown"/> is known: from a droplet, or from what
    /// the server says when all it sent was lost.</summary>
    public bool IsHighestKnown { get; private set; }

    /// <summary>The highest sequence known to have been sent.</summary>
    public uint HighestKnown { get; private set; }

    public long Expected { get; private set; }

    public long Received { get; private set; }

    /// <summary>Takes a sequence; false when it came before, or is too old to tell.</summary>
    public bool OnReceived(uint sequence)
    {
        if (!HasStarted || Math.Abs((long)SequenceNumber.Distance(sequence, _highest)) > JumpMax)
        {
            Array.Clear(_seen);
            HasStarted = true;
            _highest = sequence;
            KnowSent(sequence);
            Expected++;
            Received++;
            Mark(sequence);
            return true;
        }

        var distance = SequenceNumber.Distance(sequence, _highest);
        if (distance <= -WindowBits)
        {
            return false;
        }

        if (distance > 0)
        {
            Forget(distance);
            _highest = sequence;
            Expected += distance;
            KnowSent(sequence);
        }
        else if (IsMarked(sequence))
        {
            return false;
        }

        Mark(sequence);
        Received++;
        return true;
    }

    /// <summary>The server says that all before this sequence has been sent.</summary>
    public void OnSentBefore(uint nextSequence) => KnowSent(unchecked(nextSequence - 1));

    /// <summary>Counts nothing that is known to have been sent so far as expected: its loss
    /// says nothing of what is sent from now on.</summary>
    public void Skip()
    {
        var distance = HasStarted ? SequenceNumber.Distance(HighestKnown, _highest) : WindowBits;
        if (!IsHighestKnown || (distance <= 0 && distance >= -JumpMax))
        {
            return;
        }

        Forget(distance > 0 ? distance : WindowBits);
        HasStarted = true;
        _highest = HighestKnown;
    }

    private void KnowSent(uint sequence)
    {
        var distance = SequenceNumber.Distance(sequence, HighestKnown);
        if (!IsHighestKnown || distance > 0 || distance < -JumpMax)
        {
            IsHighestKnown = true;
            HighestKnown = sequence;
        }
    }

    private void Forget(int distance)
    {
        if (distance >= WindowBits)
        {
            Array.Clear(_seen);
            return;
        }

        for (var i = 1; i <= distance; i++)
        {
            var bit = unchecked(_highest + (uint)i) % WindowBits;
            _seen[bit / 64] &= ~(1UL << (int)(bit % 64));
        }
    }

    private bool IsMarked(uint sequence) => (_seen[sequence % WindowBits / 64] & (1UL << (int)(sequence % 64))) != 0;

    private void Mark(uint sequence) => _seen[sequence % WindowBits / 64] |= 1UL << (int)(sequence % 64);
}
