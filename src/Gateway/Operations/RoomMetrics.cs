using System.Diagnostics.Metrics;
using Gateway.Connections;
using Gateway.Hosting;
using Gateway.Machine;
using MurkyWaters;

namespace Gateway.Operations;

/// <summary>Of everything that could run out: what is in use, and what there is. Read when somebody asks.</summary>
internal sealed class RoomMetrics
{
    public RoomMetrics(MachineLimits machine, ConnectionTable connections, NodeHost host, IMeterFactory meters)
    {
        var meter = meters.Create(RequestMetrics.MeterName);
        Room("connections", "Connections open", () => connections.ConnectionCount, () => connections.ConnectionCountMax);
        Room(
            "descriptors", "Descriptors that connections and requests in work have",
            () => connections.ConnectionCount + connections.RequestCount,
            () => connections.DescriptorCountMax);
        OfNode("fetch.memory.bytes", "Bytes of blocks given to fetches", room => room.FetchBytes, room => room.FetchBytesMax);
        OfNode("fetches", "Fetches that rain", room => room.Fetches, room => room.FetchesMax);
        OfNode("transfers", "Transfers that ask, rain or wait", room => room.Transfers, room => room.TransfersMax);
        OfNode("uploads", "Uploads in several requests under way", room => room.Uploads, room => room.UploadsMax);
        OfNode("subscriber.rows", "Rows of the subscriber tables", room => room.Subscribers, room => room.SubscribersMax);
        meter.CreateObservableGauge(
            "rain.fetches.waiting", () => Read(room => room.FetchesWaiting), null, "Fetches that wait for memory or a place.");
        meter.CreateObservableCounter("rain.connections.evicted", () => connections.Closed.Evicted, null, "Connections closed for others.");
        meter.CreateObservableCounter(
            "rain.connections.refused", () => connections.Closed.Refused, null, "Connections and requests refused for want of room.");
        meter.CreateObservableGauge(
            "process.open.files.limit", () => (long)machine.DescriptorCount, null, "Files and sockets that the process may have open.");
        meter.CreateObservableGauge(
            "process.memory.limit.bytes", () => machine.MemoryBytes, "By",
            "Memory that the process may use, by the machine, a container or the collector's limit.");

        IEnumerable<Measurement<double>> Read(Func<NodeRoom, double> read) => host.IsOpen
            ? [new Measurement<double>(read(host.Node.Room))]
            : [];

        void OfNode(string name, string description, Func<NodeRoom, double> used, Func<NodeRoom, double> max)
        {
            meter.CreateObservableGauge($"rain.{name}.used", () => Read(used), null, $"{description}.");
            meter.CreateObservableGauge($"rain.{name}.limit", () => Read(max), null, $"{description} at the most.");
        }

        void Room(string name, string description, Func<double> used, Func<double> max)
        {
            meter.CreateObservableGauge($"rain.{name}.used", used, null, $"{description}.");
            meter.CreateObservableGauge($"rain.{name}.limit", max, null, $"{description} at the most.");
        }
    }
}
