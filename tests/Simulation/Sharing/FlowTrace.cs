using System.Globalization;

namespace Simulation;

/// <summary>Prints second by second how flows share a link: for those who work on rate control.</summary>
public static class FlowTrace
{
    /// <summary>Runs flows, given as <c>rain</c>, <c>background</c>, <c>cubic</c> or <c>bbr</c> with an optional start in milliseconds
    /// (<c>rain+700</c>), with commas; <c>again</c>: the first rain ends, and a second one follows that knows its server; also
    /// <c>rate=20+5000</c>: another rate of the link, in Mbit/s, from then on.</summary>
    public static void Write(string flows, double seconds, int megabits, int roundTripMs, int lossPerMillion, double products, double step)
    {
        using var link = new Bottleneck(1, megabits, roundTripMs, products, lossPerMillion);
        foreach (var flow in flows.Split(','))
        {
            var parts = flow.Split('+');
            var start = TimeSpan.FromMilliseconds(parts.Length > 1 ? double.Parse(parts[1], CultureInfo.InvariantCulture) : 0);
            link.World.After(start, () => Begin(link, parts[0]));
        }

        for (var n = 1; n * step <= seconds; n++)
        {
            var (waited, passed, dropped) = (link.Link.QueueDelaySum, link.Link.Passed, link.Link.Dropped);
            var rates = link.Run(step);
            var queue = (link.Link.QueueDelaySum - waited) / Math.Max(1, link.Link.Passed - passed) / 1e6;
            var passing = rates.Select(rate => (rate * 8 / 1e6).ToString("F1", CultureInfo.InvariantCulture).PadLeft(6));
            var rains = link.Rains.Select(rain => rain.Fetch.Snapshot(link.World.Now).Sources[0]).Select(
                source => $"{source.RateBytesPerSecond * 8 / 1e6:F1} Mbit/s {source.RoundTrip.TotalMilliseconds:F1} ms");
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{n * step,5:0.00} s: {string.Join(' ', passing)} Mbit/s, "
                + $"queue {queue,6:F1} ms, dropped {link.Link.Dropped - dropped,5}, "
                + $"{link.Rains.Sum(rain => rain.Deliveries.Count),4} blocks; {string.Join("; ", rains)}"));
        }
    }

    private static void Begin(Bottleneck link, string kind)
    {
        switch (kind)
        {
            case "again":
                link.Rains[0].Fetch.Cancel(link.World.Now, PouringRain.Protocol.FetchEndReason.None);
                link.Rains[0].Pump(link.World.Now);
                link.AddRainAfter(link.Rains[0]);
                break;
            case var rate when rate.StartsWith("rate=", StringComparison.Ordinal):
                link.Link.RateBytesPerSecond = int.Parse(kind.Split('=')[1], CultureInfo.InvariantCulture) * 125_000L;
                break;
            default:
                link.Begin(kind);
                break;
        }
    }
}
