using System.Collections.Immutable;
using PouringRain.Protocol;
using PouringRain.Protocol.Cluster.Messages;
using PouringRain.Protocol.Deploying;

namespace Simulation.Deployments;

/// <summary>
/// A version that is deployed to many nodes on a virtual network, drawn from a seed: the nodes stop and come back, so does the one that
/// runs the deployment, some have no room or know no deployments, some never come back, and the network loses, repeats and reorders. Then
/// all is well again. A checker that knows the disks looks at what was promised: a receipt is of bytes that were read back, no wave begins
/// before the one before has ended, the end is what the quorum says, there is an end, and who was told to leave it has left it.
/// </summary>
public sealed class DeploymentScenario : ITrial
{
    internal static readonly Sha256Digest Sha256 = Sha256Digest.Of("what is deployed"u8);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly SimWorld _world;
    private readonly List<DeployNode> _nodes = [];
    private readonly HashSet<DeployNode> _dead = [];
    private readonly DeployCoordinator _coordinator;
    private readonly DeploymentPlan _plan;
    private readonly ImmutableArray<int> _waveEnds;
    private readonly bool _isStopped;
    private bool _isEndChecked, _isPeace;
    private int _stops;

    /// <summary>Draws one.</summary>
    /// <param name="seed">From this.</param>
    /// <param name="fault">A mistake to be made.</param>
    public DeploymentScenario(ulong seed, DeploymentFault fault = DeploymentFault.None)
    {
        Random = new SimRandom(seed ^ 0x4445_504C_4F59_2121);
        Fault = fault;
        _world = new SimWorld(Random.Next());
        HopelessPerMillion = Random.Pick(0, 0, 100_000, 400_000);
        QuestionsPerSecondMax = Random.Pick(10, 50, 500);
        StartAt = _world.Now + TimeSpan.FromSeconds(Random.Pick(0, 0, 20));
        var count = Random.Pick(1, 3, 8, 20, 40);
        for (var i = 0; i < count; i++)
        {
            var number = (ulong)(i + 2);
            var node = new DeployNode(this, _world, new NodeId(new Bits128(1, number)), new PeerAddress(number, 7000));
            _nodes.Add(node);
            if (Random.Chance(100_000))
            {
                _dead.Add(node);
            }
        }

        var isReceiver = Random.Chance(500_000) && !_nodes[0].IsOld && !_dead.Contains(_nodes[0]);
        _coordinator = new DeployCoordinator(this, _world, new PeerAddress(1, 7000), isReceiver ? _nodes[0].Id : new NodeId(1))
        {
            Own = isReceiver ? _nodes[0] : null,
        };
        _plan = new DeploymentPlan
        {
            Order = new DeployOrder { Deployment = Random.Next(), Resource = new ResourceId(42), Version = Sha256, Length = 1000 },
            Sha256 = Sha256,
            BlockCount = DeployNode.BlockCount,
            Targets = [.. _nodes.Select(node => node.Id)],
            Waves = Random.Pick<int[]>([], [1, 10, 100], [1, 2], [3]).ToImmutableArray(),
            Quorum = Random.Chance(500_000) ? count : Random.Between(1, count),
        };
        _waveEnds = _plan.WaveEnds();
        _isStopped = Random.Chance(250_000);
        _world.Network.DefaultFaults = new LinkFaults
        {
            Delay = TimeSpan.FromMilliseconds(Random.Pick(1, 20, 400)),
            Jitter = TimeSpan.FromMilliseconds(Random.Pick(0, 5)),
            LossPerMillion = Random.Pick(0, 10_000, 200_000),
            DuplicatePerMillion = Random.Pick(0, 50_000),
            ReorderPerMillion = Random.Pick(0, 50_000),
        };
    }

    /// <summary>A line about what was drawn and what came of it.</summary>
    public string Description =>
        $"{_nodes.Count} nodes, {_dead.Count} of them dead, waves [{string.Join(", ", _plan.Waves)}], quorum {_plan.Quorum}, "
        + $"{_stops} stops{(_isStopped ? ", stopped" : "")}: {_coordinator.Machine.Phase}";

    /// <summary>Promises that were broken.</summary>
    public IList<string> Broken { get; } = [];

    /// <summary>How it ended.</summary>
    public DeploymentPhase Phase => _coordinator.Machine.Phase;

    /// <summary>How often a process was stopped.</summary>
    public int StopCount => _stops;

    internal SimRandom Random { get; }

    internal DeploymentFault Fault { get; }

    internal int HopelessPerMillion { get; }

    internal int QuestionsPerSecondMax { get; }

    internal Instant StartAt { get; }

    internal DeploymentPlan PlanNow => Fault switch
    {
        DeploymentFault.AllAtOnce => _plan with { Waves = [] },
        DeploymentFault.SmallQuorum => _plan with { Quorum = Math.Max(1, _plan.Quorum - 1) },
        _ => _plan,
    };

    internal IEnumerable<KeyValuePair<NodeId, ImmutableArray<PeerAddress>>> Addresses =>
        _nodes.Select(node => KeyValuePair.Create(node.Id, ImmutableArray.Create(node.Address)));

    /// <summary>Troubles, then peace, in which it has to end.</summary>
    public void Run()
    {
        foreach (var node in _nodes.Where(node => !_dead.Contains(node)))
        {
            node.Start();
        }

        _coordinator.Start();
        var troubles = TimeSpan.FromSeconds(Random.Pick(0, 60, 240));
        for (var i = (int)troubles.TotalSeconds / 12; i > 0; i--)
        {
            _world.After(TimeSpan.FromSeconds(Random.Below((long)troubles.TotalSeconds)), Trouble);
        }

        if (_isStopped)
        {
            _world.After(TimeSpan.FromMilliseconds(Random.Below((long)troubles.TotalMilliseconds + 20_000)), _coordinator.StopDeployment);
        }

        _world.RunUntil(() => _coordinator is { IsUp: true, Machine.IsOver: true }, troubles);
        Heal();

        // A wave may have to wait for whoever never comes back, and its receivers for as long as the slowest needs.
        var limit = TimeSpan.FromSeconds(30) + ((Patience + TimeSpan.FromSeconds(60)) * (_waveEnds.Length + 1));
        if (!_world.RunUntil(() => _coordinator.Machine.IsOver, limit))
        {
            Broken.Add($"it has not ended: wave {_coordinator.Machine.Wave} of {_waveEnds.Length}, {_coordinator.Machine.Phase}");
            return;
        }

        CheckEnd();
        _world.Run(TimeSpan.FromSeconds(10));
        CheckLeft();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _nodes.ForEach(node => node.Dispose());
        _coordinator.Dispose();
    }

    /// <summary>What a node says whose release knows no such question.</summary>
    internal static int AnswerAsOld(NodeId node, ReadOnlySpan<byte> datagram, Span<byte> answer) =>
        ConsultRequest.TryParse(datagram, out var asked, out _)
            ? new ConsultAnswer
            {
                SubscriptionId = asked.SubscriptionId,
                Version = ConsultRequest.FormatVersion,
                Kind = asked.Kind,
                Status = ConsultStatus.Unknown,
                Nonce = asked.Nonce,
                Node = node,
            }.Write(answer, 0) : 0;

    /// <summary>When a wave has begun just now, all of those before it have ended, one way or another.</summary>
    internal void CheckWave(int before)
    {
        CheckRows();
        if (_coordinator.Machine.IsOver && !_isEndChecked)
        {
            CheckEnd();
        }

        if (_coordinator.Machine.Phase == DeploymentPhase.Stopping)
        {
            return;
        }

        var asked = Fault == DeploymentFault.AllAtOnce && _coordinator.Machine.Wave >= 0 ? _waveEnds.Length - 1 : _coordinator.Machine.Wave;
        for (var wave = Math.Max(before, 0); wave < asked; wave++)
        {
            foreach (var node in _nodes.Take(_waveEnds[wave]).Where(node => !IsEnded(node)))
            {
                Broken.Add($"wave {wave + 1} began, and {node.Id} of an earlier one had not ended");
            }
        }
    }

    /// <summary>No more than so many in a second, and what a late wake-up may make up for.</summary>
    internal void CheckQuestions(int count)
    {
        if (count > QuestionsPerSecondMax + (QuestionsPerSecondMax / 50) + 2)
        {
            Broken.Add($"{count} questions were asked in a second");
        }
    }

    private bool IsEnded(DeployNode node) => node.HasVerified || node.HasGivenUp || node.IsOld || IsSilent(node);

    private bool IsSilent(DeployNode node) =>
        _world.Now - Instant.Max(_coordinator.Heard.GetValueOrDefault(node.Id), _coordinator.Began) >= Patience;

    private void CheckRows()
    {
        foreach (var (row, node) in _coordinator.Machine.Receivers(_world.Now).Zip(_nodes))
        {
            if (row.State == ReceiverState.Done && !node.HasVerified)
            {
                Broken.Add($"{node.Id} is said to be done, and has read nothing back");
            }

            if (row.State == ReceiverState.Failed && !node.HasGivenUp && !node.IsOld)
            {
                Broken.Add($"{node.Id} is said to have failed, and has not: {row.Reason}");
            }
        }
    }

    private void CheckEnd()
    {
        if (_isEndChecked)
        {
            return;
        }

        _isEndChecked = true;
        var (machine, done) = (_coordinator.Machine, _nodes.Count(node => node.HasVerified));
        if (machine.Phase == DeploymentPhase.Completed && done < _plan.Quorum)
        {
            Broken.Add($"it is said to be complete, and {done} of {_plan.Quorum} have it");
        }

        if (machine.Phase == DeploymentPhase.Completed && _nodes.Exists(node => !IsEnded(node)))
        {
            Broken.Add("it is said to be complete, and somebody is still at it");
        }

        if (machine.Phase == DeploymentPhase.Failed)
        {
            var begun = _nodes.Take(_waveEnds[machine.Wave]).ToList();
            if (_nodes.Count - begun.Count(node => !node.HasVerified || IsSilent(node)) >= _plan.Quorum)
            {
                Broken.Add("it is said to have failed, and could have had its quorum");
            }

            foreach (var node in begun.Where(node => !IsEnded(node)))
            {
                Broken.Add($"it is said to have failed, and {node.Id} was still at it");
            }
        }

        if (machine.Phase == DeploymentPhase.Stopped != _isStopped && machine.Phase == DeploymentPhase.Stopped)
        {
            Broken.Add("it was stopped by nobody");
        }
    }

    /// <summary>Whoever was told to leave it has.</summary>
    private void CheckLeft()
    {
        foreach (var node in _nodes.Where(node => node.IsWorking && node.WasStopped))
        {
            Broken.Add($"{node.Id} was told to leave it, and goes on");
        }

        if (_world.Network.DefaultFaults.LossPerMillion == 0 && _stops == 0 && _coordinator.Machine.Phase == DeploymentPhase.Stopped
            && _nodes.Exists(node => node.IsWorking))
        {
            Broken.Add("it was stopped, and somebody goes on");
        }
    }

    private void Trouble()
    {
        if (_isPeace)
        {
            return;
        }

        _stops++;
        if (Random.Chance(300_000))
        {
            if (_coordinator.IsUp)
            {
                _coordinator.Stop();
                _world.After(TimeSpan.FromSeconds(Random.Pick(1, 20)), () =>
                {
                    if (!_coordinator.IsUp)
                    {
                        _coordinator.Start();
                    }
                });
            }

            return;
        }

        var node = _nodes[Random.Between(0, _nodes.Count - 1)];
        if (node.IsUp)
        {
            node.Stop();
            _world.After(TimeSpan.FromSeconds(Random.Pick(1, 10, 100)), () =>
            {
                if (!node.IsUp)
                {
                    node.Start();
                }
            });
        }
    }

    private void Heal()
    {
        _isPeace = true;
        foreach (var node in _nodes.Where(node => !node.IsUp && !_dead.Contains(node)))
        {
            node.Start();
        }

        if (!_coordinator.IsUp)
        {
            _coordinator.Start();
        }
    }
}
