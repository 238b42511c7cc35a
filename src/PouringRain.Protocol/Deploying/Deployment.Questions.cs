using PouringRain.Protocol.Cluster.Messages;

namespace PouringRain.Protocol.Deploying;

// What the receivers are asked, when, and what they answer.
public sealed partial class Deployment
{
    private static readonly TimeSpan RetryFirst = TimeSpan.FromMilliseconds(250), RetryMax = TimeSpan.FromSeconds(2);

    /// <summary>What a wake-up that comes late may make up for.</summary>
    private static readonly TimeSpan Burst = TimeSpan.FromMilliseconds(20);

    private Instant _nextQuestion;
    private int _turn;

    /// <summary>Takes one datagram; any bytes at all.</summary>
    /// <param name="now">The time.</param>
    /// <param name="from">Whom it is from.</param>
    /// <param name="datagram">The datagram.</param>
    public void Handle(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram)
    {
        if (!ConsultAnswer.TryParse(datagram, out var answer, out var body) || answer.SubscriptionId != SubscriptionId
            || answer.Kind != ConsultKind.Deploy)
        {
            return;
        }

        lock (_gate)
        {
            if (IsOver || Array.Find(_receivers, receiver => receiver.Nonce == answer.Nonce && receiver.Nonce != 0) is not { } receiver
                || !receiver.Addresses.Contains(from))
            {
                return;
            }

            if (answer.Token != default && answer.Token != receiver.TokenSent)
            {
                _options.Tokens.Store(from, answer.Token);
                if (answer.Status == ConsultStatus.TokenNeeded)
                {
                    receiver.Due = now;
                }
            }

            // Somebody else may be at that address by now; whoever is not to be asked by this node may be soon. Both count as silence.
            if (answer.Node != receiver.Node || answer.Status == ConsultStatus.TokenNeeded)
            {
                return;
            }

            switch (answer.Status)
            {
                case ConsultStatus.Answered when DeployMessage.TryParseAnswer(body) is { } report:
                    Take(now, receiver, report);
                    break;
                case ConsultStatus.Answered or ConsultStatus.Unknown:
                    Take(now, receiver, new DeployReport
                    {
                        Progress = DeployProgress.Failed,
                        Reason = "Its release is an older one, which knows no deployments.",
                    });
                    break;
                case ConsultStatus.NotTrusted:
                    receiver.Row = receiver.Row with { Reason = "It does not count the node that asks among the nodes of its cluster." };
                    break;
                default:
                    break;
            }

            Look(now);
        }
    }

    /// <inheritdoc cref="Fetch.TryPollTransmit"/>
    public bool TryPollTransmit(Instant now, Span<byte> buffer, out Transmit transmit)
    {
        lock (_gate)
        {
            Look(now);
            transmit = default;
            if (IsOver || _wave < 0 || _nextQuestion > now)
            {
                return false;
            }

            var count = _waveEnds[_wave];
            for (var i = 0; i < count; i++)
            {
                var receiver = _receivers[(_turn + i) % count];
                if (!receiver.IsAsked || receiver.Due > now || receiver.Node == _options.Node)
                {
                    continue;
                }

                if (receiver.Addresses.IsEmpty)
                {
                    receiver.Due = Instant.Never;
                    continue;
                }

                _turn = (_turn + i + 1) % count;
                transmit = Ask(now, receiver, buffer);
                return true;
            }

            return false;
        }
    }

    /// <summary>Whether this node itself is to be asked now, as one of the receivers; what it says goes to <see cref="TakeOwn"/>.</summary>
    /// <param name="now">The time.</param>
    /// <param name="order">What it is asked to have.</param>
    public bool TryPollOwn(Instant now, out DeployOrder order)
    {
        lock (_gate)
        {
            Look(now);
            order = OrderNow();
            if (IsOver || !_byNode.TryGetValue(_options.Node, out var own) || !own.IsAsked || own.Due > now)
            {
                return false;
            }

            own.Due = now + _options.Interval;
            return true;
        }
    }

    /// <summary>Takes what this node itself says.</summary>
    public void TakeOwn(Instant now, DeployReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        lock (_gate)
        {
            if (!IsOver && _byNode.TryGetValue(_options.Node, out var own))
            {
                Take(now, own, report);
                Look(now);
            }
        }
    }

    private DeployOrder OrderNow() => Phase == DeploymentPhase.Stopping ? _plan.Order with { IsStop = true } : _plan.Order;

    private Transmit Ask(Instant now, Receiver receiver, Span<byte> buffer)
    {
        if (receiver.Unanswered > 0)
        {
            receiver.AddressIndex = (receiver.AddressIndex + 1) % receiver.Addresses.Length;
        }

        var place = receiver.Addresses[receiver.AddressIndex];
        receiver.Nonce = receiver.Nonce == 0 ? _random.Next() | 1 : receiver.Nonce;
        receiver.TokenSent = _options.Tokens.Find(place, out _);
        var retry = RetryFirst * (1 << Math.Min(receiver.Unanswered, 3));
        receiver.Due = now + (retry < RetryMax ? retry : RetryMax);
        receiver.Unanswered++;
        _nextQuestion = Instant.Max(_nextQuestion, now - Burst) + (TimeSpan.FromSeconds(1) / _options.QuestionsPerSecondMax);
        var bodyBytes = DeployMessage.Write(buffer[ConsultRequest.FixedBytes..], OrderNow());
        var length = new ConsultRequest
        {
            SubscriptionId = SubscriptionId,
            Version = ConsultRequest.FormatVersion,
            Kind = ConsultKind.Deploy,
            Nonce = receiver.Nonce,
            Node = _options.Node,
            ForgottenTo = long.MinValue,
            Token = receiver.TokenSent,
        }.Write(buffer, bodyBytes);
        return new Transmit(place, length, length);
    }

    private void Take(Instant now, Receiver receiver, DeployReport report)
    {
        (receiver.LastHeard, receiver.Nonce, receiver.Unanswered, receiver.IsLost) = (now, 0, 0, false);
        receiver.Due = now + _options.Interval;
        if (receiver.Row.IsFinal)
        {
            return;
        }

        if (report.Progress == DeployProgress.Done && report.Receipt != _plan.Sha256)
        {
            report = report with { Progress = DeployProgress.Failed, Reason = "Its receipt is of other bytes." };
        }

        receiver.HasLeft = Phase == DeploymentPhase.Stopping && report.Progress is DeployProgress.Stopped;
        receiver.Row = receiver.Row with
        {
            State = report.Progress switch
            {
                DeployProgress.Receiving => ReceiverState.Receiving,
                DeployProgress.Verifying => ReceiverState.Verifying,
                DeployProgress.Done => ReceiverState.Done,
                DeployProgress.Failed => ReceiverState.Failed,
                _ => ReceiverState.Waiting,
            },
            Blocks = Math.Min(report.Blocks, _plan.BlockCount),
            LossPerMillion = report.LossPerMillion,
            RateBytesPerSecond = report.IsFinal ? 0 : report.RateBytesPerSecond,
            ReceiptMs = report.Progress == DeployProgress.Done ? report.ReceiptMs : null,
            Reason = report.Reason,
        };
        Changes += receiver.Row.IsFinal ? 1 : 0;
    }
}
