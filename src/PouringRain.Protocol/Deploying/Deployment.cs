using System.Collections.Immutable;

namespace PouringRain.Protocol.Deploying;

/// <summary>
/// Has a version come to many nodes, in waves: asks each of a wave to have it, and again about once a second how far it is, until each has
/// sent its receipt, has failed, or has been silent for too long; then the next wave, unless too many are lost for the quorum. Nothing
/// of it needs to be remembered at either end: a node that has forgotten is asked to begin again, and one machine may go on where another
/// one was, with the receivers that had ended by then. Sans-I/O, with the contract of <see cref="Propagation"/>, but thread-safe.
/// </summary>
/// <remarks>The node that asks may be one of the receivers, and is not asked by datagram: <see cref="TryPollOwn"/>.</remarks>
public sealed partial class Deployment
{
    private readonly Lock _gate = new();
    private readonly DeploymentOptions _options;
    private readonly DeploymentPlan _plan;
    private readonly Receiver[] _receivers;
    private readonly Dictionary<NodeId, Receiver> _byNode = [];
    private readonly ImmutableArray<int> _waveEnds;
    private readonly Instant _startAt;
    private SplitMix _random;
    private int _wave = -1;
    private Instant _stopUntil = Instant.Never;
    private volatile bool _isLeft;

    /// <summary>Makes one.</summary>
    /// <param name="options">Bounds and times.</param>
    /// <param name="plan">What is deployed to whom.</param>
    /// <param name="startAt">When the first wave begins.</param>
    /// <param name="ended">Receivers that had ended before, under another machine; others among them are passed over.</param>
    /// <param name="seed">Seeds the random choices; another one every time.</param>
    public Deployment(
        DeploymentOptions options, DeploymentPlan plan, Instant startAt, IEnumerable<DeploymentReceiver> ended, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(ended);
        ArgumentOutOfRangeException.ThrowIfLessThan(plan.Targets.Length, 1, nameof(plan));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(plan.Targets.Length, DeploymentPlan.TargetCountMax, nameof(plan));
        (_options, _plan, _startAt) = (options, plan, startAt);
        _receivers = [.. plan.Targets.Select(node => new Receiver(node))];
        foreach (var receiver in _receivers)
        {
            _byNode.Add(receiver.Node, receiver);
        }

        foreach (var row in ended.Where(row => row.IsFinal))
        {
            if (_byNode.TryGetValue(row.Node, out var receiver))
            {
                receiver.Row = row;
            }
        }

        _waveEnds = plan.WaveEnds();
        _random = new SplitMix(seed);
        SubscriptionId = _random.NextUInt32();
    }

    /// <inheritdoc cref="Fetch.SubscriptionId"/>
    public uint SubscriptionId { get; }

    /// <summary>What is deployed to whom.</summary>
    public DeploymentPlan Plan => _plan;

    /// <summary>How it stands.</summary>
    public DeploymentPhase Phase { get; private set; }

    /// <summary>Whether nothing more is asked: it has ended, or was left.</summary>
    public bool IsOver => _isLeft || Phase >= DeploymentPhase.Completed;

    /// <summary>Greater whenever something has changed that another machine has to know to go on: a receiver has ended, or
    /// all has.</summary>
    public long Changes { get; private set; }

    /// <summary>The wave that is under way, from 0; -1 before the first.</summary>
    public int Wave
    {
        get
        {
            lock (_gate)
            {
                return _wave;
            }
        }
    }

    /// <summary>The receivers, in the plan's order.</summary>
    public ImmutableArray<DeploymentReceiver> Receivers(Instant now)
    {
        lock (_gate)
        {
            return [.. _receivers.Select(receiver => RowOf(now, receiver))];
        }
    }

    /// <inheritdoc cref="Fetch.NextTimeout"/>
    public Instant NextTimeout
    {
        get
        {
            lock (_gate)
            {
                if (IsOver)
                {
                    return Instant.Never;
                }

                if (Phase == DeploymentPhase.Waiting)
                {
                    return _startAt;
                }

                var (asked, silent) = (Instant.Never, _stopUntil);
                foreach (var receiver in Begun())
                {
                    if (receiver.IsAsked && receiver.Node != _options.Node)
                    {
                        asked = Instant.Min(asked, receiver.Due);
                    }

                    if (!receiver.Row.IsFinal && !receiver.IsLost)
                    {
                        silent = Instant.Min(silent, receiver.LastHeard + _options.Patience);
                    }
                }

                return Instant.Min(asked == Instant.Never ? asked : Instant.Max(asked, _nextQuestion), silent);
            }
        }
    }

    /// <summary>Says where the receivers rain, whenever that may have changed. Who is not among them cannot be asked.</summary>
    /// <param name="now">The time.</param>
    /// <param name="addresses">Where each rains, the best place first.</param>
    public void SetAddresses(Instant now, IEnumerable<KeyValuePair<NodeId, ImmutableArray<PeerAddress>>> addresses)
    {
        ArgumentNullException.ThrowIfNull(addresses);
        lock (_gate)
        {
            foreach (var (node, places) in addresses)
            {
                if (_byNode.TryGetValue(node, out var receiver) && !receiver.Addresses.SequenceEqual(places))
                {
                    receiver.Addresses = places;
                    receiver.AddressIndex = 0;
                    receiver.Due = Instant.Min(receiver.Due, now);
                }
            }
        }
    }

    /// <summary>Has the receivers leave it; no wave begins any more.</summary>
    public void Stop(Instant now)
    {
        lock (_gate)
        {
            if (IsOver || Phase == DeploymentPhase.Stopping)
            {
                return;
            }

            if (_startAt > now)
            {
                End(DeploymentPhase.Stopped);
                return;
            }

            // All are told: another machine may have begun waves that this one knows nothing of.
            Phase = DeploymentPhase.Stopping;
            _stopUntil = now + _options.StopPatience;
            foreach (var receiver in _receivers)
            {
                receiver.Begin(now);
            }

            _wave = _waveEnds.Length - 1;
            Changes++;
            Look(now);
        }
    }

    /// <summary>Asks nobody any more, as if the process had died: another machine may go on.</summary>
    public void Leave() => _isLeft = true;

    private IEnumerable<Receiver> Begun() => _wave < 0 ? [] : _receivers.Take(_waveEnds[_wave]);

    /// <summary>Whether the wave has ended, and what follows.</summary>
    private void Look(Instant now)
    {
        if (Phase == DeploymentPhase.Waiting && _startAt <= now)
        {
            Phase = DeploymentPhase.Running;
            BeginWave(now);
        }

        if (Phase == DeploymentPhase.Stopping)
        {
            if (_stopUntil <= now || Array.TrueForAll(_receivers, receiver => receiver.Row.IsFinal || receiver.HasLeft))
            {
                End(DeploymentPhase.Stopped);
            }

            return;
        }

        while (Phase == DeploymentPhase.Running)
        {
            var (lost, open) = (0, 0);
            foreach (var receiver in Begun())
            {
                receiver.IsLost = !receiver.Row.IsFinal && receiver.LastHeard + _options.Patience <= now;
                open += receiver.Row.IsFinal || receiver.IsLost ? 0 : 1;
                lost += receiver.Row.State == ReceiverState.Done ? 0 : 1;
            }

            if (open > 0)
            {
                return;
            }

            if (_receivers.Length - lost < _plan.Quorum)
            {
                End(DeploymentPhase.Failed);
            }
            else if (_wave == _waveEnds.Length - 1)
            {
                End(DeploymentPhase.Completed);
            }
            else
            {
                BeginWave(now);
            }
        }
    }

    private void BeginWave(Instant now)
    {
        var from = _wave < 0 ? 0 : _waveEnds[_wave];
        _wave++;
        foreach (var receiver in _receivers.AsSpan(from, _waveEnds[_wave] - from))
        {
            receiver.Begin(now);
        }
    }

    private void End(DeploymentPhase phase)
    {
        Phase = phase;
        Changes++;
    }

    private DeploymentReceiver RowOf(Instant now, Receiver receiver) =>
        !receiver.Row.IsFinal && receiver.IsBegun && now - receiver.LastHeard >= _options.LateAfter
            ? receiver.Row with { State = ReceiverState.Late, RateBytesPerSecond = 0 } : receiver.Row;

    private sealed class Receiver(NodeId node)
    {
        public NodeId Node { get; } = node;

        public DeploymentReceiver Row { get; set; } = new() { Node = node, State = ReceiverState.Waiting };

        public ImmutableArray<PeerAddress> Addresses { get; set; } = [];

        public int AddressIndex { get; set; }

        public bool IsBegun { get; private set; }

        /// <summary>When it said last how far it is; at first when it was to begin.</summary>
        public Instant LastHeard { get; set; }

        /// <summary>Whether nobody waits for it just now.</summary>
        public bool IsLost { get; set; }

        /// <summary>Whether it has said that it has left it.</summary>
        public bool HasLeft { get; set; }

        /// <summary>When it is asked next.</summary>
        public Instant Due { get; set; } = Instant.Never;

        /// <summary>What the answer must echo; 0 when none is due.</summary>
        public ulong Nonce { get; set; }

        public Bits128 TokenSent { get; set; }

        /// <summary>Questions since the last answer.</summary>
        public int Unanswered { get; set; }

        public bool IsAsked => IsBegun && !Row.IsFinal && !HasLeft;

        public void Begin(Instant now)
        {
            if (!IsBegun)
            {
                (IsBegun, LastHeard) = (true, now);
            }

            // Also one that was asked already, of something else: what it answers to that is not waited for.
            (Due, Nonce, Unanswered) = (now, 0, 0);
        }
    }
}
