using System.Collections.Immutable;
using System.Net;

namespace PouringRain.Protocol.Classic;

/// <summary>Whom a server answers in wire format 1, and how much.</summary>
public sealed record ClassicServerOptions
{
    /// <summary>The networks whose senders are answered. The format checks no sender, so that a forged one makes the server an
    /// amplifier, within <see cref="Budget"/>: none by default. An IPv4 network also matches IPv4-mapped IPv6 addresses.</summary>
    public ImmutableArray<IPNetwork> Allowed { get; init; } = [];

    /// <summary>Whether a sender is inside one of <see cref="Allowed"/>.</summary>
    public bool Allows(PeerAddress peer) => PeerNetworks.Hold(Allowed, peer);

    /// <summary>What each address gets; servers of one process share it.</summary>
    public ClassicBudget Budget { get; init; } = new();

    /// <summary>The ceiling under which it rains with the servers of format 2, or <see langword="null"/> for none.</summary>
    public RainCeiling? Ceiling { get; init; }

    /// <summary>Bytes of datagrams a second for one subscriber; format 1 has no feedback that could find a better one.</summary>
    public long RateBytesPerSecond { get; init; } = 4_000_000;

    /// <summary>Droplets a second for one subscriber: a bound for small resources, whose droplets are small too.</summary>
    public int DropletsPerSecond { get; init; } = 2000;

    /// <summary>Droplets a second for a subscriber that has had <see cref="ClassicBudget.DropletsPerResource"/> and not said that it has
    /// enough: for those who lost many, and too few to be worth forging a sender for.</summary>
    public int FurtherDropletsPerSecond { get; init; } = 16;

    /// <summary>Subscribers beyond which new ones are ignored; each may hold a resource of 4 MB.</summary>
    public int SubscriberCountMax { get; init; } = 32;

    /// <summary>How long a subscription lives after the last SUBSCRIBE.</summary>
    public TimeSpan SubscriptionLifetime { get; init; } = TimeSpan.FromSeconds(5);
}
