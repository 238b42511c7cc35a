using System.Diagnostics;
using System.Diagnostics.Metrics;
using Gateway.Hosting;
using MurkyWaters;

namespace Gateway.Operations;

/// <summary>What is measured of the node and the process: read when somebody asks, so that it costs nothing otherwise.</summary>
internal sealed class NodeMetrics
{
    private readonly NodeHost _host;

    public NodeMetrics(NodeHost host, IMeterFactory meters)
    {
        _host = host;
        var meter = meters.Create(RequestMetrics.MeterName);
        Counter("rain.received.droplets", "Distinct droplets received.", figures => figures.DropletsReceived);
        Counter("rain.received.bytes", "Bytes of datagrams received with droplets.", figures => figures.BytesReceived);
        Counter("rain.lost.droplets", "Droplets that servers sent and that did not come.", figures => figures.DropletsLost);
        Counter("rain.needed.symbols", "Symbols that the blocks begun needed.", figures => figures.SymbolsNeeded);
        Counter("rain.decoded.blocks", "Blocks decoded and verified.", figures => figures.BlocksWorked);
        Counter(
            "rain.decode.seconds", "Time of all threads that decoding, verifying and keeping took.",
            figures => figures.WorkTime.TotalSeconds);
        Counter("rain.sent.droplets", "Droplets rained on subscribers.", figures => figures.DropletsSent);
        Counter("rain.sent.bytes", "Bytes of datagrams rained on subscribers.", figures => figures.BytesSent);
        Counter("rain.sent.company.bytes", "Of these, bytes to nodes that fetch the same.", figures => figures.BytesSentInCompany);
        Counters("rain.transfers.ended", "Transfers ended, by their last state.", "state", figures => figures.TransfersEnded);
        Counters(
            "rain.dropped.datagrams", "Datagrams that did not open under the secret and were dropped, by the reason.", "reason",
            figures => figures.DatagramsDropped);
        Gauge("rain.transfers.running", "Transfers that run.", figures => figures.TransfersRunning);
        Gauge("rain.overhead.ratio", "Droplets received a symbol needed, over all transfers.", figures => figures.Overhead);
        Gauge("rain.loss.ratio", "Droplets lost of those sent here, over all transfers.", figures => figures.Loss);
        Gauge("rain.subscribers", "Subscribers rained on just now.", figures => figures.Subscribers);
        Gauge("rain.swarms", "Versions that several nodes fetch, as far as this one was told.", figures => figures.Swarms);
        Gauge("rain.swarm.members", "Nodes known to fetch those, each version for itself.", figures => figures.SwarmMembers);
        Gauge("rain.store.resources", "Resources kept.", figures => figures.Resources);
        Gauge(
            "rain.store.readonly", "1 while the store's disk fails and nothing is taken in, else 0.",
            figures => figures.IsStoreReadOnly ? 1 : 0);
        Gauge(
            "murky.store.quarantined",
            "Rows and files of the store that were set aside, since they could not be understood or were not what they should be.",
            figures => figures.StoreQuarantined);
        Counter("murky.store.scrub.bytes", "Bytes of bodies that the scrub has read.", figures => figures.StoreScrubbedBytes);
        Counter("murky.store.scrub.damaged", "Bodies that the scrub has found damaged.", figures => figures.StoreScrubDamaged);
        Counters("rain.store.errors", "Errors of the disk that ended a write, by what they said.", "error", figures => figures.StoreErrors);
        Backing(
            "murky.backing.connected", "1 while the object store under the node serves, else 0.", figures => figures.IsConnected ? 1 : 0);
        Backing("murky.backing.waiting", "Versions and deletions that wait to be put into the object store.", figures => figures.Waiting);
        Backing("murky.backing.waiting.bytes", "Bytes of those.", figures => figures.BytesLeft);
        BackingCounter(
            "murky.backing.settled", "Versions and deletions put into the object store, or found there.", figures => figures.Settled);
        BackingCounter("murky.backing.wrong", "Objects that were not what they should be.", figures => figures.Wrong);
        BackingCounter("murky.backing.requests", "Requests to the object store.", figures => figures.Traffic.Requests);
        BackingCounter("murky.backing.put.bytes", "Bytes sent to the object store.", figures => figures.Traffic.BytesPut);
        BackingCounter("murky.backing.got.bytes", "Bytes received from the object store.", figures => figures.Traffic.BytesGot);
        meter.CreateObservableGauge("rain.servers", ReadServers, null, "Servers known, by state.");
        meter.CreateObservableGauge("process.resident.memory.bytes", () => Environment.WorkingSet, "By", "Resident memory.");
        meter.CreateObservableGauge(
            "process.managed.heap.bytes", () => GC.GetGCMemoryInfo().HeapSizeBytes, "By", "Managed memory after the last collection.");
        meter.CreateObservableGauge(
            "process.managed.committed.bytes", () => GC.GetGCMemoryInfo().TotalCommittedBytes, "By", "Memory that the collector holds.");
        meter.CreateObservableCounter("process.managed.collections", ReadCollections, null, "Garbage collections, by generation.");
        meter.CreateObservableCounter("process.cpu.seconds", ReadProcessorSeconds, "s", "Processor time.");

        void Counter(string name, string description, Func<NodeFigures, double> read) =>
            meter.CreateObservableCounter(name, () => Read<double>(figures => [new Measurement<double>(read(figures))]), null, description);

        void Counters(string name, string description, string label, Func<NodeFigures, IReadOnlyDictionary<string, long>> read) =>
            meter.CreateObservableCounter(
                name,
                () => Read(figures => read(figures).Select(
                    pair => new Measurement<long>(pair.Value, new KeyValuePair<string, object?>(label, pair.Key)))),
                null, description);

        void Backing(string name, string description, Func<BackingFigures, double> read) =>
            meter.CreateObservableGauge(name, () => ReadBacking(read), null, description);

        void BackingCounter(string name, string description, Func<BackingFigures, double> read) =>
            meter.CreateObservableCounter(name, () => ReadBacking(read), null, description);

        void Gauge(string name, string description, Func<NodeFigures, double> read) =>
            meter.CreateObservableGauge(name, () => Read<double>(figures => [new Measurement<double>(read(figures))]), null, description);
    }

    private static IEnumerable<Measurement<long>> ReadCollections() => Enumerable.Range(0, GC.MaxGeneration + 1)
        .Select(generation => new Measurement<long>(
            GC.CollectionCount(generation), new KeyValuePair<string, object?>("generation", generation)));

    private static double ReadProcessorSeconds()
    {
        using var process = Process.GetCurrentProcess();
        return process.TotalProcessorTime.TotalSeconds;
    }

    private IEnumerable<Measurement<T>> Read<T>(Func<NodeFigures, IEnumerable<Measurement<T>>> read)
        where T : struct => _host.IsOpen ? read(_host.Node.Figures) : [];

    /// <summary>Nothing where there is no object store.</summary>
    private IEnumerable<Measurement<double>> ReadBacking(Func<BackingFigures, double> read) =>
        _host.IsOpen && _host.Node.BackingFigures is { } figures ? [new Measurement<double>(read(figures))] : [];

    private IEnumerable<Measurement<long>> ReadServers() => !_host.IsOpen ? [] : _host.Node.Servers
        .GroupBy(server => server.State)
        .Select(group => new Measurement<long>(group.Count(), new KeyValuePair<string, object?>("state", group.Key)));
}
