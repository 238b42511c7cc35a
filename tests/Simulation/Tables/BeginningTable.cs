using System.Globalization;
using System.Text;
using PouringRain.Protocol;

namespace Simulation;

/// <summary>What the beginning and the end of a transfer cost: the first byte of a large resource, cold (nothing known of the server) and
/// warm (one transfer before), and the goodput of transfers that are short, over ways of all kinds.</summary>
public static class BeginningTable
{
    private const int SymbolSize = 1408;
    private const long QueueBytesMin = 256 << 10, LargeBytes = 1 << 30;
    private static readonly ResourceId Id = new(1);
    private static readonly int[] Megabits = [10, 40, 100], RoundTrips = [20, 70, 150], Losses = [0, 10_000, 30_000];
    private static readonly int[] Durations = [1, 4, 8];

    /// <summary>Writes the table.</summary>
    /// <param name="seeds">Transfers of each cell.</param>
    /// <param name="only">Rows whose name has this in it.</param>
    public static string Write(int seeds, string only = "")
    {
        var text = new StringBuilder();
        text.AppendLine("# The beginning and the end of a transfer in the simulator").AppendLine();
        text.AppendLine(
            CultureInfo.InvariantCulture, $"First is the time to the first block of 1 GiB, cold (nothing known of the server) and warm (a "
                + $"transfer before); medians of {seeds} seeds, the worst in brackets.");
        text.AppendLine("Two round trips are what TCP and HTTP take at least. Goodput is of cold transfers that take 1, 4 and 8 s at the "
            + "link's rate x (1 - loss), of which it is a part;");
        text.AppendLine("beside it what headers and two round trips leave at most. The link's queue takes 100 ms, at least 256 KiB.");
        text.AppendLine().AppendLine("| link | two round trips | first, cold ms | first, warm ms | goodput 1 s | 4 s | 8 s |");
        text.AppendLine("| --- | --- | --- | --- | --- | --- | --- |");
        (int Megabits, int RoundTrip, int Loss)[] ways =
        [
            (100, 50, 0), (100, 50, 10_000), (100, 50, 50_000),
            .. from megabits in Megabits from roundTrip in RoundTrips from loss in Losses select (megabits, roundTrip, loss),
        ];
        foreach (var (megabits, roundTrip, loss) in ways)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"{megabits} Mbit/s, {roundTrip} ms, {loss / 10_000} %");
            if (!name.Contains(only, StringComparison.Ordinal))
            {
                continue;
            }

            text.Append(CultureInfo.InvariantCulture, $"| {name} | {2 * roundTrip} ");
            foreach (var isWarm in (bool[])[false, true])
            {
                var times = Runs(seeds, seed => Run(seed, megabits, roundTrip, loss, LargeBytes, isWarm, isFirstOnly: true).First);
                text.Append(CultureInfo.InvariantCulture, $"| {times[times.Length / 2]:F0} ({times[^1]:F0}) ");
            }

            foreach (var seconds in Durations)
            {
                var carried = megabits * 125_000.0 * (1 - (loss / 1e6));
                var bytes = (long)(carried * seconds);
                var parts = Runs(
                    seeds, seed => bytes / Run(seed, megabits, roundTrip, loss, bytes, isWarm: false, isFirstOnly: false).Whole / carried);
                const double wire = (SymbolSize + WireFormat.DropletHeaderBytes + SimNetwork.HeaderBytes) / (double)SymbolSize;
                var most = bytes / ((bytes * wire / carried) + (2 * roundTrip / 1000.0)) / carried;
                text.Append(CultureInfo.InvariantCulture, $"| {parts[parts.Length / 2]:F3} ({parts[0]:F3}) of {most:F3} ");
            }

            text.AppendLine("|");
        }

        return text.ToString();
    }

    private static double[] Runs(int seeds, Func<ulong, double> run)
    {
        var values = new double[seeds];
        Parallel.For(0, seeds, new ParallelOptions { MaxDegreeOfParallelism = 2 }, i => values[i] = run((ulong)i + 1));
        Array.Sort(values);
        return values;
    }

    /// <summary>Fetches once; the first block's time in milliseconds, the whole's in seconds.</summary>
    private static (double First, double Whole) Run(
        ulong seed, int megabits, int roundTrip, int loss, long bytes, bool isWarm, bool isFirstOnly)
    {
        var rate = megabits * 125_000L;
        var world = new SimWorld(seed) { TimerLateness = TimeSpan.FromMicroseconds(500) };
        var faults = new LinkFaults { Delay = TimeSpan.FromMilliseconds(roundTrip / 2.0) };
        world.Network.DefaultFaults = faults;
        var server = new SimServer(world, PeerAddress.FromIPv4(0x0A00_0001, 1980));
        server.Uplink.RateBytesPerSecond = rate;
        server.Uplink.QueueBytes = Math.Max(QueueBytesMin, rate / 10);
        server.Catalog.Add(Id, new SimEndless(bytes, ResourceLayout.AutoBlockBytes(bytes, SymbolSize), isGrowing: true));
        var tokens = new TokenCache();
        var address = PeerAddress.FromIPv4(0xC0A8_0001, 4000);
        world.Network.SetFaults(server.Address, address, faults with { LossPerMillion = loss });
        if (isWarm)
        {
            using var before = NewClient(world, server, address, tokens);
            before.Pump(world.Now);
            world.Run(TimeSpan.FromSeconds(3));
            before.Fetch.Cancel(world.Now, FetchEndReason.Cancelled);
            before.Pump(world.Now);
            world.Run(TimeSpan.FromSeconds(1));
        }

        using var client = NewClient(world, server, address, tokens);
        client.Pump(world.Now);
        world.RunUntil(
            () => client.HasEnded || (isFirstOnly && client.Deliveries.Exists(static each => each.Block == 0)), TimeSpan.FromSeconds(200));
        var first = client.Deliveries.Find(static each => each.Block == 0).Time;
        return ((first - client.Started).TotalMilliseconds, (world.Now - client.Started).TotalSeconds);
    }

    private static SimClient NewClient(SimWorld world, SimServer server, PeerAddress address, TokenCache tokens) =>
        new(world, address, new FetchRequest { Resource = Id, Servers = [server.Address], IsOrdered = true }, tokens: tokens)
        { ForgetsBlocks = true };
}
