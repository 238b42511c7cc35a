using Microsoft.Extensions.Logging;
using PouringRain.Protocol;
using PouringRain.Protocol.Naming;

namespace PouringRain.Network;

/// <summary>What is asked of the other nodes about a folder, and what they answer, until all have or the time is up.</summary>
internal sealed class FolderFlow(FolderInquiry inquiry, Action onTurn, ILogger logger) : LastingFlow(onTurn)
{
    /// <inheritdoc/>
    public override uint SubscriptionId => inquiry.SubscriptionId;

    /// <inheritdoc/>
    protected override Instant NextDue => inquiry.NextTimeout;

    /// <inheritdoc/>
    protected override bool IsDone => inquiry.IsOver;

    /// <inheritdoc/>
    public override void Handle(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram) => inquiry.Handle(now, from, datagram);

    /// <inheritdoc/>
    public override bool TryPollTransmit(Instant now, Span<byte> buffer, out Transmit transmit) =>
        inquiry.TryPollTransmit(now, buffer, out transmit);

    /// <inheritdoc/>
    protected override void Tell(Exception exception) => Log.FolderFailed(logger, exception);
}
