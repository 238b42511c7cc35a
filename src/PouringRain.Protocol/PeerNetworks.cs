using System.Collections.Immutable;
using System.Net;

namespace PouringRain.Protocol;

/// <summary>Whether a peer is inside networks that are allowed. An IPv4 network also matches IPv4-mapped IPv6 addresses.</summary>
internal static class PeerNetworks
{
    /// <summary>Whether one of the networks holds the peer's address.</summary>
    public static bool Hold(ImmutableArray<IPNetwork> networks, PeerAddress peer)
    {
        Span<byte> bytes = stackalloc byte[16];
        peer.Address.Write(bytes);
        var address = peer.IsIPv4 ? new IPAddress(bytes[12..]) : new IPAddress(bytes);
        foreach (var network in networks)
        {
            if (network.Contains(address))
            {
                return true;
            }
        }

        return false;
    }
}
