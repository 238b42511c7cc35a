using Microsoft.Extensions.Logging;
using PouringRain.Protocol;
using PouringRain.Protocol.Cluster;

namespace PouringRain.Network;

/// <summary>What replication asks of the other nodes, and what they answer.</summary>
internal sealed class ReplicationFlow(Replication replication, Action onTurn, ILogger logger) : LastingFlow(onTurn)
{
    /// <inheritdoc/>
    public override uint SubscriptionId => replication.SubscriptionId;

    /// <inheritdoc/>
    protected override Instant NextDue => replication.NextTimeout;

    /// <inheritdoc/>
    public override void Handle(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram) => replication.Handle(now, from, datagram);

    /// <inheritdoc/>
    public override bool TryPollTransmit(Instant now, Span<byte> buffer, out Transmit transmit) =>
        replication.TryPollTransmit(now, buffer, out transmit);

    /// <inheritdoc/>
    protected override void Tell(Exception exception) => Log.ReplicationFailed(logger, exception);
}
