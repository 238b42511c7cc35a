using System.Diagnostics.Metrics;
using Gateway.Connections;
using Gateway.Machine;

namespace Gateway.Operations;

/// <summary>Of everything that could run out: what is in use, and what there is. Read when somebody asks.</summary>
internal sealed class RoomMetrics
{
    public RoomMetrics(MachineLimits machine, ConnectionTable connections, IMeterFactory meters)
    {
        var meter = meters.Create(RequestMetrics.MeterName);
        Room("connections", "Connections open", () => connections.ConnectionCount, () => connections.ConnectionCountMax);
        Room(
            "descriptors", "Descriptors that connections and requests in work have", () => connections.ConnectionCount + connections.RequestCount,
            () => connections.DescriptorCountMax);
        meter.CreateObservableCounter("rain.connections.evicted", () => connections.Closed.Evicted, null, "Connections closed for others.");
        meter.CreateObservableCounter("rain.connections.refused", () => connections.Closed.Refused, null, "Connections and requests refused for want of room.");
        meter.CreateObservableGauge("process.open.files.limit", () => (long)machine.DescriptorCount, null, "Files and sockets that the process may have open.");
        meter.CreateObservableGauge(
            "process.memory.limit.bytes", () => machine.MemoryBytes, "By", "Memory that the process may use, by the machine, a container or the collector's limit.");

        void Room(string name, string description, Func<double> used, Func<double> max)
        {
            meter.CreateObservableGauge($"rain.{name}.used", used, null, $"{description}.");
            meter.CreateObservableGauge($"rain.{name}.limit", max, null, $"{description} at the most.");
        }
    }
}
