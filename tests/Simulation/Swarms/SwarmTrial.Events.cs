using PouringRain.Protocol;

namespace Simulation.Swarms;

// What happens: each event waits for its moment.
public sealed partial class SwarmTrial
{
    private readonly List<(string Name, Func<bool> IsDue, Action Do)> _events = [];
    private readonly HashSet<int> _late = [];

    private IEnumerable<TrialNode> Fetching =>
        Honest.Where(node => !_seeders.Contains(node.Index) && (node.Client is not null || !_late.Contains(node.Index)));

    /// <summary>The share of the blocks that those who fetch have on average; all when nobody does.</summary>
    private double Progress => Fetching.Select(node => (double)node.HeldCount / BlockCount).DefaultIfEmpty(1).Average();

    private void DrawEvents()
    {
        var fetching = _nodes.Where(node => !_seeders.Contains(node.Index)).ToArray();
        if (fetching.Length > 1 && _random.Chance(300_000))
        {
            var node = Pick(fetching[1..]);
            _late.Add(node.Index);
            Add($"node {node.Index} joins at 90 %", () => Progress >= 0.9, () => Join(node));
        }

        for (var kills = fetching.Length > 1 ? _random.Pick(0, 0, 1, 2) : 0; kills > 0; kills--)
        {
            var node = Pick(fetching);
            var at = _random.Pick(0.2, 0.5, 0.8);
            AddUnlessLate(node, $"node {node.Index} killed at {at:P0}", () => Progress >= at && AreAllKeptWithout(node), () => Kill(node));
        }

        if (_random.Chance(300_000))
        {
            var node = Pick(fetching);
            var kept = _random.Pick(0, 300_000, 900_000);
            AddUnlessLate(
                node, $"node {node.Index} restarts with {kept / 10_000} %",
                () => Progress >= 0.5 && AreAllKeptWithout(node) && CanFindOthers, () => node.Restart(_ => _random.Chance(kept)));
        }

        // Who was told of crowds that are not there cannot be seen to know others.
        if (_random.Chance(400_000) && !_hasFalseWords)
        {
            foreach (var node in _nodes.Where(node => _seeders.Contains(node.Index)))
            {
                Add(
                    $"seeder {node.Index} killed when all has gone out",
                    () => AreAllKeptWithout(node) && DoAllKnowOthers(), () => Kill(node));
            }
        }

        foreach (var node in fetching.Where(node => !_late.Contains(node.Index)))
        {
            _world.After(TimeSpan.FromMilliseconds(_random.Pick(0, 0, 5, 700)), () => node.Fetch([]));
        }
    }

    private void AddUnlessLate(TrialNode node, string name, Func<bool> isDue, Action act)
    {
        if (!_late.Contains(node.Index))
        {
            Add(name, () => node.Client is not null && node.IsUp && isDue(), act);
        }
    }

    private void Add(string name, Func<bool> isDue, Action act)
    {
        _events.Add((name, isDue, act));
        _notes.Add(name);
    }

    /// <summary>Looks now and then whether the moment of something has come; when all that stay have all, whatever has not had its moment
    /// has none but those who are still to join.</summary>
    private void Watch() => _world.After(Glance, () =>
    {
        // Where a fifth is lost a server may seem not to be there; whoever owns a fetch begins it again.
        foreach (var node in _nodes.Where(
            node => node.IsUp && node.Client?.Fetch.EndReason == FetchEndReason.Unanswered && node.Starts < 9))
        {
            node.Restart(_ => true);
        }

        foreach (var next in _events.ToArray())
        {
            if (next.IsDue())
            {
                _events.Remove(next);
                next.Do();
            }
        }

        if (Honest.All(node => node.IsDone || node.Client?.HasEnded == true || (node.Client is null && _late.Contains(node.Index))))
        {
            _events.RemoveAll(next => !next.Name.Contains("joins", StringComparison.Ordinal));
        }

        Watch();
    });

    private void Kill(TrialNode node)
    {
        _gone.Add(node.Index);
        node.Kill();
    }

    /// <summary>Whether who begins now finds anybody: a list of servers that are all gone leads nowhere.</summary>
    private bool CanFindOthers => _listsAll || _seeders.Any(index => !_gone.Contains(index) && !_nodes[index].IsOld);

    private void Join(TrialNode node)
    {
        if (CanFindOthers)
        {
            node.Fetch([]);
        }
        else
        {
            _gone.Add(node.Index);
        }
    }

    /// <summary>Whether all that fetch have heard of others, so that they need no seeder any more.</summary>
    private bool DoAllKnowOthers()
    {
        var fetching = Fetching.ToArray();
        var known = _nodes.Count(node => !_seeders.Contains(node.Index) && node.Client is not null && !node.IsOld) - 1;
        return fetching.All(node => node.IsDone
            || (node.Client is { } client && _world.Now - client.Started > TimeSpan.FromSeconds(1.5) && !node.IsOld
                && client.Fetch.KnownPeerCount >= known));
    }

    /// <summary>Whether honest nodes of the swarm that are up hold every block between them though one goes.</summary>
    private bool AreAllKeptWithout(TrialNode gone)
    {
        var others = Honest.Where(node => node != gone && node.IsUp && !node.IsOld && node.Content is not null).ToArray();
        return Enumerable.Range(0, BlockCount).All(block => others.Any(node => node.Content!.HasBlock(block)));
    }

    private TrialNode Pick(TrialNode[] nodes) => nodes[(int)_random.Below(nodes.Length)];
}
