namespace PouringRain.Protocol;

/// <summary>Where a propagation to one node stands.</summary>
public enum PropagationState
{
    /// <summary>Asked, not answered.</summary>
    Asked,

    /// <summary>The node said that it will fetch.</summary>
    Accepted,

    /// <summary>The node holds the version, whole.</summary>
    Held,

    /// <summary>The node does not want it.</summary>
    Refused,

    /// <summary>No answer within the limit.</summary>
    Unanswered,
}

/// <summary>Tells one node "fetch this and keep it" and follows it until the node holds the version, refuses, or the limit is
/// reached. Sans-I/O, with the contract of <see cref="Fetch"/>.</summary>
public sealed class Propagation
{
    /// <summary>Makes a propagation.</summary>
    public Propagation(ResourceId resource, Sha256Digest version, ushort rainPort, PeerAddress node, TimeSpan limit, TokenCache tokens, ulong seed, Instant now) =>
        throw new NotImplementedException();

    /// <summary>As <see cref="Fetch.SubscriptionId"/>.</summary>
    public uint SubscriptionId => throw new NotImplementedException();

    /// <summary>Where it stands.</summary>
    public PropagationState State => throw new NotImplementedException();

    /// <summary>Whether the state is final.</summary>
    public bool IsOver => throw new NotImplementedException();

    /// <summary>As <see cref="Fetch.NextTimeout"/>.</summary>
    public Instant NextTimeout => throw new NotImplementedException();

    /// <summary>Takes one datagram; any bytes at all.</summary>
    public void Handle(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram) => throw new NotImplementedException();

    /// <summary>Writes what is to be sent next; false when nothing is due yet.</summary>
    public bool TryPollTransmit(Instant now, Span<byte> buffer, out Transmit transmit) => throw new NotImplementedException();
}
