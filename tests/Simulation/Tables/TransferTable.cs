using System.Globalization;
using System.Text;
using PouringRain.Protocol;

namespace Simulation;

/// <summary>Transfers of a set length over the ways and weathers of the benchmark <c>wan</c>, cold (nothing known of the server) and warm
/// (one transfer before): medians and worst of several seeds, since one seed's losses say little.</summary>
public static class TransferTable
{
    private const int SymbolSize = 1408, BlockBytes = 1 << 20;
    private const long QueueBytesMin = 256 << 10;
    private static readonly ResourceId Id = new(1);

    private static readonly (int Megabits, int RoundTripMs)[] Ways = [(100, 50), (10, 300), (500, 10), (100, 300)];

    private static readonly (string Name, int LossPerMillion, int BurstPerMillion, double Lost)[] Weathers =
    [
        ("no loss", 0, 0, 0),
        ("1 %", 10_000, 0, 0.01),
        ("5 %", 50_000, 0, 0.05),
        ("10 %", 100_000, 0, 0.1),
        ("20 %", 200_000, 0, 0.2),
        ("bursts 1%/25%", 0, 10_000, 1 / 26.0),
    ];

    /// <summary>Writes the table.</summary>
    /// <param name="text">Where to.</param>
    /// <param name="seconds">What a transfer takes at the way's rate, without headers.</param>
    /// <param name="seeds">Transfers of each row.</param>
    /// <param name="only">Rows whose name has this in it.</param>
    public static void Write(StringBuilder text, double seconds, int seeds, string only = "")
    {
        text.AppendLine(
            CultureInfo.InvariantCulture, $"Transfers of {seconds:0.##} s at the link's rate, {seeds} seeds (medians, and the worst in "
                + $"brackets); the link's queue takes 100 ms, as in the benchmark `wan`.");
        text.AppendLine("Goodput is against rate x (1 - loss), headers counted: 0.963 is all there is. First is the time to the first "
            + "block; tail is what the last hundredth");
        text.AppendLine("of the bytes takes longer than the link's rate needs.").AppendLine();
        text.AppendLine("| transfer | goodput / ideal | wire / size | first ms | tail ms |").AppendLine("| --- | --- | --- | --- | --- |");
        foreach (var (megabits, roundTrip) in Ways)
        {
            foreach (var (weather, loss, burst, lost) in Weathers)
            {
                foreach (var isWarm in (bool[])[false, true])
                {
                    var name = $"{megabits} Mbit/s, {roundTrip} ms, {weather}, {(isWarm ? "warm" : "cold")}";
                    if (!name.Contains(only, StringComparison.Ordinal))
                    {
                        continue;
                    }

                    var faults = new LinkFaults
                    {
                        Delay = TimeSpan.FromMilliseconds(roundTrip / 2.0),
                        LossPerMillion = loss,
                        BurstPerMillion = burst,
                    };
                    var runs = Enumerable.Range(1, seeds)
                        .Select(seed => Run((ulong)seed, megabits, roundTrip, faults, lost, seconds, isWarm)).ToArray();
                    text.AppendLine(string.Create(
                        CultureInfo.InvariantCulture,
                        $"| {name} | {Of(runs, run => run.Goodput, 0.5):F3} ({Of(runs, run => run.Goodput, 0):F3}) | "
                        + $"{Of(runs, run => run.Wire, 0.5):F3} ({Of(runs, run => run.Wire, 1):F3}) | "
                        + $"{Of(runs, run => run.First, 0.5):F0} ({Of(runs, run => run.First, 1):F0}) | "
                        + $"{Of(runs, run => run.Tail, 0.5):F0} ({Of(runs, run => run.Tail, 1):F0}) |"));
                }
            }
        }
    }

    private static double Of(Transfer[] runs, Func<Transfer, double> value, double quantile)
    {
        var sorted = runs.Select(value).Order().ToArray();
        return sorted[(int)(quantile * (sorted.Length - 1))];
    }

    private static Transfer Run(ulong seed, int megabits, int roundTrip, LinkFaults faults, double lost, double seconds, bool isWarm)
    {
        var rate = megabits * 125_000L;
        var blocks = Math.Max(1, (int)(rate * seconds / BlockBytes));
        var world = new SimWorld(seed) { TimerLateness = TimeSpan.FromMicroseconds(500) };
        world.Network.DefaultFaults = new LinkFaults { Delay = faults.Delay };
        var server = new SimServer(world, PeerAddress.FromIPv4(0x0A00_0001, 1980));
        server.Uplink.RateBytesPerSecond = rate;
        server.Uplink.QueueBytes = Math.Max(QueueBytesMin, rate / 10);
        server.Catalog.Add(Id, new SimEndless((long)blocks * BlockBytes, isGrowing: true));
        var tokens = new TokenCache();
        if (isWarm)
        {
            using var before = NewClient(world, server, 4000, tokens);
            world.Run(TimeSpan.FromSeconds(Math.Max(3, roundTrip / 15.0)));
            before.Fetch.Cancel(world.Now, FetchEndReason.Cancelled);
            before.Pump(world.Now);
            world.Run(TimeSpan.FromSeconds(1));
        }

        using var client = NewClient(world, server, 4000, tokens);
        world.Network.SetFaults(server.Address, client.Address, faults);
        var sentBefore = server.DropletsSent;
        var size = (double)blocks * BlockBytes;
        var nearly = Instant.Never;
        client.Pump(world.Now);
        world.RunUntil(
            () =>
            {
                if (nearly == Instant.Never
                    && client.Fetch.Snapshot(world.Now).WireBytes > 0.99 * size * (SymbolSize + WireFormat.DropletHeaderBytes) / SymbolSize)
                {
                    nearly = world.Now;
                }

                return client.HasEnded;
            },
            TimeSpan.FromSeconds(20 * seconds));
        if (client.Fetch.EndReason != FetchEndReason.Completed)
        {
            return default;
        }

        var ended = client.Ended!.Value;
        var wireOverSize = (SymbolSize + WireFormat.DropletHeaderBytes + SimNetwork.HeaderBytes) / (double)SymbolSize;
        return new Transfer(
            size / (ended - client.Started).TotalSeconds / (rate * (1 - lost)),
            (server.DropletsSent - sentBefore) * SymbolSize / size,
            (client.Deliveries[0].Time - client.Started).TotalMilliseconds,
            (ended - nearly).TotalMilliseconds - (0.01 * size * wireOverSize / (rate * (1 - lost)) * 1000));
    }

    private static SimClient NewClient(SimWorld world, SimServer server, ushort port, TokenCache tokens)
    {
        var address = PeerAddress.FromIPv4(0xC0A8_0001, port);
        return new SimClient(
            world, address, new FetchRequest { Resource = Id, Servers = [server.Address] }, tokens: tokens)
        { ForgetsBlocks = true };
    }

    private readonly record struct Transfer(double Goodput, double Wire, double First, double Tail);
}
