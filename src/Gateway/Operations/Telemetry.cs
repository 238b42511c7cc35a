using Gateway.Configuration;
using Gateway.Hosting;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Gateway.Operations;

/// <summary>
/// Exports metrics and traces over OTLP, to <c>Gateway:OtlpEndpoint</c> as HTTP with protobuf, or as the standard variables
/// (<c>OTEL_EXPORTER_OTLP_ENDPOINT</c> and the others) say; not at all when neither is set. What cannot be delivered is dropped: no
/// request ever waits for it.
/// </summary>
internal static class Telemetry
{
    private static readonly string[] StandardEndpoints =
        ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];

    /// <summary>Adds it to the host, where it is set up.</summary>
    public static void AddTelemetry(this IServiceCollection services, GatewaySettings settings)
    {
        var endpoint = settings.Gateway.OtlpEndpoint;
        if (endpoint.Length == 0 && StandardEndpoints.All(name => string.IsNullOrEmpty(Environment.GetEnvironmentVariable(name))))
        {
            return;
        }

        services.AddOpenTelemetry()
            .ConfigureResource(Describe)
            .WithMetrics(metrics => metrics
                .AddMeter(RequestMetrics.MeterName, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime")
                .AddOtlpExporter(options => Aim(options, endpoint, "metrics")))
            .WithTracing(traces => traces
                .AddAspNetCoreInstrumentation(options => options.EnrichWithHttpResponse =
                    static (activity, response) => activity.SetTag("url.path", RequestLog.PathOf(response.HttpContext)))
                .AddSource("PouringRain.Transfers")
                .AddOtlpExporter(options => Aim(options, endpoint, "traces")));

        // The first of the services to start is the last to stop: it sends what the others measured at their end.
        services.Insert(0, ServiceDescriptor.Singleton<IHostedService, TelemetryFlush>());
    }

    private static void Describe(ResourceBuilder resource)
    {
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("OTEL_SERVICE_NAME")))
        {
            resource.AddService("pouring-rain", serviceVersion: CommandLine.Version);
        }
    }

    private static void Aim(OtlpExporterOptions options, string endpoint, string signal)
    {
        if (endpoint.Length > 0)
        {
            options.Protocol = OtlpExportProtocol.HttpProtobuf;
            options.Endpoint = new Uri($"{endpoint.TrimEnd('/')}/v1/{signal}");
        }
    }
}
