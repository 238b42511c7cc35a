using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace Gateway.Operations;

/// <summary>Sends what is left when the gateway ends, as long as there is time; the providers themselves would wait for a collector that
/// does not answer without regard to it.</summary>
internal sealed class TelemetryFlush : IHostedService
{
    private readonly MeterProvider _meters;
    private readonly TracerProvider _traces;

    public TelemetryFlush(MeterProvider meters, TracerProvider traces)
    {
        _meters = meters;
        _traces = traces;
    }

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        try
        {
            // Once is all: when the container disposes of them there is nothing left to send.
            await Task.WhenAll(
                Task.Run(() => _traces.Shutdown(), CancellationToken.None), Task.Run(() => _meters.Shutdown(), CancellationToken.None))
                .WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // The time is over.
        }
    }
}
