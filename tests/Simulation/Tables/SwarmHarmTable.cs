using System.Globalization;
using System.Text;
using Simulation.Swarms;

namespace Simulation;

/// <summary>Swarms of sixteen nodes, with the machines that ship: what they take, and what one with whom something is the matter costs the
/// others. Medians over seeds: which nodes meet is drawn.</summary>
public static class SwarmHarmTable
{
    private const int NodeCount = 16;
    private const double Ceiling = 0.98;

    private static readonly (string Name, SwarmScenario Scenario)[] Rows =
    [
        ("all are well", new SwarmScenario()),
        ("readers in order at all", new SwarmScenario { IsOrdered = true }),
        ("1 % of all datagrams lost", new SwarmScenario { LossPerMillion = 10_000 }),
        ("one rains wrong bytes", new SwarmScenario { Harm = SwarmHarm.WrongBytes }),
        ("one claims all and sends nothing", new SwarmScenario { Harm = SwarmHarm.SendsNothing }),
        ("one is killed at half time", new SwarmScenario { Harm = SwarmHarm.Killed }),
        ("one has a tenth of the link", new SwarmScenario { Harm = SwarmHarm.Slow }),
        ("one loses 20 % each way", new SwarmScenario { Harm = SwarmHarm.Lossy }),
        ("one joins at 90 %", new SwarmScenario { Harm = SwarmHarm.Late }),
        ("large datagrams vanish at one", new SwarmScenario { Harm = SwarmHarm.Narrow }),
    ];

    /// <summary>Writes the table.</summary>
    /// <param name="text">Where to.</param>
    /// <param name="blocks">Blocks of 64 KiB.</param>
    /// <param name="seeds">Swarms of each row.</param>
    /// <param name="only">Rows whose name has this in it, and the first.</param>
    public static void Write(StringBuilder text, int blocks, int seeds, string only)
    {
        text.AppendLine("# Swarms in the simulator").AppendLine();
        text.AppendLine(
            CultureInfo.InvariantCulture, $"{NodeCount} nodes on links of 20 Mbit/s each way, one seeder, {blocks} blocks of 64 KiB, all "
                + $"begin at once; times are multiples of size / rate,");
        text.AppendLine(
            CultureInfo.InvariantCulture, $"headers not taken off, which with the ceiling ({Ceiling} of the link) leave "
                + $"{1.038 / (Ceiling * SwarmScenario.DatagramShare):F3} at best; seeds: {seeds} (medians).");
        text.AppendLine("Where something is the matter with one, the others count. Of the first row: how much later the last is ready than "
            + "where all are well.").AppendLine();
        text.AppendLine("| swarm | last | median | of the first row | seeder sent / size | all sent / fetched |");
        text.AppendLine("| --- | --- | --- | --- | --- | --- |");
        double? first = null;
        foreach (var (name, scenario) in Rows)
        {
            if (first is not null && !name.Contains(only, StringComparison.Ordinal))
            {
                continue;
            }

            var runs = Enumerable.Range(1, seeds).AsParallel().AsOrdered().Select(seed => (scenario with
            {
                NodeCount = NodeCount,
                BlockCount = blocks,
                Ceiling = Ceiling,
                Seed = (ulong)seed,
            }).Run()).ToArray();
            double Median(Func<SwarmResult, double> of) => runs.Select(of).Order().ElementAt(runs.Length / 2);
            var last = Median(run => run.Last);
            first ??= last;
            text.AppendLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {name} | {last:F3} | {Median(run => run.Median):F3} | {last / first - 1:+0.0 %;-0.0 %;0 %} | "
                + $"{Median(run => run.Seeded):F3} | {Median(run => run.Sent):F3} |"));
        }
    }
}
