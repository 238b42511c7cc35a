using System.Runtime.InteropServices;

namespace PouringRain.Protocol;

/// <summary>
/// Whether what the seeder gave to its members is given on by them. Now and then a member is suggested a block that another one was given a
/// while ago: who declines it has it by now; who takes it shows that it has not come around. A member of which three others in a row had
/// nothing keeps what it gets for itself, whatever it says: it is a sink.
/// </summary>
/// <remarks>The idea is that of BitTorrent's super-seeding, which gives a peer the next piece when the one before was seen at others.
/// Nothing that a member says of itself counts here, and a member that speaks against another speaks once. A sink may be an honest node
/// to whom nobody comes through, or whose link is slow: what it gets would have to be sent again all the same. Not thread-safe.</remarks>
/// <param name="blockCount">Blocks of the version.</param>
internal sealed class SpreadWatch(int blockCount)
{
    /// <summary>So many others in a row must have lacked what a member was given. Of those that are asked about what an honest one was
    /// given about one in 17 lacks it, by the choice of <see cref="_lag"/>.</summary>
    private const int DoubtsMax = 3;

    /// <summary>The least that <see cref="_lag"/> gets to.</summary>
    private const int LagMin = 32;

    /// <summary>So many blocks may be sent again because of questions, and one of so many that were given; of the questions that are not
    /// answered yet one of so many is taken to find something lacking.</summary>
    private const int LackedSpare = 16, LackedShare = 32, LackedOneIn = 4;

    /// <summary>Members looked at for one to be asked about.</summary>
    private const int LookedAtMax = 8;

    /// <summary>Members that may be asked about, who was asked about last last.</summary>
    private readonly Queue<SwarmMember> _turn = [];

    /// <summary>Of blocks that one member was suggested to see whether it lacks them: who was given them first.</summary>
    private readonly Dictionary<int, (SwarmMember Given, SwarmMember Asked)> _questions = [];

    /// <summary>Blocks given to somebody so far: the time here.</summary>
    private long _givenCount;

    /// <summary>After so many blocks what was given to one is expected at all others. It grows by half when somebody lacks something and
    /// shrinks by 1/32 when not, so that it settles where one of 17 questions finds something lacking.</summary>
    private int _lag = LagMin;

    /// <summary>Blocks that were sent again because of a question.</summary>
    private long _lackedCount;

    private int LagMax => Math.Max(LagMin, blockCount / 4);

    /// <summary>Members that somebody is asked about.</summary>
    public int QuestionCount => _questions.Count;

    /// <summary>Among many members it takes longer until a block has come around than is known at first, and there are many to ask: what is
    /// sent again because of it is bounded.</summary>
    private bool MayAsk => _lackedCount + (_questions.Count / LackedOneIn) <= LackedSpare + (_givenCount / LackedShare);

    /// <summary>A block that nobody had was sent whole to a member.</summary>
    public void OnGiven(SwarmMember member, int block)
    {
        var account = member.Spread;
        if (account.Given.Count == 0 && !account.IsInTurn)
        {
            account.IsInTurn = true;
            _turn.Enqueue(member);
        }

        account.Given.Add((_givenCount++, block));
    }

    /// <summary>Whether a sink should get another block to show that it is none; not again for a while.</summary>
    public bool TryLetShow(SwarmMember sink)
    {
        if (_givenCount < sink.Spread.NextGift)
        {
            return false;
        }

        sink.Spread.NextGift = _givenCount + _lag;
        return true;
    }

    /// <summary>Finds a block that a member should have by now.</summary>
    public bool TryAsk(SwarmMember asked, out int block)
    {
        block = -1;
        if (asked.Spread.IsSink || !MayAsk)
        {
            return false;
        }

        for (var i = Math.Min(_turn.Count, LookedAtMax); i > 0; i--)
        {
            var member = _turn.Dequeue();
            var account = member.Spread;
            if (account.Given.Count == 0)
            {
                account.IsInTurn = false;
                continue;
            }

            _turn.Enqueue(member);
            if (member == asked || account.IsAskedAbout || account.LastDoubter == asked || _givenCount < account.NextQuestion)
            {
                continue;
            }

            var index = account.Given.Count - 1;
            while (index >= 0 && account.Given[index].At + _lag > _givenCount)
            {
                index--;
            }

            if (index < 0)
            {
                continue;
            }

            block = account.Given[index].Block;
            account.IsAskedAbout = true;
            _questions.Add(block, (member, asked));
            return true;
        }

        return false;
    }

    /// <summary>Whether a block was suggested to a member to see whether it has it.</summary>
    public bool IsQuestion(SwarmMember asked, int block) => _questions.TryGetValue(block, out var question) && question.Asked == asked;

    /// <summary>Whoever was asked has it.</summary>
    /// <param name="block">One that is a question.</param>
    public void OnHad(int block)
    {
        var account = End(block).Given.Spread;
        account.Doubts = 0;
        account.LastDoubter = null;
        account.IsSink = false;
        account.NextQuestion = _givenCount + LagMin;
        account.Given.RemoveRange(0, account.IndexOf(block) + 1);
        _lag = Math.Max(LagMin, _lag - (_lag / 32));
    }

    /// <summary>Whoever was asked had to be sent it.</summary>
    /// <param name="block">One that is a question.</param>
    /// <param name="returned">Takes what was given to somebody who is found to be a sink, to be given to others.</param>
    public void OnLacked(int block, Queue<int> returned)
    {
        var (given, asked) = End(block);
        var account = given.Spread;
        account.LastDoubter = asked;
        account.Given.RemoveAt(account.IndexOf(block));
        if (account.IsSink)
        {
            return;
        }

        _lackedCount++;
        _lag = Math.Min(LagMax, _lag + (_lag / 2));
        if (++account.Doubts == DoubtsMax)
        {
            account.IsSink = true;
            foreach (var (_, other) in account.Given)
            {
                returned.Enqueue(other);
            }

            account.Given.Clear();
        }
    }

    /// <summary>Whoever was asked has not said.</summary>
    /// <param name="block">One that is a question.</param>
    public void OnUnanswered(int block) => End(block);

    /// <summary>A member is gone; its blocks may have spread or not, and who lacks them will say so in the end.</summary>
    public void Leave(SwarmMember member)
    {
        member.Spread.Given.Clear();
        foreach (var (block, question) in _questions)
        {
            if (question.Given == member || question.Asked == member)
            {
                End(block);
            }
        }
    }

    private (SwarmMember Given, SwarmMember Asked) End(int question)
    {
        _questions.Remove(question, out var members);
        members.Given.Spread.IsAskedAbout = false;
        return members;
    }

    /// <summary>What is known of one member.</summary>
    internal sealed class Account
    {
        private volatile bool _isSink;

        /// <summary>What it was given before anybody else, and when, the oldest first; without what is known to have come around.</summary>
        public List<(long At, int Block)> Given { get; } = [];

        /// <summary>Others in a row that lacked something of it.</summary>
        public int Doubts { get; set; }

        public SwarmMember? LastDoubter { get; set; }

        /// <summary>Whether it keeps what it gets for itself. Read without the lock where its turn comes.</summary>
        public bool IsSink
        {
            get => _isSink;
            set => _isSink = value;
        }

        public bool IsInTurn { get; set; }

        public bool IsAskedAbout { get; set; }

        public long NextQuestion { get; set; }

        public long NextGift { get; set; }

        public int IndexOf(int block)
        {
            var given = CollectionsMarshal.AsSpan(Given);
            for (var i = 0; i < given.Length; i++)
            {
                if (given[i].Block == block)
                {
                    return i;
                }
            }

            throw new InvalidOperationException($"Block {block} was not given.");
        }
    }
}
