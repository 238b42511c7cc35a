using System.Buffers.Binary;
using Simulation;

namespace PouringRain.Protocol.Tests.Swarming;

/// <summary>Plays a seed round: in turns every member takes and is sent one block that it is suggested and does not hold; what was sent in
/// a turn is at all others in the next, but for what keepers were sent.</summary>
internal sealed class SeedRoundPlay
{
    private const int SymbolCount = 10;
    private readonly SwarmTable _table = new();
    private readonly Dictionary<SwarmMember, HashSet<int>> _held = [];
    private readonly int _blockCount;
    private Instant _now = new(1_000_000_000);

    public SeedRoundPlay(int blockCount, int memberCount)
    {
        _blockCount = blockCount;
        var content = SimContent.Create(Scene.RandomBytes(blockCount * 128), blockBytes: 128, symbolSize: 128);
        for (var i = 1; i <= memberCount; i++)
        {
            var member = _table.Enter(
                Scene.Id, content.Manifest, isSeeded: true, new NodeId((ulong)i), PeerAddress.FromIPv4(0x0A00_0000 + (uint)i, 1980));
            Members.Add(member);
            _held.Add(member, []);
        }
    }

    public List<SwarmMember> Members { get; } = [];

    /// <summary>They give nothing on.</summary>
    public List<SwarmMember> Keepers { get; } = [];

    /// <summary>It takes what it has.</summary>
    public SwarmMember? Forgetful { get; set; }

    /// <summary>What the seeder sent whole, in that order.</summary>
    public List<(SwarmMember Member, int Block)> Sent { get; } = [];

    /// <summary>Goes on until the round is over.</summary>
    /// <param name="untilSent">Or until so many blocks were sent.</param>
    public void Run(int untilSent = int.MaxValue)
    {
        var seed = Members[0].Swarm.Seed!;
        var turns = 0;
        while (!seed.IsOver && Sent.Count < untilSent)
        {
            Assert.True(turns++ < 10 * _blockCount, "the round does not end");
            var given = new List<int>();
            foreach (var member in Members)
            {
                Take(seed, member, given);
            }

            foreach (var member in Members)
            {
                _held[member].UnionWith(given);
            }

            _now += TimeSpan.FromMilliseconds(50);
        }
    }

    public void Leave(SwarmMember member)
    {
        Members.Remove(member);
        Keepers.Remove(member);
        _table.Leave(member);
    }

    private void Take(SeedRound seed, SwarmMember member, List<int> given)
    {
        var declined = Suggest(seed, member, []).Where(block => member != Forgetful && _held[member].Contains(block)).ToArray();
        foreach (var block in Suggest(seed, member, declined).Where(block => member == Forgetful || !_held[member].Contains(block)).Take(1))
        {
            _held[member].Add(block);
            seed.OnSent(_now, member, block, SymbolCount, SymbolCount);
            Sent.Add((member, block));
            if (!Keepers.Contains(member))
            {
                given.Add(block);
            }
        }
    }

    private int[] Suggest(SeedRound seed, SwarmMember member, int[] declined)
    {
        var declinedBytes = new byte[4 * declined.Length];
        for (var i = 0; i < declined.Length; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(declinedBytes.AsSpan(4 * i), declined[i]);
        }

        var room = new byte[4 * HaveMessage.SuggestedCountMax];
        var count = seed.Suggest(_now, member, declinedBytes, room);
        return [.. Enumerable.Range(0, count).Select(i => BinaryPrimitives.ReadInt32BigEndian(room.AsSpan(4 * i)))];
    }
}
