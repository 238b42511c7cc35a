using System.Globalization;
using System.Net;
using System.Net.Sockets;
using PouringRain.Protocol;

namespace MurkyWaters.Servers;

/// <summary>A server as a list names it. <see cref="TryCreate"/> gives each one spelling, so that two spellings of one name, or of one
/// address, are one server.</summary>
/// <param name="Host">A name in small letters, or an address as the system writes it.</param>
/// <param name="Port">The UDP port.</param>
/// <param name="IsClassic">Whether it speaks wire format 1 alone.</param>
public readonly record struct ServerName(string Host, int Port, bool IsClassic = false)
{
    /// <summary>The longest name there is (RFC 1035, section 2.3.4).</summary>
    private const int HostLengthMax = 255;

    /// <summary>Makes one of a name or an address, in brackets or not; false when they can name no server.</summary>
    public static bool TryCreate(string? host, int port, bool isClassic, out ServerName name)
    {
        name = default;
        if (port is <= 0 or > IPEndPoint.MaxPort || host is not { Length: > 0 and <= HostLengthMax })
        {
            return false;
        }

        var isBracketed = host.StartsWith('[') && host.EndsWith(']');
        var bare = isBracketed ? host[1..^1] : host;
        if (bare.Contains(':', StringComparison.Ordinal))
        {
            if (bare.Contains('[', StringComparison.Ordinal) || !IPAddress.TryParse(bare, out var address))
            {
                return false;
            }

            name = new ServerName((address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString(), port, isClassic);
            return true;
        }

        // A name that ends in a dot is the same name, said to be whole.
        bare = bare.EndsWith('.') ? bare[..^1] : bare;
        if (isBracketed || Uri.CheckHostName(bare) is not (UriHostNameType.Dns or UriHostNameType.IPv4))
        {
            return false;
        }

        name = new ServerName(IPAddress.TryParse(bare, out var address4) ? address4.ToString() : bare.ToLowerInvariant(), port, isClassic);
        return true;
    }

    /// <summary>Reads <c>host:port</c>, an IPv6 address in brackets as in URLs.</summary>
    public static bool TryParse(string? endpoint, out ServerName name)
    {
        name = default;
        var colon = endpoint?.LastIndexOf(':') ?? -1;
        return colon > 0
            && (endpoint![0] == '[' || endpoint.IndexOf(':', StringComparison.Ordinal) == colon)
            && int.TryParse(endpoint.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            && TryCreate(endpoint[..colon], port, isClassic: false, out name);
    }

    /// <summary>Its address: the one that it is, or one that the resolver knows its name by, of IPv4 where there is one; null when there is
    /// none just now.</summary>
    internal async Task<PeerAddress?> ResolveAsync()
    {
        if (IPAddress.TryParse(Host, out var known))
        {
            return PeerAddress.From(new IPEndPoint(known, Port));
        }

        try
        {
            var addresses = await Dns.GetHostAddressesAsync(Host);
            var address = addresses.FirstOrDefault(candidate => candidate.AddressFamily == AddressFamily.InterNetwork)
                ?? addresses.FirstOrDefault();
            return address is null ? null : PeerAddress.From(new IPEndPoint(address, Port));
        }
        catch (Exception error) when (error is SocketException or ArgumentException)
        {
            // The next time may do better. (A name that no resolver takes is an argument out of range.)
            return null;
        }
    }

    /// <summary>As in URLs: <c>host:port</c>, an IPv6 address in brackets.</summary>
    public override string ToString() => Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}
