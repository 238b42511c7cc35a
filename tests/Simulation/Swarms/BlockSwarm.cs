namespace Simulation.Swarms;

/// <summary>
/// A swarm of nodes that give each other whole blocks, without packets: what the rules of who serves whom with what come to, of more nodes
/// than the machines themselves can be simulated with. Time goes in quarters of what a block takes at rate 1. A node saves up what it may
/// send and take of these, and no more than two blocks' worth.
/// </summary>
public sealed class BlockSwarm
{
    /// <summary>Turns in the time that a block takes at rate 1.</summary>
    private const int Turns = 4;

    /// <summary>Neighbours that a node turns to by itself, and as many as it takes at most.</summary>
    private readonly int _opened, _most;

    private readonly SimRandom _random;
    private readonly Member[] _members;
    private readonly int _blockCount;
    private readonly int[] _order;
    private int _nextOfSeeder;

    /// <param name="seed">Of its choices.</param>
    /// <param name="blockCount">Blocks of the resource.</param>
    /// <param name="rates">Of each node, up and down, where 1 is the rate that time is counted by; node 0 is the seeder.</param>
    /// <param name="opened">Neighbours that each node turns to by itself.</param>
    /// <param name="most">Neighbours that it takes at most.</param>
    public BlockSwarm(ulong seed, int blockCount, IReadOnlyList<double> rates, int opened = 4, int most = 12)
    {
        _random = new SimRandom(seed);
        _blockCount = blockCount;
        (_opened, _most) = (opened, most);
        _members = new Member[rates.Count];
        _order = new int[rates.Count];
        for (var i = 0; i < _members.Length; i++)
        {
            _members[i] = new Member(rates[i], blockCount);
            _order[i] = i;
        }

        Array.Fill(_members[0].Held, ulong.MaxValue);
        _members[0].Count = blockCount;
        for (var i = 0; i < _members.Length; i++)
        {
            FindNeighbours(i);
        }
    }

    /// <summary>Of a node's chances in a turn that it goes away for good, per million.</summary>
    public int LeavingPerMillion { get; init; }

    /// <summary>Share of what is sent that is lost; what is lost is made good by more of it.</summary>
    public double Loss { get; init; }

    /// <summary>Whether who holds least is served first; otherwise one after the other.</summary>
    public bool IsDeprivedFirst { get; init; } = true;

    /// <summary>Runs until every node that is there has all blocks.</summary>
    /// <returns>Times at which each had them, in block times at rate 1, in ascending order.</returns>
    public double[] Run()
    {
        var times = new List<double>();
        for (var turn = 1; times.Count < _members.Count(member => !member.HasLeft) - 1; turn++)
        {
            Settle(turn, times);
            foreach (var member in _members)
            {
                var share = member.Rate * (1 - Loss) / Turns;
                member.Up = Math.Min(member.Up + share, 1 + share);
                member.Down = Math.Min(member.Down + share, 1 + share);
            }

            for (var i = _order.Length - 1; i >= 0; i--)
            {
                var other = (int)_random.Below(i + 1);
                (_order[i], _order[other]) = (_order[other], _order[i]);
                Serve(_order[i]);
            }
        }

        times.Sort();
        return [.. times];
    }

    /// <summary>What was sent in the turn before is there now.</summary>
    private void Settle(int turn, List<double> times)
    {
        for (var i = 1; i < _members.Length; i++)
        {
            var member = _members[i];
            if (member.HasLeft)
            {
                continue;
            }

            if (member.Coming.Count > 0)
            {
                foreach (var block in member.Coming)
                {
                    member.Held[block / 64] |= 1UL << (block % 64);
                }

                member.Count += member.Coming.Count;
                member.Coming.Clear();
                if (member.Count == _blockCount)
                {
                    times.Add((double)(turn - 1) / Turns);
                }
            }

            if (LeavingPerMillion > 0 && member.Count < _blockCount && _random.Chance(LeavingPerMillion))
            {
                Leave(i);
            }
        }
    }

    private void Serve(int sender)
    {
        var from = _members[sender];
        while (from.Up >= 1 && !from.HasLeft)
        {
            var best = -1;
            var block = -1;
            var start = IsDeprivedFirst ? (int)_random.Below(Math.Max(1, from.Neighbours.Count)) : from.NextNeighbour++;
            for (var i = 0; i < from.Neighbours.Count; i++)
            {
                var neighbour = from.Neighbours[(start + i) % from.Neighbours.Count];
                var to = _members[neighbour];
                if (to.Down < 1 || to.All == _blockCount || (best >= 0 && to.All >= _members[best].All))
                {
                    continue;
                }

                var found = sender == 0 && _nextOfSeeder < _blockCount ? _nextOfSeeder : PickBlock(from, to);
                if (found >= 0)
                {
                    (best, block) = (neighbour, found);
                    if (!IsDeprivedFirst)
                    {
                        break;
                    }
                }
            }

            if (best < 0)
            {
                return;
            }

            _nextOfSeeder += sender == 0 && block == _nextOfSeeder ? 1 : 0;
            from.Up--;
            _members[best].Down--;
            _members[best].Wanted[block / 64] &= ~(1UL << (block % 64));
            _members[best].Coming.Add(block);
        }
    }

    /// <summary>Any block that one has and the other wants, from a random place on.</summary>
    private int PickBlock(Member from, Member to)
    {
        var words = from.Held.Length;
        var start = (int)_random.Below(words);
        for (var i = 0; i < words; i++)
        {
            var word = (start + i) % words;
            var bits = from.Held[word] & to.Wanted[word];
            if (bits != 0)
            {
                for (var skip = _random.Below(System.Numerics.BitOperations.PopCount(bits)); skip > 0; skip--)
                {
                    bits &= bits - 1;
                }

                return (word * 64) + System.Numerics.BitOperations.TrailingZeroCount(bits);
            }
        }

        return -1;
    }

    private void FindNeighbours(int index)
    {
        var member = _members[index];
        for (var tries = 0; tries < 50 && member.Neighbours.Count < _opened; tries++)
        {
            var other = (int)_random.Below(_members.Length);
            var peer = _members[other];
            if (other == index || peer.HasLeft || member.Neighbours.Contains(other) || peer.Neighbours.Count >= _most)
            {
                continue;
            }

            member.Neighbours.Add(other);
            peer.Neighbours.Add(index);
        }
    }

    private void Leave(int index)
    {
        var member = _members[index];
        member.HasLeft = true;
        foreach (var neighbour in member.Neighbours)
        {
            _members[neighbour].Neighbours.Remove(index);
            FindNeighbours(neighbour);
        }

        member.Neighbours.Clear();
    }

    private sealed class Member
    {
        public Member(double rate, int blockCount)
        {
            Rate = rate;
            Held = new ulong[(blockCount + 63) / 64];
            Wanted = new ulong[Held.Length];
            for (var block = 0; block < blockCount; block++)
            {
                Wanted[block / 64] |= 1UL << (block % 64);
            }
        }

        public double Rate { get; }

        public double Up { get; set; }

        public double Down { get; set; }

        public int Count { get; set; }

        /// <summary>Counting those that are coming.</summary>
        public int All => Count + Coming.Count;

        public bool HasLeft { get; set; }

        public int NextNeighbour { get; set; }

        /// <summary>Blocks that it has.</summary>
        public ulong[] Held { get; }

        /// <summary>Blocks that it has not and that are not coming.</summary>
        public ulong[] Wanted { get; }

        public List<int> Coming { get; } = [];

        public List<int> Neighbours { get; } = [];
    }
}
