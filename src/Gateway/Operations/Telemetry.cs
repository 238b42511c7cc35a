using Gateway.Configuration;
using OpenTelemetry;
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
internal sealed class Telemetry : IHostedService, IDisposable
{
    private static readonly string[] StandardEndpoints =
        ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];

    private readonly string _endpoint;
    private MeterProvider? _meters;
    private TracerProvider? _traces;

    public Telemetry(GatewaySettings settings) => _endpoint = settings.Gateway.OtlpEndpoint;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (_endpoint.Length == 0 && StandardEndpoints.All(name => string.IsNullOrEmpty(Environment.GetEnvironmentVariable(name))))
        {
            return Task.CompletedTask;
        }

        _meters = Sdk.CreateMeterProviderBuilder().ConfigureResource(Describe)
            .AddMeter(RequestMetrics.MeterName, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime")
            .AddOtlpExporter(options => Aim(options, "metrics")).Build();
        _traces = Sdk.CreateTracerProviderBuilder().ConfigureResource(Describe)
            .AddSource("Microsoft.AspNetCore", "PouringRain.Transfers")
            .AddOtlpExporter(options => Aim(options, "traces")).Build();
        return Task.CompletedTask;
    }

    /// <summary>Sends what is left, as long as there is time.</summary>
    public Task StopAsync(CancellationToken cancellationToken) => Task.Run(Dispose, CancellationToken.None);

    public void Dispose()
    {
        Interlocked.Exchange(ref _traces, null)?.Dispose();
        Interlocked.Exchange(ref _meters, null)?.Dispose();
    }

    private static void Describe(ResourceBuilder resource)
    {
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("OTEL_SERVICE_NAME")))
        {
            resource.AddService("pouring-rain", serviceVersion: CommandLine.Version);
        }
    }

    private void Aim(OtlpExporterOptions options, string signal)
    {
        if (_endpoint.Length > 0)
        {
            options.Protocol = OtlpExportProtocol.HttpProtobuf;
            options.Endpoint = new Uri($"{_endpoint.TrimEnd('/')}/v1/{signal}");
        }
    }
}
