namespace PouringRain.Protocol;

/// <summary>One row of the subscriber table.</summary>
public sealed record SubscriberSnapshot(PeerAddress Peer, ResourceId Resource, long RateBytesPerSecond, long Droplets, TimeSpan ExpiresIn);
