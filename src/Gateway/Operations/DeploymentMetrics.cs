using System.Diagnostics.Metrics;
using Gateway.Hosting;
using Gateway.Http;
using MurkyWaters;
using PouringRain.Protocol.Deploying;

namespace Gateway.Operations;

/// <summary>What is measured of deployments: those that this node runs, and what it was asked to have itself; read when somebody
/// asks.</summary>
internal sealed class DeploymentMetrics
{
    private static readonly DeploymentPhase[] Ends = [DeploymentPhase.Completed, DeploymentPhase.Failed, DeploymentPhase.Stopped];
    private readonly NodeHost _host;

    public DeploymentMetrics(NodeHost host, IMeterFactory meters)
    {
        _host = host;
        var meter = meters.Create(RequestMetrics.MeterName);
        meter.CreateObservableGauge(
            "murky.deployments.running", () => Read(figures => [new(figures.Running)]), null, "Deployments that this node runs.");
        meter.CreateObservableCounter(
            "murky.deployments.ended",
            () => Read(figures => Ends.Select(end => Measure(figures.Ended.GetValueOrDefault(end), "state", end))), null,
            "Deployments that this node ran to their end, by how they ended.");
        meter.CreateObservableGauge(
            "murky.deployments.receivers",
            () => Read(figures => Enum.GetValues<ReceiverState>()
                .Select(state => Measure(figures.Receivers.GetValueOrDefault(state), "state", state))), null,
            "Receivers of the deployments that this node runs, by how they stand.");
        meter.CreateObservableGauge(
            "murky.deployments.obeying", () => Read(figures => [new(figures.Obeying)]), null,
            "Deployments whose resource this node is fetching or reading back, as it was asked to.");
        meter.CreateObservableCounter(
            "murky.deployments.obeyed",
            () => Read(figures =>
            [
                Measure(figures.Had, "result", ReceiverState.Done), Measure(figures.Failed, "result", ReceiverState.Failed),
            ]),
            null, "Deployments whose resource this node was asked to have, by what came of it.");
    }

    private static Measurement<long> Measure<T>(long value, string label, T state)
        where T : struct, Enum =>
        new(value, new KeyValuePair<string, object?>(label, JsonText.Word(state)));

    private IEnumerable<Measurement<long>> Read(Func<DeploymentFigures, IEnumerable<Measurement<long>>> read) =>
        _host.IsOpen ? read(_host.Node.DeploymentFigures) : [];
}
