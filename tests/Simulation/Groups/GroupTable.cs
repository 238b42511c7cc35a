using System.Globalization;
using System.Text;

namespace Simulation.Groups;

/// <summary>What group rain takes: 32 MiB at 50 Mbit/s and a round trip of 1 ms. Snapshot: <c>groups.md</c>.</summary>
internal static class GroupTable
{
    public static void Write(StringBuilder text, int seeds, string only)
    {
        text.AppendLine("# Group rain").AppendLine()
            .AppendLine(CultureInfo.InvariantCulture, $"`Simulation --group-table {seeds}`: 32 MiB in blocks of 1 MiB, T = 1408,")
            .AppendLine("50 Mbit/s, round trip 1 ms. Every receiver's link loses its own share of the frames. Time until the last receiver")
            .AppendLine("has verified all, of size / rate; bytes of the sender to the group and to receivers until then, headers of")
            .AppendLine(CultureInfo.InvariantCulture, $"Ethernet, IP and UDP counted, of the size; medians of {seeds} seeds (3 at most of")
            .AppendLine("1000). Where something is the matter with one, or one comes late, both are those of the others.")
            .AppendLine()
            .AppendLine("| receivers | time | bytes | goal | feedback a receiver |")
            .AppendLine("| --- | --- | --- | --- | --- |");
        foreach (var (receivers, more) in ((int, double)[])[(8, 0.01), (32, 0), (64, 0.01)])
        {
            foreach (var (loss, time, sent) in ((int, double, double)[])[(0, 1.07, 1.05), (1, 1.10, 1.08), (5, 1.18, 1.14)])
            {
                Row(text, seeds, only, $"{receivers}, {loss} %", Goal(time + more, sent + more), seed =>
                    new GroupRun { Receivers = receivers, LossPerMillion = loss * 10_000, Seed = seed });
            }
        }

        Row(text, seeds, only, "32, 1 %, sealed", "", seed => new GroupRun { LossPerMillion = 10_000, Seed = seed, IsSealed = true });
        Row(text, seeds, only, "32, 1 %, blocks of 64 KiB", "", seed =>
            new GroupRun { LossPerMillion = 10_000, Seed = seed, BlockBytes = 64 << 10 });
        Row(text, seeds, only, "32, 1 %, the first blocks growing from 16 KiB", Goal(1.10, 1.08), seed =>
            new GroupRun { LossPerMillion = 10_000, Seed = seed, IsGrowing = true });
        Row(text, seeds, only, "32, 1 %, one 30 %", Goal(1.12, 1.10), seed =>
            new GroupRun { LossPerMillion = 10_000, WorstPerMillion = 300_000, Seed = seed });
        Row(text, seeds, only, "32, 1 %, one ten times slower", Goal(1.12, 1.10), seed =>
            new GroupRun { LossPerMillion = 10_000, Slower = 10, Seed = seed });
        Row(text, seeds, only, "32, 1 %, one more joins at 50 %, one at 90 %", Goal(1.11, 1.09), seed =>
            new GroupRun { LossPerMillion = 10_000, Joins = [0.5, 0.9], Seed = seed });
        Row(text, seeds, only, "32, 1 %, one killed at 70 % and started again", "", seed =>
            new GroupRun { LossPerMillion = 10_000, Kill = 0.7, Seed = seed });
        Row(text, Math.Min(seeds, 3), only, "1000, 1 %", Goal(1.12, 1.10), seed =>
            new GroupRun { Receivers = 1000, LossPerMillion = 10_000, IsScaled = true, Seed = seed });
        Row(text, Math.Min(seeds, 3), only, "1000, 1 %, the first blocks growing, from 187 symbols", Goal(1.12, 1.10), seed =>
            new GroupRun { Receivers = 1000, LossPerMillion = 10_000, IsScaled = true, IsGrowing = true, Seed = seed });
    }

    private static string Goal(double time, double sent) => string.Create(CultureInfo.InvariantCulture, $"{time:F2} / {sent:F2}");

    private static void Row(StringBuilder text, int seeds, string only, string name, string goal, Func<ulong, GroupRun> make)
    {
        if (!name.Contains(only, StringComparison.Ordinal))
        {
            return;
        }

        var runs = Enumerable.Range(1, seeds).Select(seed => make((ulong)seed).Run()).ToArray();
        text.AppendLine(
            CultureInfo.InvariantCulture,
            $"| {name} | {Median(runs, static run => run.Time):F3} | {Median(runs, static run => run.Sent):F3} | {goal} | "
            + $"{Median(runs, static run => run.Feedback / (double)run.Receivers):F1} |");
        foreach (var note in runs.Select(static run => run.Note).Where(static note => note.Length > 0).Take(1))
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"| | {note} | | | |");
        }
    }

    private static double Median(GroupRun[] runs, Func<GroupRun, double> of)
    {
        var values = runs.Select(of).Order().ToArray();
        return (values[(values.Length - 1) / 2] + values[values.Length / 2]) / 2;
    }
}
