using System.Buffers.Binary;
using static PouringRain.Protocol.Durations;

namespace PouringRain.Protocol;

/// <summary>What a source is to a fetch in company: what it holds, what it would like to be asked for, and when it is told and asked
/// again (JOIN).</summary>
internal sealed class Neighbour
{
    /// <summary>One that was only named is sent no more than so many small datagrams before it has answered.</summary>
    private const int ProbeCountMax = 3;

    private static readonly TimeSpan ProbeGap = TimeSpan.FromMilliseconds(500), RetryGap = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan RetryMax = TimeSpan.FromSeconds(1), CompleteGapMin = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan CompleteGap = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan QuietPauseMax = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan NewsGap = TimeSpan.FromMilliseconds(2), SoonGap = TimeSpan.FromMilliseconds(10);

    private readonly List<int> _declined = [];
    private Instant _lastJoin;
    private TimeSpan _pause, _completeGap = CompleteGapMin;
    private int _unanswered;

    /// <param name="now">The time.</param>
    /// <param name="isNamed">See <see cref="IsNamed"/>.</param>
    /// <param name="isKnown">Whether it has given a token.</param>
    public Neighbour(Instant now, bool isNamed, bool isKnown = true)
    {
        IsNamed = isNamed;
        IsProbed = isNamed && !isKnown;
        NextJoin = now;
        LastUseful = now;
        LastDroplet = now;
    }

    /// <summary>Whether it is known by the word of others alone, and not by the list of servers; such a one may be replaced.</summary>
    public bool IsNamed { get; }

    /// <summary>Whether it was named and has not answered yet.</summary>
    public bool IsProbed { get; private set; }

    private bool WereProbesSent => IsProbed && _unanswered >= ProbeCountMax;

    /// <summary>Null as long as it has told nothing.</summary>
    public HeldMap? Held { get; private set; }

    /// <summary>The most blocks that it held, by its own account.</summary>
    public int HeldMost { get; private set; }

    /// <summary>Whether it wants to be asked for nothing but what it suggests.</summary>
    public bool IsSuggestedOnly { get; private set; }

    /// <summary>What it suggests.</summary>
    public List<int> Suggested { get; } = [];

    public Instant NextJoin { get; private set; }

    /// <summary>When it last brought something, or came.</summary>
    public Instant LastUseful { get; private set; }

    /// <summary>When it last sent a droplet, ordered or not, or came.</summary>
    public Instant LastDroplet { get; private set; }

    /// <summary>Whether it was named and does not answer, though the last that it was sent had its time, too.</summary>
    public bool HasFailed(Instant now) => WereProbesSent && now - _lastJoin >= ProbeGap;

    /// <summary>There is news of this node that it should have soon.</summary>
    public void Tell(Instant now) => NextJoin = IsProbed ? NextJoin : Instant.Min(NextJoin, now);

    /// <summary>It brought a symbol that was ordered.</summary>
    public void OnBrought(Instant now) => LastUseful = now;

    /// <summary>It sent a droplet, ordered or not.</summary>
    public void OnDroplet(Instant now) => LastDroplet = now;

    /// <summary>It has given a token, and can be subscribed to.</summary>
    public void OnToken(Instant now)
    {
        IsProbed = false;
        _unanswered = 0;
        NextJoin = now + RetryGap;
    }

    /// <summary>Takes its answer.</summary>
    /// <returns>Whether there may be more to ask of it than before.</returns>
    public bool OnHave(
        Instant now, in HaveMessage have, int blockCount, ReadOnlySpan<byte> bitmap, ReadOnlySpan<byte> arrivals,
        ReadOnlySpan<byte> suggested)
    {
        IsProbed = false;
        _unanswered = 0;
        Held ??= new HeldMap(blockCount);
        var isMore = Held.Take(have, bitmap, arrivals) || (IsSuggestedOnly && !have.IsSuggestedOnly);
        HeldMost = Math.Max(HeldMost, Held.Count);
        IsSuggestedOnly = have.IsSuggestedOnly;
        Suggested.Clear();
        for (var i = 0; i < suggested.Length; i += 4)
        {
            var block = BinaryPrimitives.ReadUInt32BigEndian(suggested[i..]);
            if (block < (uint)blockCount && !_declined.Contains((int)block))
            {
                Suggested.Add((int)block);
            }
        }

        // Where a block takes longer than the pause, most answers would say that there is nothing new.
        var asked = TimeSpan.FromMilliseconds(have.PauseMilliseconds);
        _pause = isMore || Suggested.Count > 0 || _pause < asked ? asked : Min(_pause * 2, Max(asked, QuietPauseMax));
        NextJoin = _lastJoin + (Held.LacksNews ? NewsGap
            : Held.IsComplete && !IsSuggestedOnly ? NextCompleteGap()
            : _pause);
        NextJoin = Instant.Max(NextJoin, now + NewsGap);
        return isMore || Suggested.Count > 0;
    }

    /// <summary>A suggested block is under way from it, so that there is room for another.</summary>
    public void OnTaken(Instant now, int block)
    {
        Suggested.Remove(block);
        Hurry(now);
    }

    /// <summary>A suggested block is of no use.</summary>
    public void Decline(Instant now, int block)
    {
        Suggested.Remove(block);
        if (_declined.Count < JoinMessage.DeclinedCountMax && !_declined.Contains(block))
        {
            _declined.Add(block);
        }

        NextJoin = Instant.Min(NextJoin, Instant.Max(now, _lastJoin + SoonGap));
    }

    /// <summary>Writes the JOIN that is due.</summary>
    public int WriteJoin(Instant now, Span<byte> buffer, JoinMessage message)
    {
        var known = Held?.Known ?? default;
        message.Epoch = known.Epoch;
        message.FirstUnknown = known.FirstUnknown;
        message.ArrivalsKnown = known.ArrivalsKnown;
        var length = message.Write(buffer, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_declined));
        _declined.Clear();
        _lastJoin = now;
        var gap = IsProbed ? ProbeGap * (1 << _unanswered) : RetryGap * (1 << Math.Min(_unanswered, 4));
        _unanswered++;
        NextJoin = WereProbesSent ? Instant.Never : now + (gap < RetryMax ? gap : RetryMax);
        return length;
    }

    /// <summary>One that holds all has no news but that others have come, which is likely at first.</summary>
    private TimeSpan NextCompleteGap()
    {
        var gap = _completeGap;
        _completeGap = gap * 2 < CompleteGap ? gap * 2 : CompleteGap;
        return gap;
    }

    private void Hurry(Instant now)
    {
        if (_pause < CompleteGap / 4)
        {
            NextJoin = Instant.Min(NextJoin, Instant.Max(now, _lastJoin + SoonGap));
        }
    }
}
