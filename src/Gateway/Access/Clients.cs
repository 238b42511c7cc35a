using System.Net;
using PouringRain.Protocol;

namespace Gateway.Access;

/// <summary>Whose requests are.</summary>
internal static class Clients
{
    /// <summary>By what a client's shares are counted: its address, that which a trusted proxy tells if there is one in front, or its
    /// /64. 0 for those without, as over a Unix socket.</summary>
    public static Bits128 NetworkOf(HttpContext http) =>
        http.Connection.RemoteIpAddress is { } address ? PeerAddress.From(new IPEndPoint(address, 0)).Network : default;
}
