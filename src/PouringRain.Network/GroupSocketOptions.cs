using System.Net;
using System.Net.Sockets;

namespace PouringRain.Network;

/// <summary>How a group is reached: any-source multicast (239/8, ff3x::), source-specific multicast (232/8), or the broadcast address of a
/// network.</summary>
public sealed record GroupSocketOptions
{
    /// <summary>The group's address and port.</summary>
    public required IPEndPoint Group { get; init; }

    /// <summary>The interface; null for the one that the system chooses.</summary>
    public GroupInterface? Interface { get; init; }

    /// <summary>The only address that is listened to (source-specific multicast); null for any.</summary>
    public IPAddress? Source { get; init; }

    /// <summary>Whether the group's address is that of a broadcast.</summary>
    public bool IsBroadcast { get; init; }

    /// <summary>Routers that a datagram may pass, and one more: with 1 it stays on the link. 0 to 255.</summary>
    public int Hops { get; init; } = 1;

    /// <summary>Whether receivers on the sender's own machine hear it too.</summary>
    public bool IsLoopedBack { get; init; } = true;

    /// <summary>Kernel receive buffer asked for.</summary>
    public int ReceiveBufferBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>The sender's own port, at which it takes what receivers say, and serves who hears nothing on the group; 0 for
    /// any.</summary>
    public int SenderPort { get; init; }

    internal bool IsIPv6 => Group.AddressFamily == AddressFamily.InterNetworkV6;
}
