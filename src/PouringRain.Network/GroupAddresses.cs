using System.Net;
using System.Net.Sockets;

namespace PouringRain.Network;

/// <summary>What addresses are those of groups.</summary>
public static class GroupAddresses
{
    /// <summary>Whether an address is that of a multicast group: 224.0.0.0/4, ff00::/8.</summary>
    public static bool IsGroup(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        return address.IsIPv6Multicast
            || (address.AddressFamily == AddressFamily.InterNetwork && address.GetAddressBytes()[0] is >= 224 and < 240);
    }
}
