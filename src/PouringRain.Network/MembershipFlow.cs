using Microsoft.Extensions.Logging;
using PouringRain.Protocol;
using PouringRain.Protocol.Cluster;

namespace PouringRain.Network;

/// <summary>A membership's questions to the other nodes, and their answers.</summary>
internal sealed class MembershipFlow(Membership membership, TimeProvider time, Action onTurn, ILogger logger) : LastingFlow(onTurn)
{
    /// <inheritdoc/>
    public override uint SubscriptionId => membership.SubscriptionId;

    /// <inheritdoc/>
    protected override Instant NextDue => membership.NextTimeout;

    private long WallMs => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <inheritdoc/>
    public override void Handle(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram) =>
        membership.Handle(now, WallMs, from, datagram);

    /// <inheritdoc/>
    public override bool TryPollTransmit(Instant now, Span<byte> buffer, out Transmit transmit) =>
        membership.TryPollTransmit(now, WallMs, buffer, out transmit);

    /// <inheritdoc/>
    protected override void Tell(Exception exception) => Log.MembershipFailed(logger, exception);
}
