using System.Diagnostics.Metrics;
using Gateway.Hosting;
using Gateway.Http;
using MurkyWaters;

namespace Gateway.Operations;

/// <summary>What is measured of what is in pieces; read when somebody asks.</summary>
internal sealed class ArchiveMetrics
{
    private readonly NodeHost _host;

    public ArchiveMetrics(NodeHost host, IMeterFactory meters)
    {
        _host = host;
        var meter = meters.Create(RequestMetrics.MeterName);
        meter.CreateObservableGauge(
            "murky.archive.resources", () => Read(figures => [new(figures.Resources)]), null,
            "Resources whose bytes are in pieces, as this node knows.");
        meter.CreateObservableGauge(
            "murky.archive.pieces", () => Read(figures => [new(figures.Pieces)]), null, "Pieces that are here.");
        meter.CreateObservableGauge(
            "murky.archive.piece.bytes", () => Read(figures => [new(figures.PieceBytes)]), null, "Bytes of the pieces that are here.");
        meter.CreateObservableGauge(
            "murky.archive.jobs",
            () => Read(figures => Enum.GetValues<ArchivePhase>().Select(phase => new Measurement<long>(
                figures.Jobs.GetValueOrDefault(phase),
                new KeyValuePair<string, object?>("phase", JsonText.Word(phase))))),
            null, "Jobs that this node knows, by how far they are.");
        meter.CreateObservableCounter(
            "murky.archive.repairs",
            () => Read(figures =>
            [
                new(figures.Repaired, new KeyValuePair<string, object?>("result", "done")),
                new(figures.RepairsFailed, new KeyValuePair<string, object?>("result", "failed")),
            ]),
            null, "Pieces that this node had made anew, by what came of it.");
        meter.CreateObservableCounter(
            "murky.archive.paths",
            () => Read(figures =>
            [
                new(figures.Paths, new KeyValuePair<string, object?>("result", "done")),
                new(figures.PathsFailed, new KeyValuePair<string, object?>("result", "failed")),
            ]),
            null, "Pieces that came to this node along a path of others, and those that did not and were decoded.");
    }

    private IEnumerable<Measurement<long>> Read(Func<ArchiveFigures, IEnumerable<Measurement<long>>> read)
    {
        try
        {
            return _host.IsOpen ? read(_host.Node.ArchiveFigures) : [];
        }
        catch (StoreException)
        {
            // The disk's trouble is measured elsewhere.
            return [];
        }
    }
}
