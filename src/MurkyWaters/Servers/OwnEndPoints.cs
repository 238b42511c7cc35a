using System.Net;
using System.Net.NetworkInformation;
using PouringRain.Protocol;

namespace MurkyWaters.Servers;

/// <summary>Where this node itself rains: a server of the list that is meant to be one of these is not another node.</summary>
internal sealed class OwnEndPoints
{
    private readonly List<IPEndPoint> _all = [];
    private readonly HashSet<PeerAddress> _exact = [];
    private readonly HashSet<ushort> _portsOfAllAddresses = [];
    private readonly HashSet<Bits128> _localAddresses = [];

    public OwnEndPoints(IEnumerable<IPEndPoint> endPoints)
    {
        foreach (var endPoint in endPoints)
        {
            _all.Add(endPoint);
            RainPort ??= (ushort)endPoint.Port;
            if (endPoint.Address.Equals(IPAddress.Any) || endPoint.Address.Equals(IPAddress.IPv6Any))
            {
                _portsOfAllAddresses.Add((ushort)endPoint.Port);
            }
            else
            {
                _exact.Add(PeerAddress.From(endPoint));
            }
        }

        _localAddresses.UnionWith(_exact.Select(address => address.Address));
        foreach (var address in NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(network => network.GetIPProperties().UnicastAddresses))
        {
            _localAddresses.Add(PeerAddress.From(new IPEndPoint(address.Address, 0)).Address);
        }
    }

    /// <summary>The port that other nodes are told to fetch from; null when this node does not rain.</summary>
    public ushort? RainPort { get; }

    /// <summary>Where others may find it, <c>host:port</c> each: this machine's name where it listens at all of its addresses.</summary>
    public IReadOnlyList<string> Places() =>
        [.. _all.Select(endPoint => endPoint.Address.Equals(IPAddress.Any) || endPoint.Address.Equals(IPAddress.IPv6Any)
            ? $"{Dns.GetHostName()}:{endPoint.Port}" : endPoint.ToString())];

    public bool Contains(PeerAddress address) =>
        _exact.Contains(address with { ScopeId = 0 }) || _exact.Contains(address)
        || (_portsOfAllAddresses.Contains(address.Port) && IsOfThisMachine(address));

    /// <summary>Whether an address is this machine's own: any of its users can send from there.</summary>
    public bool IsOfThisMachine(PeerAddress address) => address.IsLoopback || _localAddresses.Contains(address.Address);
}
