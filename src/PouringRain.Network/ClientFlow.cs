using PouringRain.Protocol;

namespace PouringRain.Network;

/// <summary>One conversation of the client, a fetch or a propagation: what the loop finds by the subscription id of a datagram. Touched
/// only by the loop's thread.</summary>
internal abstract class ClientFlow
{
    /// <summary>Carried by all its datagrams.</summary>
    public abstract uint SubscriptionId { get; }

    /// <summary>When it has something to do though no datagram came.</summary>
    public abstract Instant NextTimeout { get; }

    /// <summary>Whether it is over and has nothing more to send.</summary>
    public bool IsOver { get; protected set; }

    /// <summary>Whether the loop will advance it in this turn.</summary>
    public bool IsTouched { get; set; }

    /// <summary>The time of its one valid entry in the loop's queue.</summary>
    public Instant QueuedAt { get; set; } = Instant.Never;

    /// <summary>Takes one datagram.</summary>
    public abstract void Handle(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram);

    /// <summary>Writes what is to be sent next; false when nothing is due yet.</summary>
    public abstract bool TryPollTransmit(Instant now, Span<byte> buffer, out Transmit transmit);

    /// <summary>Does what came of datagrams, before anything is sent.</summary>
    public abstract void BeforeTransmits(Instant now);

    /// <summary>Looks whether it is over, after all was sent.</summary>
    public abstract void AfterTransmits(Instant now);

    /// <summary>Ends it because the client closes.</summary>
    public abstract void Close(Instant now);

    /// <summary>Ends it because it broke an invariant: it is not called any more.</summary>
    public abstract void Abandon(Exception exception);
}
