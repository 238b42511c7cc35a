using PouringRain.Protocol;

namespace Simulation.Swarms;

// Who is there, and through which links.
public sealed partial class SwarmTrial
{
    private readonly HashSet<PeerAddress> _wrongBytes = [];
    private bool _listsAll, _hasFalseWords;
    private double _limitSeconds;

    private static FetchSwarm FaithfulToTheDead =>
        new()
        {
            Table = new SwarmTable(),
            Node = default,
            NeighbourCountSought = 1,
            NeighbourCountMax = 1,
            UselessAfter = TimeSpan.MaxValue,
        };

    private SimContent DrawContent()
    {
        var isGrowing = _random.Chance(100_000);
        var blockBytes = isGrowing ? 1 << 16 : 1024 * _random.Pick(2, 4, 8, 16);
        var blockCount = _random.Between(12, _random.Pick(24, 64, 160));
        var bytes = new byte[(blockCount * blockBytes) - _random.Below(blockBytes)];
        new SimRandom(_random.Next()).Fill(bytes);
        return SimContent.Create(bytes, blockBytes: blockBytes, symbolSize: _random.Pick(1408, 1408, 512), isGrowing: isGrowing);
    }

    private void DrawNodes()
    {
        var count = _random.Between(2, _random.Pick(4, 8, 16));
        var seeders = count > 3 && _random.Chance(250_000) ? 2 : 1;
        var rate = _random.Pick(300_000, 1_000_000, 5_000_000);
        var hasCeiling = _random.Chance(500_000);
        var isUnequal = _random.Chance(400_000);
        var slow = _random.Chance(250_000) ? (int)_random.Below(count) : -1;
        var lossy = _random.Chance(250_000) ? (int)_random.Below(count) : -1;
        _listsAll = _random.Chance(250_000);
        var old = count > 3 && _random.Chance(200_000) ? (int)_random.Below(count) : -1;
        _world.Network.DefaultFaults = new LinkFaults
        {
            Delay = TimeSpan.FromMilliseconds(_random.Pick(1, 5, 30)),
            Jitter = TimeSpan.FromMilliseconds(_random.Pick(0, 0, 3)),
            LossPerMillion = _random.Pick(0, 0, 2_000, 20_000),
            DuplicatePerMillion = _random.Pick(0, 10_000),
        };
        var least = double.MaxValue;
        for (var i = 0; i < count; i++)
        {
            var own = rate * (isUnequal ? _random.Pick(0.25, 0.5, 1, 3) : 1) * (i == slow ? 0.1 : 1);
            own = Math.Max(hasCeiling ? 100_000 : 60_000 * count, own);
            least = Math.Min(least, own);
            _nodes.Add(NewNode(
                i, (long)own, hasCeiling, i == old, isLiar: i >= seeders && i != old && count > 2 && _random.Chance(80_000)));
        }

        for (var i = 0; i < count; i++)
        {
            _nodes[i].Servers = [.. _nodes.Take(_listsAll ? count : seeders).Where(node => node.Index != i).Select(node => node.Address)];
        }

        Note(slow >= 0, $"node {slow} slow");
        Note(lossy >= 0, $"node {lossy} loses 20 %");
        Note(old >= 0, $"node {old} old");
        Note(_listsAll, "all listed");
        Note(isUnequal, "unequal links");
        _notes.Add($"{rate / 1000} kB/s");
        for (var i = 0; i < seeders; i++)
        {
            _seeders.Add(i);
            _nodes[i].Seed();
        }

        DrawPaths(lossy);
        DrawEvents();
        var size = (double)_content.Bytes.Length;
        _limitSeconds = 60 + (12 * size * (lossy >= 0 ? 2 : 1) / least) + (2 * count * size / rate);
    }

    private TrialNode NewNode(int index, long rate, bool hasCeiling, bool isOld, bool isLiar)
    {
        var lie = (Lie)_random.Below(4);
        var pretended = !isLiar ? null : _content.WithBlocks([.. Enumerable.Range(0, BlockCount)
            .Where(_ => lie == Lie.SendsNothing || _random.Chance(600_000))], epoch: 9);
        if (isLiar && lie == Lie.WrongBytes)
        {
            pretended = pretended!.Copy();
            pretended.Random = new SimRandom(_random.Next());
            pretended.LiesPerMillion = _random.Pick(1_000_000, 300_000);
        }

        var node = new TrialNode(_world, index, _content, _secret, isOld, rate, hasCeiling)
        {
            IsOrdered = _random.Chance(500_000),
            WorkTime = TimeSpan.FromMilliseconds(_random.Pick(0, 0, 1, 10)),
            WindowBytesMax = _content.Manifest.Layout.BlockBytes * (long)_random.Pick(8, 32, 1000),
            Pretended = pretended,
            SwarmTemplate = _fault == SwarmFault.KeepsTheDead ? FaithfulToTheDead : null,
            FindsOthersFirst = _random.Chance(500_000),
        };
        if (isLiar)
        {
            _liars.Add(index);
            _hasFalseWords |= lie is Lie.FalseNames or Lie.FalseWords;
            Note(true, $"node {index} lies: {lie}");
            new Liar(lie, new SimRandom(_random.Next())).Teach(node.Server);
            if (lie == Lie.WrongBytes)
            {
                _wrongBytes.Add(node.Address);
            }
        }
        else if (_fault == SwarmFault.ClaimsTooMuch)
        {
            node.Server.Tamper = static datagram => datagram[^1] |= (byte)(
                HaveMessage.TryParse(datagram, out _, out var bitmap, out _, out var suggested) && bitmap.Length > 0
                    && suggested.Length == 0 ? 1 : 0);
        }

        return node;
    }

    /// <summary>One node that loses a fifth of what is sent to it and by it, and paths that swallow large datagrams.</summary>
    private void DrawPaths(int lossy)
    {
        var narrow = _random.Chance(250_000) ? (int)_random.Below(_nodes.Count) : -1;
        Note(narrow >= 0, $"paths of node {narrow} narrow");
        var faults = _world.Network.DefaultFaults with { LossPerMillion = 200_000 };
        for (var i = 0; i < _nodes.Count; i++)
        {
            for (var j = 0; j < _nodes.Count; j++)
            {
                foreach (var (from, to) in new[] { (1980, 4000), (4000, 1980) })
                {
                    var (source, target) = (_nodes[i].Address with { Port = (ushort)from }, _nodes[j].Address with { Port = (ushort)to });
                    if (i == lossy || j == lossy)
                    {
                        _world.Network.SetFaults(source, target, faults);
                    }

                    if (i != j && (i == narrow || j == narrow) && _random.Chance(500_000))
                    {
                        _world.Network.SetMtu(source, target, 1280);
                    }
                }
            }
        }
    }

    private void Note(bool isSo, string note)
    {
        if (isSo)
        {
            _notes.Add(note);
        }
    }
}
