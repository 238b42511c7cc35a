using Gateway.Configuration;
using Microsoft.AspNetCore.Cors.Infrastructure;

namespace Gateway.Access;

/// <summary>Pages of other origins that may use the API; none by default.</summary>
internal sealed class Cors : ICorsPolicyProvider
{
    private readonly CurrentSettings _settings;
    private Made? _made;

    public Cors(CurrentSettings settings) => _settings = settings;

    /// <summary>Tells caches that an answer without permission for one origin is not the one for another; the framework does so only
    /// where several origins are named.</summary>
    public static Task AddVaryAsync(HttpContext http, RequestDelegate next)
    {
        var origins = http.RequestServices.GetRequiredService<GatewaySettings>().Gateway.CorsOrigins;
        if (origins.Count > 0 && !origins.Contains("*"))
        {
            http.Response.OnStarting(
                static state =>
                {
                    var headers = ((HttpResponse)state).Headers;
                    if (!headers.Vary.Contains("Origin"))
                    {
                        headers.Append("Vary", "Origin");
                    }

                    return Task.CompletedTask;
                },
                http.Response);
        }

        return next(http);
    }

    /// <summary>The policy for the origins configured now.</summary>
    public Task<CorsPolicy?> GetPolicyAsync(HttpContext context, string? policyName)
    {
        var origins = _settings.Value.Gateway.CorsOrigins;
        var made = Volatile.Read(ref _made);
        if (made is null || !ReferenceEquals(made.Origins, origins))
        {
            // Two requests may make it twice, which harms nobody.
            made = new Made(origins, Make(origins));
            Volatile.Write(ref _made, made);
        }

        return Task.FromResult<CorsPolicy?>(made.Policy);
    }

    private static CorsPolicy Make(IReadOnlyList<string> origins)
    {
        var policy = new CorsPolicyBuilder().AllowAnyMethod().AllowAnyHeader()
            .WithExposedHeaders("ETag", "Content-Range", "Accept-Ranges", "Repr-Digest", "Server-Timing", "Location", "Cache-Status",
                "Upload-Offset", "Upload-Complete", "Upload-Length", "Upload-Limit", "Upload-Expires", "Upload-Metadata",
                "Upload-Defer-Length",
                "Tus-Resumable", "Tus-Version", "Tus-Extension", "Tus-Max-Size", "Tus-Checksum-Algorithm");
        return (origins.Contains("*") ? policy.AllowAnyOrigin() : policy.WithOrigins([.. origins])).Build();
    }

    private sealed record Made(IReadOnlyList<string> Origins, CorsPolicy Policy);
}
