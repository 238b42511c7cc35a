using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace PouringRain.Network;

/// <summary>A network interface of this machine that a group is reached by.</summary>
/// <param name="Name">As in <c>eth0</c>.</param>
/// <param name="Index">What the system counts it by.</param>
/// <param name="Networks">The networks of its addresses.</param>
/// <param name="Addresses">Its addresses.</param>
public sealed record GroupInterface(string Name, int Index, IReadOnlyList<IPNetwork> Networks, IReadOnlyList<IPAddress> Addresses)
{
    /// <summary>Every interface of this machine.</summary>
    public static IReadOnlyList<GroupInterface> All => [.. NetworkInterface.GetAllNetworkInterfaces().Select(From)];

    /// <summary>The interface of that name or with that address; null when there is none.</summary>
    public static GroupInterface? Find(string addressOrName)
    {
        var isAddress = IPAddress.TryParse(addressOrName, out var address);
        return All.FirstOrDefault(one => one.Name == addressOrName || (isAddress && one.Addresses.Any(own => IsSame(own, address!))));
    }

    /// <summary>The interface by which the system would send to a group, or to the broadcast address of a network; null when it knows
    /// none, as a machine without a route does.</summary>
    public static GroupInterface? For(IPAddress group)
    {
        ArgumentNullException.ThrowIfNull(group);
        var all = All;
        if (all.FirstOrDefault(one => one.Networks.Any(network => IsBroadcast(network, group))) is { } own)
        {
            return own;
        }

        if (group.AddressFamily == AddressFamily.InterNetworkV6 && group.ScopeId != 0
            && all.FirstOrDefault(one => one.Index == group.ScopeId) is { } scoped)
        {
            return scoped;
        }

        try
        {
            // Nothing is sent by this: the system looks the route up.
            using var socket = new Socket(group.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { EnableBroadcast = true };
            socket.Connect(group, 9);
            var local = ((IPEndPoint)socket.LocalEndPoint!).Address;
            return all.FirstOrDefault(one => one.Addresses.Any(address => IsSame(address, local)));
        }
        catch (SocketException)
        {
            return null;
        }
    }

    /// <summary>The first address of a family; null when there is none.</summary>
    public IPAddress? AddressOf(AddressFamily family) => Addresses.FirstOrDefault(address => address.AddressFamily == family);

    /// <summary>Whether an address is the broadcast address of a network.</summary>
    public static bool IsBroadcast(IPNetwork network, IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (network.BaseAddress.AddressFamily != AddressFamily.InterNetwork || address.AddressFamily != AddressFamily.InterNetwork
            || network.PrefixLength > 30)
        {
            return false;
        }

        var last = Number(network.BaseAddress) | (uint.MaxValue >> network.PrefixLength);
        return Number(address) == last;
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Name} ({string.Join(", ", Addresses)})");

    private static uint Number(IPAddress address) => BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes());

    private static bool IsSame(IPAddress left, IPAddress right) => left.GetAddressBytes().AsSpan().SequenceEqual(right.GetAddressBytes());

    private static GroupInterface From(NetworkInterface one)
    {
        var properties = one.GetIPProperties();
        var networks = new List<IPNetwork>();
        var addresses = new List<IPAddress>();
        foreach (var unicast in properties.UnicastAddresses)
        {
            addresses.Add(unicast.Address);
            var address = new IPAddress(unicast.Address.GetAddressBytes());
            networks.Add(new IPNetwork(BaseOf(address, unicast.PrefixLength), unicast.PrefixLength));
        }

        return new GroupInterface(one.Name, IndexOf(one, properties), networks, addresses);
    }

    private static int IndexOf(NetworkInterface one, IPInterfaceProperties properties) =>
        one.Supports(NetworkInterfaceComponent.IPv4) ? properties.GetIPv4Properties().Index
        : one.Supports(NetworkInterfaceComponent.IPv6) ? properties.GetIPv6Properties().Index : 0;

    private static IPAddress BaseOf(IPAddress address, int prefixLength)
    {
        var bytes = address.GetAddressBytes();
        for (var i = 0; i < bytes.Length; i++)
        {
            var kept = Math.Clamp(prefixLength - (8 * i), 0, 8);
            bytes[i] &= (byte)(0xFF00 >> kept);
        }

        return new IPAddress(bytes);
    }
}
