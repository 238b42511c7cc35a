using System.Diagnostics.Metrics;
using Gateway.Hosting;
using Gateway.Http;
using MurkyWaters;
using MurkyWaters.Cluster;
using PouringRain.Protocol.Cluster;

namespace Gateway.Operations;

/// <summary>What is measured of the cluster, as this node sees it: read when somebody asks.</summary>
internal sealed class ClusterMetrics
{
    private static readonly MemberState[] States = [MemberState.Up, MemberState.Late, MemberState.Down, MemberState.Draining];
    private readonly NodeHost _host;

    public ClusterMetrics(NodeHost host, IMeterFactory meters)
    {
        _host = host;
        var meter = meters.Create(RequestMetrics.MeterName);
        meter.CreateObservableGauge("murky.cluster.nodes", ReadNodes, null, "Nodes of the cluster, by state, as this one sees them.");
        Gauge(
            "murky.cluster.survives.nodes", "Nodes that can be lost without the loss of a resource, whichever they are.",
            figures => figures.Survives.Nodes);
        Gauge("murky.cluster.survives.zones", "Zones that can be lost so.", figures => figures.Survives.Zones);
        Gauge(
            "murky.cluster.underreplicated", "Resources of the cluster of which fewer nodes than wanted are known to keep them.",
            figures => figures.UnderReplicated);
        Gauge("murky.cluster.repair.waiting", "Resources that nodes have still to fetch, to keep them.", figures => figures.Waiting);
        Gauge("murky.cluster.repair.waiting.bytes", "Bytes of those.", figures => figures.BytesLeft);
        Gauge(
            "murky.cluster.repair.rate.bytes", "Bytes a second of the cluster that are fetched to be kept.",
            figures => figures.RateBytesPerSecond);
        OfDrain(
            "murky.cluster.drain.left", "Resources that are left on this node, which is drained; nothing while not known.",
            drain => drain.ResourcesLeft);
        OfDrain("murky.cluster.drain.left.bytes", "Bytes of those.", drain => drain.BytesLeft);
        OfEtcd("murky.cluster.etcd.connected", "1 while etcd answers, else 0.", status => status.IsConnected ? 1 : 0);
        OfEtcd(
            "murky.cluster.etcd.registered", "1 while etcd knows this node, as read last, else 0.", status => status.IsRegistered ? 1 : 0);
        OfEtcd(
            "murky.cluster.etcd.lag.seconds", "How old what is known from etcd may be.", status => status.Lag.TotalSeconds);
        CounterOfEtcd(
            "murky.cluster.etcd.reconnects", "Times that etcd answered again after it had been away.", status => status.Reconnects);
        CounterOfEtcd("murky.cluster.etcd.leases.lost", "Times that this node's key ran out.", status => status.LeasesLost);

        void Gauge(string name, string description, Func<ClusterFigures, double> read) =>
            meter.CreateObservableGauge(name, () => Read(figures => read(figures)), null, description);

        void OfDrain(string name, string description, Func<NodeDrain, double?> read) => meter.CreateObservableGauge(
            name, () => Read(figures => figures.Drain is { } drain ? read(drain) : null), null, description);

        void OfEtcd(string name, string description, Func<RegistryStatus, double> read) => meter.CreateObservableGauge(
            name, () => ReadEtcd(read), null, description);

        void CounterOfEtcd(string name, string description, Func<RegistryStatus, double> read) => meter.CreateObservableCounter(
            name, () => ReadEtcd(read), null, description);
    }

    private IEnumerable<Measurement<double>> Read(Func<ClusterFigures, double?> read) =>
        _host.IsOpen && read(_host.Node.ClusterFigures) is { } value ? [new Measurement<double>(value)] : [];

    private IEnumerable<Measurement<double>> ReadEtcd(Func<RegistryStatus, double> read) =>
        _host.IsOpen && _host.Node.RegistryStatus is { } status ? [new Measurement<double>(read(status))] : [];

    private IEnumerable<Measurement<long>> ReadNodes()
    {
        if (!_host.IsOpen)
        {
            return [];
        }

        var counts = _host.Node.ClusterFigures.Nodes;
        return States.Select(state => new Measurement<long>(
            counts.GetValueOrDefault(state),
            new KeyValuePair<string, object?>("state", JsonText.Word(state))));
    }
}
