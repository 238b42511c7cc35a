using System.Globalization;
using System.Text;

namespace Simulation;

/// <summary>How flows share a link of 50 Mbit/s, 40 ms, with a queue of one bandwidth-delay product.</summary>
public static class SharingTable
{
    // Who meets whom in which phase decides much: one gap says little.
    private static readonly int[] Gaps = [300, 500, 700, 1100, 1500];

    private static readonly Scene[] Scenes =
    [
        new("one rain", ["rain"]),
        new("two rains", ["rain", "rain"]),
        new("four rains", ["rain", "rain", "rain", "rain"]),
        new("beside one cubic", ["rain", "cubic"]),
        new("beside four cubic", ["rain", "cubic", "cubic", "cubic", "cubic"]),
        new("beside one BBR", ["rain", "bbr"]),
        new("beside four BBR", ["rain", "bbr", "bbr", "bbr", "bbr"]),
        new("background alone", ["background"]),
        new("background beside one cubic", ["background", "cubic"]),
        new("background beside one BBR", ["background", "bbr"]),
        new("background beside a rain", ["background", "rain"]),
        new("one rain, 2 % loss", ["rain"]) { LossPerMillion = 20_000 },
        new("two cubic, for comparison", ["cubic", "cubic"]),
        new("two BBR, for comparison", ["bbr", "bbr"]),
    ];

    /// <summary>Appends the table.</summary>
    /// <param name="text">Where to.</param>
    /// <param name="seconds">How long each row runs; the first 10 s do not count.</param>
    /// <param name="only">A word of the rows that are wanted.</param>
    public static void Write(StringBuilder text, int seconds, string only = "")
    {
        text.AppendLine(CultureInfo.InvariantCulture,
            $"Flows begin {Gaps[0] / 1000.0} to {Gaps[^1] / 1000.0} s after each other ({Gaps.Length} runs: means, and the worst in "
            + $"brackets); figures of 10 to {seconds} s. Share is the first flow's part / its equal part.").AppendLine();
        text.AppendLine("| flows on one 50 Mbit/s, 40 ms bottleneck | share | Jain index | used | mean queue / BDP | dropped |").AppendLine(
            "| --- | --- | --- | --- | --- | --- |");
        foreach (var scene in Scenes.Where(scene => scene.Name.Contains(only, StringComparison.Ordinal)))
        {
            var runs = Gaps.Select(gap => Run(scene, gap, seconds)).ToArray();
            text.AppendLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {scene.Name} | {runs.Average(run => run.Share):F2} ({runs.MaxBy(run => Math.Abs(Math.Log(run.Share))).Share:F2}) | "
                + $"{runs.Average(run => run.Jain):F3} ({runs.Min(run => run.Jain):F3}) | "
                + $"{runs.Average(run => run.Used):F3} | {runs.Average(run => run.Queue):F2} ({runs.Max(run => run.Queue):F2}) | "
                + $"{runs.Average(run => run.Dropped):F4} ({runs.Max(run => run.Dropped):F4}) |"));
        }
    }

    private static Figures Run(Scene scene, int gap, int seconds)
    {
        using var link = new Bottleneck(1, lossPerMillion: scene.LossPerMillion);
        for (var i = 0; i < scene.Flows.Length; i++)
        {
            var kind = scene.Flows[i];
            link.World.After(TimeSpan.FromMilliseconds(gap * i), () => link.Begin(kind));
        }

        link.Run(10);
        var (waited, passed, dropped) = (link.Link.QueueDelaySum, link.Link.Passed, link.Link.Dropped);
        var rates = link.Run(seconds - 10);
        passed = link.Link.Passed - passed;
        dropped = link.Link.Dropped - dropped;
        return new Figures(
            rates[0] * rates.Length / rates.Sum(),
            Bottleneck.Jain(rates),
            rates.Sum() / link.Link.RateBytesPerSecond / (1 - (scene.LossPerMillion / 1e6)),
            (link.Link.QueueDelaySum - waited) / passed / 1e6 / link.RoundTripMs,
            (double)dropped / (dropped + passed));
    }

    private readonly record struct Figures(double Share, double Jain, double Used, double Queue, double Dropped);

    private sealed record Scene(string Name, string[] Flows)
    {
        public int LossPerMillion { get; init; }
    }
}
