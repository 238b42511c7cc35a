namespace PouringRain.Protocol.Sealing;

/// <summary>Remembers which of the last 1024 counters of a sender came (RFC 6479 in the
/// small). What is older counts as having come.</summary>
internal sealed class ReplayWindow
{
    public const int Size = 1024;

    private readonly ulong[] _seen = new ulong[Size / 64];
    private ulong _highest;

    /// <summary>Whether a counter has not come yet. 0 is never used.</summary>
    public bool IsNew(ulong counter)
    {
        if (counter > _highest)
        {
            return true;
        }

        return counter != 0 && _highest - counter < Size && (_seen[WordOf(counter)] & BitOf(counter)) == 0;
    }

    /// <summary>Notes that a counter came.</summary>
    public void Take(ulong counter)
    {
        if (counter > _highest)
        {
            var steps = counter - _highest;
            if (steps >= Size)
            {
                Array.Clear(_seen);
            }
            else
            {
                for (var skipped = _highest + 1; skipped <= counter; skipped++)
                {
                    _seen[WordOf(skipped)] &= ~BitOf(skipped);
                }
            }

            _highest = counter;
        }

        _seen[WordOf(counter)] |= BitOf(counter);
    }

    private static int WordOf(ulong counter) => (int)(counter / 64 % (Size / 64));

    private static ulong BitOf(ulong counter) => 1UL << (int)(counter % 64);
}
