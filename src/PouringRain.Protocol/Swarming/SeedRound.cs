using System.Buffers.Binary;

namespace PouringRain.Protocol;

/// <summary>
/// In which order one that holds all blocks gives them to a swarm: each to somebody before any is given twice, in the order of the
/// resource, since those who read it read it so. Who asks is suggested blocks of its own, no more at a time than are sent soon; what was
/// suggested to one that leaves, or is slow at the end, goes to the next. When all have been sent the round is over, and everybody asks
/// for what it likes.
/// Thread-safe.
/// </summary>
/// <param name="blockCount">Blocks of the version.</param>
internal sealed class SeedRound(int blockCount)
{
    /// <summary>Blocks suggested to be sent, and not sent, of all members: as many as were sent in two of these times, and so many
    /// more.</summary>
    private const int SpareMin = 8;

    /// <summary>No more members than these ask in two of these times, by the pause that each of many is told to make.</summary>
    private const int AskersMax = 250;

    /// <summary>What takes so many times as long as usual is another's at the end.</summary>
    private const int SlowTimes = 2;

    /// <summary>So many suggestions are looked at for one that another member is to have.</summary>
    private const int TakenOverMax = 64;

    /// <summary>So few are no reason to keep the others waiting.</summary>
    private const int LastCount = 3;

    private static readonly TimeSpan Span = TimeSpan.FromMilliseconds(250);

    /// <summary>Who has not had what it was suggested by then does not want it.</summary>
    private static readonly TimeSpan SuggestionLifetime = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly Dictionary<int, int> _sent = [];
    private readonly Dictionary<int, Instant> _suggestedAt = [];
    private readonly Queue<int> _returned = [];
    private readonly SpreadWatch _spread = new(blockCount);

    /// <summary>What was suggested when, the oldest first; much of it is settled.</summary>
    private readonly Queue<(Instant At, SwarmMember Member, int Block)> _suggestions = [];
    private Instant _spanEnd;

    /// <summary>What it usually takes from the suggestion of a block until it is sent whole; long until it is known.</summary>
    private TimeSpan _blockTime = SuggestionLifetime / 2;
    private int _sentInSpan, _sentInSpanBefore;
    private int _next;
    private int _suggestedCount;
    private volatile bool _isOver;

    /// <summary>Blocks suggested and not sent. Those that somebody is asked about, most of which he has, count for nothing: where many
    /// are in company their answers take a while.</summary>
    private int ToSendCount => _suggestedCount - _spread.QuestionCount;

    /// <summary>Whether every block has been sent to somebody who is there, but for a few that are on their way.</summary>
    public bool IsOver => _isOver;

    /// <summary>Writes what a member should ask for: what it was told before and has not been sent whole, and more if there is any to
    /// give.</summary>
    /// <param name="now">The time.</param>
    /// <param name="member">The member.</param>
    /// <param name="declined">Blocks of no use to it, 4 bytes each.</param>
    /// <param name="suggested">Room for block numbers, 4 bytes each.</param>
    /// <returns>How many were written.</returns>
    public int Suggest(Instant now, SwarmMember member, ReadOnlySpan<byte> declined, Span<byte> suggested)
    {
        lock (_gate)
        {
            for (var i = 0; i < declined.Length; i += 4)
            {
                Decline(member, BinaryPrimitives.ReadInt32BigEndian(declined[i..]));
            }

            TakeBack(now);
            Turn(now);
            var spare = SpareMin + (2 * Math.Max(_sentInSpan, _sentInSpanBefore));
            var askers = Math.Clamp(member.Swarm.MemberCount, 1, AskersMax);
            var memberMax = Math.Clamp(spare / askers, 1, suggested.Length / 4);
            while (member.Suggested.Count < memberMax && TryChoose(now, member, spare, out var block))
            {
                member.Suggested.Add(block);
                _suggestedAt[block] = now;
                _suggestions.Enqueue((now, member, block));
                _suggestedCount++;
            }

            LookAtEnd();
            var count = Math.Min(member.Suggested.Count, suggested.Length / 4);
            for (var i = 0; i < count; i++)
            {
                BinaryPrimitives.WriteInt32BigEndian(suggested[(4 * i)..], member.Suggested[i]);
            }

            return count;
        }
    }

    /// <summary>Symbols of a block were sent to a member.</summary>
    /// <param name="now">The time.</param>
    /// <param name="member">The member.</param>
    /// <param name="block">The block.</param>
    /// <param name="count">How many now.</param>
    /// <param name="symbolCount">How many make the block.</param>
    public void OnSent(Instant now, SwarmMember member, int block, int count, int symbolCount)
    {
        lock (_gate)
        {
            if (!member.Suggested.Contains(block))
            {
                return;
            }

            var sent = _sent.GetValueOrDefault(block) + count;
            if (sent < symbolCount)
            {
                _sent[block] = sent;
                return;
            }

            Turn(now);
            _sentInSpan++;
            _blockTime += (now - _suggestedAt[block] - _blockTime) / 8;
            Settle(member, block);
            if (_spread.IsQuestion(member, block))
            {
                _spread.OnLacked(block, _returned);
            }

            _spread.OnGiven(member, block);
            LookAtEnd();
        }
    }

    /// <summary>A member is gone: what it was suggested goes to others.</summary>
    public void Leave(SwarmMember member)
    {
        lock (_gate)
        {
            foreach (var block in member.Suggested)
            {
                _sent.Remove(block);
                _suggestedAt.Remove(block);
                if (!_spread.IsQuestion(member, block))
                {
                    _returned.Enqueue(block);
                }
            }

            _spread.Leave(member);
            _suggestedCount -= member.Suggested.Count;
            member.Suggested.Clear();
            LookAtEnd();
        }
    }

    private bool TryChoose(Instant now, SwarmMember member, int spare, out int block)
    {
        if (_spread.TryAsk(member, out block))
        {
            return true;
        }

        if (ToSendCount >= spare)
        {
            return false;
        }

        // What a sink gets nobody else gets of it: it has what is left over, and now and then a block to show that it is none.
        if (member.Spread.IsSink && ToSendCount >= spare / 2 && !_spread.TryLetShow(member))
        {
            return false;
        }

        if (_returned.TryDequeue(out block))
        {
            return true;
        }

        block = _next;
        if (block < blockCount)
        {
            _next++;
            return true;
        }

        return TryTakeOver(now, member, out block);
    }

    /// <summary>When there is nothing else to give, a slow member keeps nobody waiting for what it was suggested a while ago and has been
    /// sent nothing of.</summary>
    private bool TryTakeOver(Instant now, SwarmMember member, out int block)
    {
        var slow = _blockTime * SlowTimes < Span ? Span : _blockTime * SlowTimes;
        var lookedAt = 0;
        foreach (var suggestion in _suggestions)
        {
            if (now - suggestion.At < slow || ++lookedAt > TakenOverMax)
            {
                break;
            }

            block = suggestion.Block;
            if (suggestion.Member != member && suggestion.Member.Suggested.Contains(block) && !_sent.ContainsKey(block)
                && !_spread.IsQuestion(suggestion.Member, block))
            {
                Settle(suggestion.Member, block);
                return true;
            }
        }

        block = -1;
        return false;
    }

    private void Decline(SwarmMember member, int block)
    {
        if (_spread.IsQuestion(member, block))
        {
            _spread.OnHad(block);
        }

        Settle(member, block);
    }

    private void Settle(SwarmMember member, int block)
    {
        if (member.Suggested.Remove(block))
        {
            _suggestedCount--;
            _sent.Remove(block);
            _suggestedAt.Remove(block);
        }
    }

    private void TakeBack(Instant now)
    {
        while (_suggestions.TryPeek(out var oldest))
        {
            var isOpen = oldest.Member.Suggested.Contains(oldest.Block);
            if (isOpen && now - oldest.At <= SuggestionLifetime)
            {
                break;
            }

            _suggestions.Dequeue();
            if (isOpen)
            {
                Settle(oldest.Member, oldest.Block);
                if (_spread.IsQuestion(oldest.Member, oldest.Block))
                {
                    _spread.OnUnanswered(oldest.Block);
                }
                else
                {
                    _returned.Enqueue(oldest.Block);
                }
            }
        }
    }

    private void LookAtEnd() => _isOver = _next == blockCount && _returned.Count == 0 && ToSendCount <= LastCount;

    private void Turn(Instant now)
    {
        if (now < _spanEnd)
        {
            return;
        }

        _sentInSpanBefore = now < _spanEnd + Span ? _sentInSpan : 0;
        _sentInSpan = 0;
        _spanEnd = now + Span;
    }
}
