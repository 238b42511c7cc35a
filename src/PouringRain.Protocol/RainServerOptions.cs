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
