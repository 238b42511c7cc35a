using Microsoft.Extensions.Logging;
using PouringRain.Protocol;
using PouringRain.Protocol.Cluster;

namespace PouringRain.Network;

/// <summary>A membership's questions to the other nodes; it lasts as long as the client.</summary>
internal sealed class MembershipFlow(Membership membership, TimeProvider time, Action onTurn, ILogger logger) : ClientFlow
{
    /// <inheritdoc/>
    public override uint SubscriptionId => membership.SubscriptionId;

    /// <inheritdoc/>
    public override Instant NextTimeout => IsOver ? Instant.Never : membership.NextTimeout;

    private long WallMs => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <inheritdoc/>
    public override void Handle(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram) =>
        membership.Handle(now, WallMs, from, datagram);

    /// <inheritdoc/>
    public override bool TryPollTransmit(Instant now, Span<byte> buffer, out Transmit transmit) =>
        membership.TryPollTransmit(now, WallMs, buffer, out transmit);

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
        Log.MembershipFailed(logger, exception);
    }
}
