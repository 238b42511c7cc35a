using Gateway.Configuration;

namespace Gateway.Access;

/// <summary>Pages of other origins that may use the API; none by default.</summary>
internal static class Cors
{
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
