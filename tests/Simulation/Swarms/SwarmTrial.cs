using PouringRain.Protocol;

namespace Simulation.Swarms;

/// <summary>
/// A swarm drawn from a seed, in which machines die, come late, start again and lie. What is checked is only what is promised: every honest
/// node that stays gets exactly the right bytes while they are at somebody within reach, little is sent to addresses that were only named,
/// and a liar is dropped by all who met it. <c>SwarmTrial.Draws</c> draws who is there, <c>SwarmTrial.Events</c> what happens.
/// </summary>
public sealed partial class SwarmTrial : ITrial
{
    /// <summary>The resource.</summary>
    public static readonly ResourceId Id = new(77);

    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(20);

    private readonly SimRandom _random;
    private readonly SimWorld _world;
    private readonly SwarmFault _fault;
    private readonly List<TrialNode> _nodes = [];
    private readonly HashSet<int> _seeders = [], _gone = [], _liars = [];
    private readonly List<string> _notes = [];
    private readonly SwarmChecker _checker;
    private readonly byte[]? _secret;
    private readonly SimContent _content;

    /// <param name="seed">What it is drawn from.</param>
    /// <param name="fault">A mistake on purpose.</param>
    public SwarmTrial(ulong seed, SwarmFault fault = SwarmFault.None)
    {
        _random = new SimRandom(seed ^ 0x5741_524D);
        _fault = fault;
        _world = new SimWorld(_random.Next()) { TimerLateness = TimeSpan.FromMicroseconds(200) };
        _secret = _random.Chance(200_000) ? [.. "a secret"u8] : null;
        _content = DrawContent();
        DrawNodes();
        _checker = new SwarmChecker(_world, _nodes, _liars, Broken, _secret is not null);
    }

    /// <summary>What was promised and did not hold.</summary>
    public IList<string> Broken { get; } = [];

    /// <summary>What was drawn.</summary>
    public string Description =>
        $"{_nodes.Count} nodes, {BlockCount} blocks of {_content.Manifest.Layout.BlockBytes} bytes{(_secret is null ? "" : ", sealed")}, "
        + $"{string.Join(", ", _notes)}; {_world.Steps} steps, {_checker.ProbeCount} datagrams to nobody";

    private int BlockCount => _content.Manifest.Layout.BlockCount;

    /// <summary>Nodes that must come to their end.</summary>
    private IEnumerable<TrialNode> Honest => _nodes.Where(node => !_gone.Contains(node.Index) && !_liars.Contains(node.Index));

    /// <summary>Runs it.</summary>
    public void Run()
    {
        var began = _world.Now;
        Watch();
        var stepsMax = 20_000_000L;
        _world.RunUntil(
            () => _world.Steps > stepsMax || (_world.Steps % 64 == 0 && IsOver()), TimeSpan.FromSeconds(_limitSeconds));
        if (_world.Steps > stepsMax)
        {
            Broken.Add($"spins: {stepsMax} steps in {(_world.Now - began).TotalSeconds:F1} s");
        }

        foreach (var node in Honest)
        {
            Check(node, (_world.Now - began).TotalSeconds);
        }
    }

    public void Dispose() => _nodes.ForEach(node => node.Dispose());

    private bool IsOver() => _events.Count == 0 && Honest.All(node => node.IsDone || node.Client?.HasEnded == true);

    private void Check(TrialNode node, double seconds)
    {
        if (node.WrongBlocks > 0)
        {
            Broken.Add($"node {node.Index} took {node.WrongBlocks} wrong blocks");
        }

        if (!node.IsDone || node.HeldCount != BlockCount)
        {
            Broken.Add($"after {seconds:F1} s node {node.Index}: {(node.Client is null ? "never began" : Describe(node.Client))}; "
                + $"{WhereMissing(node)}");
        }

        if (node.Client is null)
        {
            return;
        }

        // One wrong block may be any source's. When there were many, and nobody was found out, who had part in all of them should
        // have been.
        foreach (var source in node.Client.Fetch.Snapshot(node.Client.LocalNow).Sources)
        {
            if (node.Client.WrongBlocksSinceLied > 10 && source.State == SourceState.Raining && source.Droplets > 0
                && _liars.Contains((int)((uint)source.Peer.Address.Low - 0x0A00_0001)) && _wrongBytes.Contains(source.Peer))
            {
                Broken.Add($"node {node.Index} keeps to the liar {source.Peer} after {node.Client.WrongBlocksSinceLied} wrong blocks");
            }
        }
    }

    private string WhereMissing(TrialNode node)
    {
        var missing = Enumerable.Range(0, BlockCount).Where(block => node.Content?.HasBlock(block) != true).Take(3);
        return string.Join(", ", missing.Select(block => $"block {block} is at {string.Join(" ", HoldersOf(block))}"));
    }

    private IEnumerable<int> HoldersOf(int block) =>
        Honest.Where(node => node.Content?.HasBlock(block) == true).Select(node => node.Index);

    private string Describe(SimClient client)
    {
        var snapshot = client.Fetch.Snapshot(client.LocalNow);
        return $"{client.Fetch.EndReason}, {snapshot.VerifiedBlocks} blocks of {BlockCount}, {client.WrongBlocks} wrong, known "
            + $"{client.Fetch.KnownPeerCount}, {string.Join("; ", snapshot.Sources.Select(source =>
                $"{source.Peer} {source.State} droplets {source.Droplets} lost {source.Lost} rate {source.RateBytesPerSecond}"))}";
    }
}
