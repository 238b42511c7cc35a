using Gateway.Access;
using Gateway.Hosting;
using Gateway.Http;

namespace Gateway.Operations;

/// <summary>Figures in the text format of Prometheus.</summary>
internal static class MetricsEndpoint
{
    public static void MapMetrics(this IEndpointRouteBuilder app) =>
        app.MapMethods("/metrics", Methods.Read, WriteAsync).LogQuietly().WithName("Metrics").WithTags("Operations").RequireKeys()
            .Produces<string>(200, "text/plain");

    /// <summary>Makes the instruments: nobody asks for them before they are to measure.</summary>
    public static void StartMeasuring(this WebApplication app)
    {
        app.Services.GetRequiredService<PrometheusText>();
        app.Services.GetRequiredService<NodeMetrics>();
        app.Services.GetRequiredService<ClusterMetrics>();
        app.Services.GetRequiredService<DeploymentMetrics>();
        app.Services.GetRequiredService<ArchiveMetrics>();
        app.Services.GetRequiredService<RoomMetrics>();
    }

    /// <summary>Figures for Prometheus</summary>
    /// <remarks>
    /// Requests, cache, transfers, droplets, loss, decoding, subscribers, servers, memory.
    /// </remarks>
    /// <response code="200">All figures, in the text format of Prometheus.</response>
    internal static async Task WriteAsync(HttpContext http, PrometheusText figures)
    {
        http.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
        await http.Response.WriteAsync(figures.Write(), http.RequestAborted);
    }
}
