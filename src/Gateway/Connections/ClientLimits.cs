using Gateway.Configuration;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Gateway.Connections;

/// <summary>How slow a client may be.</summary>
internal static class ClientLimits
{
    public static void UseClientLimits(this KestrelServerOptions server, GatewayOptions settings)
    {
        var rate = settings.RateBytesPerSecondMin == 0 ? null : new MinDataRate(settings.RateBytesPerSecondMin, settings.RateGrace);
        server.Limits.MinRequestBodyDataRate = rate;
        server.Limits.MinResponseDataRate = rate;
        server.Limits.RequestHeadersTimeout = settings.RequestHeadersTimeout;
        server.Limits.KeepAliveTimeout = settings.KeepAliveTimeout;
    }
}
