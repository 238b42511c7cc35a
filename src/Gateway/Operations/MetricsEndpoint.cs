using Gateway.Access;
using Gateway.Hosting;

namespace Gateway.Operations;

/// <summary>Figures in the text format of Prometheus.</summary>
internal static class MetricsEndpoint
{
    public static void MapMetrics(this IEndpointRouteBuilder app) =>
        app.MapRead("/metrics", WriteAsync).LogQuietly().WithName("Metrics").WithTags("Operations").RequireKeys().Answers(200, "text/plain")
            .Says(200, "All figures, in the text format of Prometheus.")
            .Describe("Figures for Prometheus", "Requests, cache, transfers, droplets, loss, decoding, subscribers, servers, memory.");

    /// <summary>Makes the instruments: nobody asks for them before they are to measure.</summary>
    public static void StartMeasuring(this WebApplication app)
    {
        app.Services.GetRequiredService<PrometheusText>();
        app.Services.GetRequiredService<NodeMetrics>();
    }

    private static async Task WriteAsync(HttpContext http, PrometheusText figures)
    {
        http.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
        await http.Response.WriteAsync(figures.Write(), http.RequestAborted);
    }
}
