namespace PouringRain.Protocol;

/// <summary>Bounds and promises of one rain server.</summary>
public sealed record RainServerOptions
{
    /// <summary>Ceiling over all subscribers in bytes of datagrams a second; 0 is none.</summary>
    public long RateBytesPerSecondMax { get; init; }

    /// <summary>Subscribers beyond which BUSY is answered.</summary>
    public int SubscriberCountMax { get; init; } = 10_000;

    /// <summary>How long a subscription lives after the last SUBSCRIBE.</summary>
    public TimeSpan SubscriptionLifetime { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Key of the address tokens, 32 random bytes. The servers of one process share it.</summary>
    public required ReadOnlyMemory<byte> TokenKey { get; init; }
}

/// <summary>
/// The serving side: answers subscriptions with paced droplets and keeps nothing of a client beyond a soft-state row of the
/// subscriber table. Sans-I/O: whoever owns the socket calls <see cref="Handle"/> for every datagram, then
/// <see cref="TryPollTransmit"/> and <see cref="TryPollEvent"/> until there is nothing, then waits until
/// <see cref="NextTimeout"/> or the next datagram. Time never goes back. Not thread-safe.
/// </summary>
public sealed class RainServer
{
    /// <summary>Makes a server.</summary>
    public RainServer(RainServerOptions options, IRainCatalog catalog, ulong seed) => throw new NotImplementedException();

    /// <summary>When <see cref="TryPollTransmit"/> has something to do though no datagram came.</summary>
    public Instant NextTimeout => throw new NotImplementedException();

    /// <summary>Takes one datagram; any bytes at all.</summary>
    public void Handle(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram) => throw new NotImplementedException();

    /// <summary>Writes what is to be sent next; false when nothing is due yet.</summary>
    public bool TryPollTransmit(Instant now, Span<byte> buffer, out Transmit transmit) => throw new NotImplementedException();

    /// <summary>What the owner should know of, oldest first.</summary>
    public bool TryPollEvent(out PropagateRequest request) => throw new NotImplementedException();

    /// <summary>The subscriber table as it is now.</summary>
    public SubscriberSnapshot[] SnapshotSubscribers(Instant now) => throw new NotImplementedException();
}

/// <summary>A node asked this one to fetch a resource and keep it; its address has been validated by a token.</summary>
/// <param name="Resource">The resource.</param>
/// <param name="Version">The version to fetch.</param>
/// <param name="Source">The asking node's address with its rain port.</param>
public readonly record struct PropagateRequest(ResourceId Resource, Sha256Digest Version, PeerAddress Source);

/// <summary>One row of the subscriber table.</summary>
public sealed record SubscriberSnapshot(PeerAddress Peer, ResourceId Resource, long RateBytesPerSecond, long Droplets, TimeSpan ExpiresIn);
