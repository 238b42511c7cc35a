using System.Net.NetworkInformation;
using System.Net.Sockets;
using Gateway.Access;
using Gateway.Configuration;
using PouringRain.Network;
using PouringRain.Protocol;
using PouringRain.Protocol.Sealing;

namespace Gateway.Doctor;

/// <summary>What the kernel and the network cards do for datagrams.</summary>
internal static class NetworkLook
{
    /// <summary>IPv6 and UDP; IPv4's header is 20 bytes shorter.</summary>
    private const int HeaderBytes = 40 + 8;

    public static IEnumerable<Finding> Look(GatewaySettings settings)
    {
        yield return LookAtBuffer();
        yield return LookAtOffload();
        var sealBytes = RainSeal.IsSealed(settings) ? SealedFormat.CompactOverhead : 0;
        var overhead = HeaderBytes + WireFormat.DropletHeaderBytes + sealBytes;
        var packet = settings.Rain.SymbolSize + overhead;
        foreach (var card in Cards())
        {
            yield return card.Mtu >= packet
                ? Finding.Ok("mtu", $"{card.Name} takes {card.Mtu} bytes, and a droplet with all headers has {packet}.")
                : Finding.Warning(
                    "mtu",
                    $"{card.Name} takes {card.Mtu} bytes, and a droplet with all headers has {packet}: it does not pass. A fetch over it "
                    + "finds that out "
                    + $"and takes symbols of {ResourceLayout.SmallSymbolSize} bytes, which need "
                    + $"{ResourceLayout.SmallSymbolSize + overhead}.",
                    $"Set Rain:SymbolSize to {(card.Mtu - overhead) / 64 * 64} or less for resources that are to rain over it, or raise "
                    + "its MTU.");
        }
    }

    private static Finding LookAtBuffer()
    {
        var wanted = new RainClientOptions().ReceiveBufferBytes;
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = wanted };

        // Linux says twice what may be used, for its own accounts (socket(7)).
        var granted = OperatingSystem.IsLinux() ? socket.ReceiveBufferSize / 2 : socket.ReceiveBufferSize;
        return granted >= wanted
            ? Finding.Ok("buffer", $"The kernel grants {granted} bytes of receive buffer.")
            : Finding.Warning(
                "buffer", $"The kernel grants {granted} of {wanted} bytes of receive buffer: at high rates datagrams are lost before the "
                + "gateway reads them.",
                $"sysctl -w net.core.rmem_max={wanted}, and the same line in /etc/sysctl.d/ for the next boot.");
    }

    private static Finding LookAtOffload()
    {
        // UDP_SEGMENT and UDP_GRO of linux/udp.h, as the gateway's own sockets try them.
        const int udpLevel = 17, udpSegment = 103, udpGro = 104;
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        var isThere = OperatingSystem.IsLinux() && TrySet(socket, udpLevel, udpSegment, 0) && TrySet(socket, udpLevel, udpGro, 1);
        return isThere
            ? Finding.Ok("offload", "The kernel sends and receives many datagrams in one call.")
            : Finding.Warning(
                "offload", "The kernel takes datagrams one by one, which bounds the rate to a few Gbit/s.",
                "Linux 5.0 or later does better.");
    }

    private static bool TrySet(Socket socket, int level, int option, int value)
    {
        try
        {
            socket.SetRawSocketOption(level, option, BitConverter.GetBytes(value));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static IEnumerable<(string Name, int Mtu)> Cards()
    {
        foreach (var card in NetworkInterface.GetAllNetworkInterfaces()
            .Where(card => card.OperationalStatus is OperationalStatus.Up or OperationalStatus.Unknown))
        {
            int mtu;
            try
            {
                mtu = card.GetIPProperties().GetIPv4Properties()?.Mtu ?? 0;
            }
            catch (NetworkInformationException)
            {
                continue;
            }

            if (mtu > 0)
            {
                yield return (card.Name, mtu);
            }
        }
    }
}
