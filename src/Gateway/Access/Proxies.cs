using System.Net;
using Microsoft.AspNetCore.HttpOverrides;
using IPNetwork = System.Net.IPNetwork;

namespace Gateway.Access;

/// <summary>Proxies in front that are believed what they say of the client: its address, and the scheme and name it asked for.</summary>
internal static class Proxies
{
    /// <summary>Has <c>X-Forwarded-For</c>, <c>-Proto</c> and <c>-Host</c> of trusted networks
    /// take the place of what the connection says.</summary>
    public static void UseTrustedProxies(this IApplicationBuilder app, IReadOnlyList<IPNetwork> trusted)
    {
        if (trusted.Count == 0)
        {
            return;
        }

        // As many hops as are trusted, not one.
        var options = new ForwardedHeadersOptions
        {
            ForwardedHeaders = ForwardedHeaders.All & ~ForwardedHeaders.XForwardedPrefix,
            ForwardLimit = null,
        };
        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        foreach (var network in trusted)
        {
            options.KnownIPNetworks.Add(network);
        }

        app.UseForwardedHeaders(options);
    }

    /// <summary>Whether a connection comes from a trusted proxy.</summary>
    public static bool IsTrusted(IPAddress? address, IReadOnlyList<IPNetwork> trusted)
    {
        if (address is null || trusted.Count == 0)
        {
            return false;
        }

        // An IPv4 client of a socket for both.
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return trusted.Any(network => network.Contains(plain) || network.Contains(address));
    }
}
