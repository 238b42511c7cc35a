using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Extensions.Logging;

namespace PouringRain.Network;

/// <summary>Opens the sockets of a group: one that sends to it and takes what its receivers say, and one that has joined it.</summary>
internal static class GroupSockets
{
    // asm-generic/socket.h.
    private const int SocketLevel = 1, ReuseAddress = 2, BindToDevice = 25;

    // linux/in.h, linux/in6.h. "All" set to 0: only groups that this socket has joined, not those of other programs.
    private const int IpLevel = 0, IpMulticastAll = 49, Ipv6Level = 41, Ipv6MulticastAll = 29, JoinSourceGroup = 46;

    /// <summary>Of struct group_source_req: where the two addresses begin, and its length.</summary>
    private const int SourceRequestGroup = 8, SourceRequestSource = 136, SourceRequestBytes = 264;

    /// <summary>Opens a socket that sends to the group and to single peers.</summary>
    /// <param name="options">How the group is reached.</param>
    /// <param name="port">Its own port; 0 for any.</param>
    /// <param name="logger">Where to log.</param>
    /// <exception cref="SocketException">It cannot be had.</exception>
    public static DatagramSocket OpenSending(GroupSocketOptions options, int port, ILogger logger)
    {
        // The address of its interface is what receivers know the sender by.
        var any = options.IsIPv6 ? IPAddress.IPv6Any : IPAddress.Any;
        var own = options.IsBroadcast ? any : options.Interface?.AddressOf(options.Group.AddressFamily) ?? any;
        return DatagramSocket.Open(
            new IPEndPoint(own, port), options.ReceiveBufferBytes, segment: true, coalesce: false, logger,
            configure: socket =>
            {
                BindToInterface(socket, options);
                if (options.IsBroadcast)
                {
                    socket.EnableBroadcast = true;
                    return;
                }

                var level = options.IsIPv6 ? SocketOptionLevel.IPv6 : SocketOptionLevel.IP;
                socket.SetSocketOption(level, SocketOptionName.MulticastTimeToLive, options.Hops);
                socket.SetSocketOption(level, SocketOptionName.MulticastLoopback, options.IsLoopedBack);
                if (options.Interface is { } by)
                {
                    socket.SetSocketOption(
                        level, SocketOptionName.MulticastInterface, options.IsIPv6 ? by.Index : IPAddress.HostToNetworkOrder(by.Index));
                }
            });
    }

    /// <summary>Opens a socket that hears the group, as others on the machine may at the same port. Of a broadcast it hears also what is
    /// sent to this machine alone.</summary>
    /// <param name="options">How the group is reached.</param>
    /// <param name="coalesce">Whether to take coalesced datagrams.</param>
    /// <param name="logger">Where to log.</param>
    /// <exception cref="SocketException">It cannot be had.</exception>
    public static DatagramSocket OpenReceiving(GroupSocketOptions options, bool coalesce, ILogger logger)
    {
        var any = options.IsIPv6 ? IPAddress.IPv6Any : IPAddress.Any;

        // Bound to the group's address it hears nothing else; not every system can.
        var bound = options.IsBroadcast || !OperatingSystem.IsLinux() ? any : Scoped(options);
        return DatagramSocket.Open(
            new IPEndPoint(bound, options.Group.Port), options.ReceiveBufferBytes, segment: false, coalesce, logger,
            configure: socket =>
            {
                Share(socket);
                BindToInterface(socket, options);
                if (options.IsBroadcast)
                {
                    socket.EnableBroadcast = true;
                }
                else
                {
                    Join(socket, options);
                }
            });
    }

    private static void Share(Socket socket)
    {
        if (OperatingSystem.IsLinux())
        {
            // The framework's own option is SO_REUSEPORT here, beside which other programs cannot bind.
            socket.SetRawSocketOption(SocketLevel, ReuseAddress, MemoryMarshal.AsBytes<int>([1]));
        }
        else
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        }
    }

    /// <summary>A broadcast knows its interface by the address alone, and 255.255.255.255 by nothing.</summary>
    private static void BindToInterface(Socket socket, GroupSocketOptions options)
    {
        if (OperatingSystem.IsLinux() && options is { IsBroadcast: true, Interface: { } by })
        {
            socket.SetRawSocketOption(SocketLevel, BindToDevice, Encoding.ASCII.GetBytes($"{by.Name}\0"));
        }
    }

    private static void Join(Socket socket, GroupSocketOptions options)
    {
        if (OperatingSystem.IsLinux())
        {
            socket.SetRawSocketOption(
                options.IsIPv6 ? Ipv6Level : IpLevel, options.IsIPv6 ? Ipv6MulticastAll : IpMulticastAll, MemoryMarshal.AsBytes<int>([0]));
        }

        var index = options.Interface?.Index ?? 0;
        if (options.Source is { } source)
        {
            JoinSource(socket, options, source, index);
        }
        else if (options.IsIPv6)
        {
            socket.SetSocketOption(
                SocketOptionLevel.IPv6, SocketOptionName.AddMembership, new IPv6MulticastOption(options.Group.Address, index));
        }
        else
        {
            socket.SetSocketOption(
                SocketOptionLevel.IP, SocketOptionName.AddMembership, new MulticastOption(options.Group.Address, index));
        }
    }

    private static void JoinSource(Socket socket, GroupSocketOptions options, IPAddress source, int index)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new SocketException((int)SocketError.OperationNotSupported);
        }

        Span<byte> request = stackalloc byte[SourceRequestBytes];
        request.Clear();
        MemoryMarshal.Write(request, index);
        new IPEndPoint(options.Group.Address, 0).Serialize().Buffer.Span.CopyTo(request[SourceRequestGroup..]);
        new IPEndPoint(source, 0).Serialize().Buffer.Span.CopyTo(request[SourceRequestSource..]);
        socket.SetRawSocketOption(options.IsIPv6 ? Ipv6Level : IpLevel, JoinSourceGroup, request);
    }

    /// <summary>A group of one link alone needs the link's number.</summary>
    private static IPAddress Scoped(GroupSocketOptions options)
    {
        var group = options.Group.Address;
        return options is { IsIPv6: true, Interface: { } by } && (group.GetAddressBytes()[1] & 0xF) <= 2
            ? new IPAddress(group.GetAddressBytes(), by.Index) : group;
    }
}
