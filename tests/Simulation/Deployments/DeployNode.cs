using PouringRain.Protocol;
using PouringRain.Protocol.Deploying;

namespace Simulation.Deployments;

/// <summary>A receiver: a disk with some blocks, which outlives its process, and the process, which knows of no deployment when it
/// starts.</summary>
internal sealed class DeployNode : SimHost
{
    public const int BlockCount = 20;

    private readonly DeploymentScenario _scenario;
    private readonly byte[] _answer = new byte[2048];
    private DeployDesk? _desk;
    private DeployProgress? _progress;
    private int _life;

    public DeployNode(DeploymentScenario scenario, SimWorld world, NodeId id, PeerAddress address)
        : base(world, address)
    {
        _scenario = scenario;
        Id = id;
        IsHopeless = scenario.Random.Chance(scenario.HopelessPerMillion);
        IsOld = scenario.Random.Chance(scenario.HopelessPerMillion / 2);
        BlockTime = TimeSpan.FromMilliseconds(scenario.Random.Pick(20, 200, 2000));
    }

    public NodeId Id { get; }

    /// <summary>Whether it has no room for it, say.</summary>
    public bool IsHopeless { get; }

    /// <summary>Whether its release knows no deployments.</summary>
    public bool IsOld { get; }

    public TimeSpan BlockTime { get; }

    /// <summary>Blocks on its disk.</summary>
    public int Blocks { get; private set; }

    /// <summary>Whether all were read back and right.</summary>
    public bool HasVerified { get; private set; }

    /// <summary>Whether it has said that it cannot have it.</summary>
    public bool HasGivenUp { get; private set; }

    /// <summary>Whether it was told to leave it in this life.</summary>
    public bool WasStopped { get; private set; }

    public bool IsUp { get; private set; }

    public bool IsWorking => IsUp && _progress is DeployProgress.Receiving or DeployProgress.Verifying;

    public override Instant NextTimeout => Instant.Never;

    public void Start()
    {
        _life++;
        (IsUp, _progress, WasStopped) = (true, null, false);
        _desk = new DeployDesk(Id, new byte[32], Obey);
    }

    public void Stop() => (IsUp, _progress) = (false, null);

    /// <summary>What the order makes of it, be it by datagram or at the node itself.</summary>
    public DeployReport Obey(DeployOrder order)
    {
        if (order.IsStop)
        {
            WasStopped = true;
            _progress = _progress is DeployProgress.Done or DeployProgress.Failed || _scenario.Fault == DeploymentFault.DeafToStop
                ? _progress : DeployProgress.Stopped;
        }
        else if (_progress is null)
        {
            _progress = IsHopeless ? DeployProgress.Failed : DeployProgress.Receiving;
            HasGivenUp |= IsHopeless;
            Work(_life);
        }

        var progress = _progress ?? DeployProgress.Stopped;
        if (_scenario.Fault == DeploymentFault.EarlyReceipt && progress == DeployProgress.Verifying)
        {
            progress = DeployProgress.Done;
        }

        return new DeployReport
        {
            Progress = order.IsStop && _scenario.Fault == DeploymentFault.DeafToStop ? DeployProgress.Stopped : progress,
            Blocks = Blocks,
            BlockCount = BlockCount,
            Receipt = progress == DeployProgress.Done ? DeploymentScenario.Sha256 : default,
            ReceiptMs = 1,
            Reason = progress == DeployProgress.Failed ? "There is no room." : "",
        };
    }

    protected override void OnDatagram(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram)
    {
        if (!IsUp)
        {
            return;
        }

        var length = IsOld ? DeploymentScenario.AnswerAsOld(Id, datagram, _answer)
            : _desk!.Answer(now, from, _ => true, datagram, _answer);
        if (length > 0)
        {
            Send(_answer, new Transmit(from, length, length));
        }
    }

    protected override void OnWake(Instant now)
    {
    }

    private void Work(int life) => World.After(BlockTime, () =>
    {
        if (life != _life || !IsWorking)
        {
            return;
        }

        if (Blocks < BlockCount)
        {
            Blocks++;
        }
        else if (_progress == DeployProgress.Receiving)
        {
            _progress = DeployProgress.Verifying;
        }
        else
        {
            _progress = DeployProgress.Done;
            HasVerified = true;
            return;
        }

        Work(life);
    });
}
