using Microsoft.Extensions.Logging;
using PouringRain.Protocol;
using PouringRain.Protocol.Archiving;

namespace PouringRain.Network;

/// <summary>One question about pieces to one node, until it is over.</summary>
internal sealed class ArchiveFlow(ArchiveQuestion question, Action<ArchiveReport?> onOver, ILogger logger) : LastingFlow(() =>
{
    if (question.IsOver)
    {
        onOver(question.Report);
    }
})
{
    /// <inheritdoc/>
    public override uint SubscriptionId => question.SubscriptionId;

    /// <inheritdoc/>
    protected override Instant NextDue => question.NextTimeout;

    /// <inheritdoc/>
    protected override bool IsDone => question.IsOver;

    /// <inheritdoc/>
    public override void Handle(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram) => question.Handle(now, from, datagram);

    /// <inheritdoc/>
    public override bool TryPollTransmit(Instant now, Span<byte> buffer, out Transmit transmit) =>
        question.TryPollTransmit(now, buffer, out transmit);

    /// <inheritdoc/>
    protected override void Tell(Exception exception)
    {
        Log.ArchiveFailed(logger, exception);
        onOver(null);
    }
}
