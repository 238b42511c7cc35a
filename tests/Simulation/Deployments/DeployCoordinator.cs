using System.Collections.Immutable;
using PouringRain.Protocol;
using PouringRain.Protocol.Cluster.Messages;
using PouringRain.Protocol.Deploying;

namespace Simulation.Deployments;

/// <summary>The node that runs the deployment: a disk with what was noted of it, and the process, which runs the very machine. It may be a
/// receiver as well.</summary>
internal sealed class DeployCoordinator(DeploymentScenario scenario, SimWorld world, PeerAddress address, NodeId id)
    : SimHost(world, address)
{
    private readonly byte[] _buffer = new byte[2048];
    private readonly Queue<long> _asked = [];

    /// <summary>Of what was heard: that again, which the network repeats, is not heard.</summary>
    private readonly HashSet<ulong> _nonces = [];
    private ImmutableArray<DeploymentReceiver> _noted = [];
    private int _life;
    private bool _isStopNoted;

    public Deployment Machine { get; private set; } = null!;

    public bool IsUp { get; private set; }

    /// <summary>When this process began.</summary>
    public Instant Began { get; private set; }

    /// <summary>When each receiver was last heard by this process.</summary>
    public Dictionary<NodeId, Instant> Heard { get; } = [];

    /// <summary>The receiver on the same machine, if there is one.</summary>
    public DeployNode? Own { get; set; }

    public override Instant NextTimeout => IsUp ? Machine.NextTimeout : Instant.Never;

    public void Start()
    {
        _life++;
        IsUp = true;
        Began = World.Now;
        Heard.Clear();
        _asked.Clear();
        Machine = new Deployment(
            new DeploymentOptions { Node = id, QuestionsPerSecondMax = scenario.QuestionsPerSecondMax }, scenario.PlanNow,
            Instant.Max(scenario.StartAt, World.Now), _noted, scenario.Random.Next());
        Machine.SetAddresses(World.Now, scenario.Addresses);
        if (_isStopNoted)
        {
            Machine.Stop(World.Now);
        }

        Beat(_life);
    }

    public void Stop() => IsUp = false;

    /// <summary>Somebody has it stopped: that is noted before anything else.</summary>
    public void StopDeployment()
    {
        _isStopNoted = true;
        if (IsUp)
        {
            Machine.Stop(World.Now);
            Pump(World.Now);
        }
    }

    protected override void OnDatagram(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram)
    {
        if (!IsUp)
        {
            return;
        }

        if (ConsultAnswer.TryParse(datagram, out var answer, out _) && answer.SubscriptionId == Machine.SubscriptionId
            && answer.Status is ConsultStatus.Answered or ConsultStatus.Unknown && _nonces.Add(answer.Nonce))
        {
            Heard[answer.Node] = World.Now;
        }

        var wave = Machine.Wave;
        Machine.Handle(now, from, datagram);
        scenario.CheckWave(wave);
        OnWake(now);
    }

    protected override void OnWake(Instant now)
    {
        if (!IsUp)
        {
            return;
        }

        var wave = Machine.Wave;
        while (Machine.TryPollTransmit(now, _buffer, out var transmit))
        {
            _asked.Enqueue(World.Now.Nanoseconds);
            Send(_buffer, transmit);
        }

        scenario.CheckWave(wave);
        while (_asked.TryPeek(out var first) && first <= World.Now.Nanoseconds - 1_000_000_000)
        {
            _asked.Dequeue();
        }

        scenario.CheckQuestions(_asked.Count);
    }

    /// <summary>Once a second, what its owner does: asks itself, and notes who has ended, now and then.</summary>
    private void Beat(int life) => World.After(TimeSpan.FromSeconds(1), () =>
    {
        if (!IsUp || life != _life)
        {
            return;
        }

        var wave = Machine.Wave;
        if (Own is { IsUp: true } own && Machine.TryPollOwn(World.Now, out var order))
        {
            Heard[own.Id] = World.Now;
            Machine.TakeOwn(World.Now, own.Obey(order));
        }

        scenario.CheckWave(wave);
        if (scenario.Random.Chance(300_000) || Machine.IsOver)
        {
            _noted = Machine.Receivers(World.Now);
        }

        Pump(World.Now);
        Beat(life);
    });
}
