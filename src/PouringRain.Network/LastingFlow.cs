using PouringRain.Protocol;

namespace PouringRain.Network;

/// <summary>The flow of a machine that lasts as long as the client, or until it is done, and takes its datagrams as they come.</summary>
/// <param name="onTurn">Called after every turn, when something may have come of it.</param>
internal abstract class LastingFlow(Action onTurn) : ClientFlow
{
    /// <inheritdoc/>
    public sealed override Instant NextTimeout => IsOver ? Instant.Never : NextDue;

    /// <summary>When the machine has something to do though no datagram came.</summary>
    protected abstract Instant NextDue { get; }

    /// <summary>Whether the machine has nothing more to do, ever.</summary>
    protected virtual bool IsDone => false;

    /// <inheritdoc/>
    public sealed override void BeforeTransmits(Instant now)
    {
    }

    /// <inheritdoc/>
    public sealed override void AfterTransmits(Instant now)
    {
        onTurn();
        IsOver |= IsDone;
    }

    /// <inheritdoc/>
    public sealed override void Close(Instant now) => IsOver = true;

    /// <inheritdoc/>
    public sealed override void Abandon(Exception exception)
    {
        IsOver = true;
        Tell(exception);
    }

    /// <summary>Says that the machine broke.</summary>
    protected abstract void Tell(Exception exception);
}
