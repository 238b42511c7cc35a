using Microsoft.Extensions.Logging;
using PouringRain.Protocol;
using PouringRain.Protocol.Deploying;

namespace PouringRain.Network;

/// <summary>What a deployment asks of its receivers, and what they answer, until it is over.</summary>
internal sealed class DeploymentFlow(Deployment deployment, Action onTurn, ILogger logger) : LastingFlow(onTurn)
{
    /// <inheritdoc/>
    public override uint SubscriptionId => deployment.SubscriptionId;

    /// <inheritdoc/>
    protected override Instant NextDue => deployment.NextTimeout;

    /// <inheritdoc/>
    protected override bool IsDone => deployment.IsOver;

    /// <inheritdoc/>
    public override void Handle(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram) => deployment.Handle(now, from, datagram);

    /// <inheritdoc/>
    public override bool TryPollTransmit(Instant now, Span<byte> buffer, out Transmit transmit) =>
        deployment.TryPollTransmit(now, buffer, out transmit);

    /// <inheritdoc/>
    protected override void Tell(Exception exception) => Log.DeploymentFailed(logger, exception);
}
