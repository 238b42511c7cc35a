using System.Globalization;
using System.Text;
using PouringRain.Protocol;

namespace Simulation;

/// <summary>The table of behaviour: loss, servers and round-trip time against what crosses the wire, the time, and fairness. It is
/// committed, so that a change of behaviour is a diff.</summary>
public static class Table
{
    private const int SymbolBytesOnWire = 1408 + WireFormat.DropletHeaderBytes + SimNetwork.HeaderBytes;
    private static readonly ResourceId Id = new(1);

    /// <summary>Writes the table.</summary>
    /// <param name="megabytes">The size of the resource in one cell of it.</param>
    public static string Write(int megabytes)
    {
        var text = new StringBuilder();
        text.AppendLine("# Behaviour of the transport in the simulator").AppendLine();
        text.AppendLine(
            CultureInfo.InvariantCulture, $"{megabytes} MB, one server at 100 Mbit/s or three at 33 Mbit/s, queue of one bandwidth-delay "
                + $"product (at least 64 KB), timers late by 0.5 ms, one seed.");
        text.AppendLine("Wire is bytes of droplets sent / size; goodput is against rate x (1 - loss), headers counted; queue is the mean "
            + "wait at the bottleneck / round-trip time.").AppendLine();
        text.AppendLine("| loss | servers | round trip | wire / size | goodput / ideal | 1 / ideal time | queue / rtt |").AppendLine(
            "| --- | --- | --- | --- | --- | --- | --- |");
        var bytes = new byte[megabytes * 1_000_000];
        new SimRandom(1).Fill(bytes);
        var content = SimContent.Create(bytes, blockBytes: 1 << 20, isGrowing: true);
        foreach (var loss in (int[])[0, 1000, 10_000, 50_000, 100_000, 200_000])
        {
            foreach (var servers in (int[])[1, 3])
            {
                foreach (var roundTrip in (int[])[2, 50, 300])
                {
                    text.AppendLine(Row(content, loss, servers, roundTrip));
                }
            }
        }

        text.AppendLine();
        TransferTable.Write(text, seconds: 12, seeds: 3);
        text.AppendLine();
        SharingTable.Write(text, seconds: 30);
        return text.ToString();
    }

    private static string Row(SimContent content, int loss, int serverCount, int roundTrip)
    {
        var world = new SimWorld((ulong)(loss + serverCount + roundTrip)) { TimerLateness = TimeSpan.FromMicroseconds(500) };
        world.Network.DefaultFaults = new LinkFaults { Delay = TimeSpan.FromMilliseconds(roundTrip / 2.0) };
        const long rate = 12_500_000;
        var servers = new List<SimServer>();
        for (var i = 0; i < serverCount; i++)
        {
            var server = NewServer(world, i, rate / serverCount, roundTrip, content);
            servers.Add(server);
        }

        using var client = NewClient(world, servers, 0);
        foreach (var server in servers)
        {
            world.Network.SetFaults(server.Address, client.Address, world.Network.DefaultFaults with { LossPerMillion = loss });
        }

        world.RunUntil(() => client.HasEnded, TimeSpan.FromSeconds(300));
        var seconds = (client.Ended!.Value - client.Started).TotalSeconds;
        var sent = servers.Sum(server => server.DropletsSent) * 1408.0;
        var goodput = content.Bytes.Length / seconds / (rate * (1 - (loss / 1e6)));
        var symbols = content.Bytes.Length / 1408.0;
        var ideal = symbols * SymbolBytesOnWire / (rate * (1 - (loss / 1e6)));
        var queue = servers.Sum(server => server.Uplink.QueueDelaySum) / servers.Sum(server => server.Uplink.Passed) / 1e6 / roundTrip;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"| {loss / 10_000.0:0.0} % | {serverCount} | {roundTrip} ms | {sent / content.Bytes.Length:F3} | {goodput:F3} | "
            + $"{ideal / seconds:F3} | {queue:F2} "
            + $"|{(client.Fetch.EndReason == FetchEndReason.Completed ? "" : client.Fetch.EndReason)}");
    }

    private static SimServer NewServer(SimWorld world, int index, long rate, int roundTrip, SimContent content)
    {
        var server = new SimServer(world, PeerAddress.FromIPv4(0x0A00_0001 + (uint)index, 1980));
        server.Uplink.RateBytesPerSecond = rate;
        server.Uplink.QueueBytes = Math.Max(64_000, rate * roundTrip / 1000);
        server.Catalog.Add(Id, content);
        return server;
    }

    private static SimClient NewClient(SimWorld world, IReadOnlyList<SimServer> servers, int index) => new(
        world, PeerAddress.FromIPv4(0xC0A8_0001 + (uint)index, 4000),
        new FetchRequest { Resource = Id, Servers = [.. servers.Select(server => server.Address)] });
}
