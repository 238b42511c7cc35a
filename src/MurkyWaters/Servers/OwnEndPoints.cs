using System.Net;
using System.Net.NetworkInformation;
using PouringRain.Protocol;

namespace MurkyWaters.Servers;

/// <summary>Where this node itself rains: a server of the list that is meant to be one of these is not another node.</summary>
internal sealed class OwnEndPoints
{
    private readonly HashSet<PeerAddress> _exact = [];
    private readonly HashSet<ushort> _portsOfAllAddresses = [];
    private readonly HashSet<UInt128> _localAddresses = [];

    public OwnEndPoints(IEnumerable<IPEndPoint> endPoints)
    {
        foreach (var endPoint in endPoints)
        {
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

        if (_portsOfAllAddresses.Count > 0)
        {
            foreach (var address in NetworkInterface.GetAllNetworkInterfaces().SelectMany(network => network.GetIPProperties().UnicastAddresses))
            {
                _localAddresses.Add(PeerAddress.From(new IPEndPoint(address.Address, 0)).Address);
            }
        }
    }

    /// <summary>The port that other nodes are told to fetch from; null when this node does not rain.</summary>
    public ushort? RainPort { get; }

    public bool Contains(PeerAddress address) =>
        _exact.Contains(address with { ScopeId = 0 }) || _exact.Contains(address)
        || (_portsOfAllAddresses.Contains(address.Port) && (IsLoopback(address) || _localAddresses.Contains(address.Address)));

    /// <summary>Whether an address is this machine's loopback.</summary>
    public static bool IsLoopback(PeerAddress address) => IPAddress.IsLoopback(address.ToIPEndPoint().Address);
}
