using System.Collections.Immutable;
using System.Net;

namespace PouringRain.Protocol.Broadband;

/// <summary>To whom a <see cref="BroadbandServer"/> streams, how fast, and within what bounds.</summary>
public sealed record BroadbandServerOptions
{
    /// <summary>The broadcast address (or a group), with the clients' port.</summary>
    public required PeerAddress Group { get; init; }

    /// <summary>The networks whose clients are repaired. The format checks no sender, so that a forged one could make the server an
    /// amplifier.</summary>
    public required ImmutableArray<IPNetwork> Allowed { get; init; }

    /// <summary>Bytes a second of all that is sent, the headers of IP and UDP counted.</summary>
    public required long RateBytesPerSecond { get; init; }

    /// <summary>The port that clients ask from, the only one that is answered; 0 for any.</summary>
    public int ClientPort { get; init; } = BroadbandFormat.ClientPort;

    /// <summary>Streaming begins when so many clients are there, or after <see cref="WaitMax"/>.</summary>
    public int WaitCount { get; init; }

    /// <summary>The longest wait for clients.</summary>
    public TimeSpan WaitMax { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>A client that is at most so far behind the stream is repaired at once: what the stream moves on while a NACK is on its way,
    /// many times over. Who is further behind came late or is slower, and waits until the stream is at its end.</summary>
    public long NearBytes { get; init; } = 512 * 1024;

    /// <summary>The share of the rate that repair may take while the stream is not at its end. A client catches up only when it is more
    /// than half.</summary>
    public double RepairShare { get; init; } = 0.75;

    /// <summary>The stream goes back by at most this share of what it has got on.</summary>
    public double RewindShareMax { get; init; } = 3;

    /// <summary>Times that the stream is sent to anybody, at the most: somebody who asks for ever is left.</summary>
    public int RoundCountMax { get; init; } = 16;

    /// <summary>Clients known at once; others are ignored meanwhile.</summary>
    public int ClientCountMax { get; init; } = 4096;

    /// <summary>Time between two ENDs.</summary>
    public TimeSpan EndInterval { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>How long END is repeated since somebody last asked.</summary>
    public TimeSpan EndDuration { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Whether a sender is inside one of <see cref="Allowed"/>, at the port of clients.</summary>
    public bool Allows(PeerAddress peer) =>
        (ClientPort == 0 || peer.Port == ClientPort) && PeerNetworks.Hold(Allowed, peer);
}
