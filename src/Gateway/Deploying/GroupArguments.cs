using System.Net;
using System.Net.Sockets;
using PouringRain.Network;

namespace Gateway.Deploying;

/// <summary>What holds for the group's arguments, whoever sends or receives.</summary>
internal static class GroupArguments
{
    /// <summary>Whether an address is of source-specific multicast.</summary>
    public static bool IsSourceSpecific(IPAddress address) => address.AddressFamily == AddressFamily.InterNetwork
        ? address.GetAddressBytes()[0] == 232
        : address.GetAddressBytes() is [0xFF, var flags, 0, ..] && flags >> 4 == 3;

    /// <summary>Complains of an address that is no group's.</summary>
    public static void CheckGroup(DeployArguments given, IPEndPoint group, bool isBroadcast)
    {
        if (!given.Has("--group"))
        {
            return;
        }

        var isGroup = GroupAddresses.IsGroup(group.Address);
        if (!isBroadcast && !isGroup && !group.Address.Equals(IPAddress.Loopback))
        {
            given.Complain("--group", "a multicast address is wanted, from 224.0.0.0 to 239.255.255.255 or below ff00::/8, like "
                + "239.77.0.1:7855; or --broadcast, if it is the broadcast address of a network.");
        }
        else if (isBroadcast && (isGroup || group.AddressFamily != AddressFamily.InterNetwork))
        {
            given.Complain("--group", "with --broadcast the broadcast address of a network of IPv4 is wanted, like 192.168.1.255:7855.");
        }
    }

    /// <summary>Complains of arguments that mean nothing here.</summary>
    public static void Refuse(DeployArguments given, IEnumerable<string> names, string mode, bool isMode)
    {
        foreach (var name in names.Where(given.Has))
        {
            given.Complain(name, isMode ? $"means nothing with {mode}." : $"means something with {mode} alone.");
        }
    }
}
