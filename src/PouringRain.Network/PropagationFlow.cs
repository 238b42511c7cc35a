using PouringRain.Protocol;

namespace PouringRain.Network;

/// <summary>A propagation and whoever waits for it.</summary>
internal sealed class PropagationFlow(
    Propagation propagation, bool untilHeld, TaskCompletionSource<PropagationResult> completion) : ClientFlow
{
    /// <inheritdoc/>
    public override uint SubscriptionId => propagation.SubscriptionId;

    /// <inheritdoc/>
    public override Instant NextTimeout => IsOver ? Instant.Never : propagation.NextTimeout;

    /// <inheritdoc/>
    public override void Handle(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram) => propagation.Handle(now, from, datagram);

    /// <inheritdoc/>
    public override bool TryPollTransmit(Instant now, Span<byte> buffer, out Transmit transmit) =>
        propagation.TryPollTransmit(now, buffer, out transmit);

    /// <inheritdoc/>
    public override void BeforeTransmits(Instant now)
    {
    }

    /// <inheritdoc/>
    public override void AfterTransmits(Instant now)
    {
        if (propagation.IsOver || completion.Task.IsCompleted || (!untilHeld && propagation.State == PropagationState.Accepted))
        {
            End();
        }
    }

    /// <inheritdoc/>
    public override void Close(Instant now) => End();

    /// <inheritdoc/>
    public override void Abandon(Exception exception)
    {
        IsOver = true;
        completion.TrySetException(exception);
    }

    private void End()
    {
        IsOver = true;
        completion.TrySetResult(new PropagationResult(
            propagation.State == PropagationState.Asked ? PropagationState.Unanswered : propagation.State, propagation.Node));
    }
}
