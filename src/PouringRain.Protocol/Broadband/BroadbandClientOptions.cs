namespace PouringRain.Protocol.Broadband;

/// <summary>From whom a <see cref="BroadbandClient"/> takes a stream.</summary>
public sealed record BroadbandClientOptions
{
    /// <summary>The server, the only one that is listened to, at whatever port it sends from; NACKs go to this port.</summary>
    public required PeerAddress Server { get; init; }

    /// <summary>A server that has begun and is silent for so long is given up.</summary>
    public TimeSpan SilenceMax { get; init; } = TimeSpan.FromSeconds(30);
}
