using Microsoft.Extensions.Logging;
using PouringRain.Protocol;
using PouringRain.Protocol.Cluster;

namespace PouringRain.Network;

/// <summary>What replication asks of the other nodes, and what they answer; it lasts as long as the client.</summary>
internal sealed class ReplicationFlow(Replication replication, Action onTurn, ILogger logger) : ClientFlow
{
    /// <inheritdoc/>
    public override uint SubscriptionId => replication.SubscriptionId;

    /// <inheritdoc/>
    public override Instant NextTimeout => IsOver ? Instant.Never : replication.NextTimeout;

    /// <inheritdoc/>
    public override void Handle(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram) => replication.Handle(now, from, datagram);

    /// <inheritdoc/>
    public override bool TryPollTransmit(Instant now, Span<byte> buffer, out Transmit transmit) =>
        replication.TryPollTransmit(now, buffer, out transmit);

    /// <inheritdoc/>
    public override void BeforeTransmits(Instant now)
    {
    }

    /// <inheritdoc/>
    public override void AfterTransmits(Instant now) => onTurn();

    /// <inheritdoc/>
    public override void Close(Instant now) => IsOver = true;

    /// <inheritdoc/>
    public override void Abandon(Exception exception)
    {
        IsOver = true;
        Log.ReplicationFailed(logger, exception);
    }
}
