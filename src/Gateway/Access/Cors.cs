using Gateway.Configuration;

namespace Gateway.Access;

/// <summary>Pages of other origins that may use the API; none by default.</summary>
internal static class Cors
{
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

    public static void AddConfiguredCors(this IServiceCollection services, GatewayOptions options) =>
        services.AddCors(cors => cors.AddDefaultPolicy(policy =>
        {
            policy.AllowAnyMethod().AllowAnyHeader()
                .WithExposedHeaders("ETag", "Content-Range", "Accept-Ranges", "Repr-Digest", "Server-Timing", "Location", "Cache-Status",
                    "Upload-Offset", "Upload-Complete", "Upload-Length", "Upload-Limit");
            if (options.CorsOrigins.Contains("*"))
            {
                policy.AllowAnyOrigin();
            }
            else
            {
                policy.WithOrigins([.. options.CorsOrigins]);
            }
        }));
}
