using System.Net;
using Gateway.Configuration;
using Gateway.Http;
using Microsoft.Extensions.Primitives;

namespace Gateway.Access;

/// <summary>
/// The names by which the gateway is asked. A page of the web can have its own name point at this machine (DNS rebinding), and is then
/// of the gateway's origin to a browser; only the name that comes with the request tells the two apart. Addresses are no names that
/// anybody could point elsewhere, so they are always taken, health probes among them.
/// </summary>
internal sealed class Hosts
{
    private const string Loopback = "localhost", LoopbackNames = "*.localhost";

    private readonly CurrentSettings _settings;
    private readonly SettingsSnapshot _configuration;
    private Made? _made;

    public Hosts(CurrentSettings settings, LoadedSettings loaded)
    {
        _settings = settings;
        _configuration = loaded.Configuration;
    }

    /// <summary>Refuses requests for other names. A proxy that is trusted answers for the names that it passes on.</summary>
    public Task CheckAsync(HttpContext http, RequestDelegate next)
    {
        var settings = _settings.Value;
        var host = http.Request.Host;
        return !host.HasValue || Takes(host.Host, settings)
            || Proxies.IsTrusted(http.Connection.RemoteIpAddress, settings.Gateway.TrustedProxies)
            ? next(http)
            : new Problem(
                ProblemType.Misdirected,
                $"{host.Host} is not among AllowedHosts (nor localhost, nor named in Urls).").ExecuteAsync(http);
    }

    private bool Takes(string host, GatewaySettings settings)
    {
        var made = Volatile.Read(ref _made);
        if (made is null || !ReferenceEquals(made.Settings, settings))
        {
            // Two requests may make it twice, which harms nobody.
            made = new Made(settings, Make(settings));
            Volatile.Write(ref _made, made);
        }

        return made.Names is not { } names || HostString.MatchesAny(host, names) || IPAddress.TryParse(host, out _);
    }

    /// <summary>The names that are taken; null for all.</summary>
    private List<StringSegment>? Make(GatewaySettings settings)
    {
        // Nobody's page can be of these, and health checks on this machine ask by them.
        List<string> named = [Loopback, LoopbackNames, .. settings.AllowedHosts];
        var urls = _configuration.GetSection("Kestrel:Endpoints").GetChildren().Select(endpoint => endpoint["Url"]).OfType<string>();
        foreach (var address in settings.Urls.Concat(urls).Select(BindingAddress.Parse))
        {
            var isAny = address.IsUnixPipe || address.Host is "+" or "*" or "0.0.0.0" or "[::]";
            if (!isAny)
            {
                named.Add(address.Host);
            }
            else if (settings.AllowedHosts.Count == 0)
            {
                return null;
            }
        }

        return named.Contains("*") ? null : [.. named.Select(name => new StringSegment(name))];
    }

    private sealed record Made(GatewaySettings Settings, List<StringSegment>? Names);
}
