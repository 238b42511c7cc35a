using System.Globalization;
using System.Text;

namespace Simulation.Swarms;

/// <summary>What the rules come to, block by block (<see cref="BlockSwarm"/>).</summary>
public static class SwarmModelTable
{
    /// <summary>Writes the table.</summary>
    /// <param name="text">Where to.</param>
    /// <param name="only">Rows whose name has this in it.</param>
    public static void Write(StringBuilder text, string only = "")
    {
        text.AppendLine("| nodes | blocks | links | served first | last / optimum | median / optimum |");
        text.AppendLine("| --- | --- | --- | --- | --- | --- |");
        Row(text, only, 16, 1024, "equal");
        Row(text, only, 1000, 32, "equal");
        Row(text, only, 1000, 256, "equal");
        Row(text, only, 1000, 1024, "equal");
        Row(text, only, 1000, 1024, "equal", isDeprivedFirst: false);
        Row(text, only, 1000, 1024, "1/4, 1/2, 1, 3");
        Row(text, only, 1000, 1024, "1/4, 1/2, 1, 3", isDeprivedFirst: false);
        Row(text, only, 1000, 1024, "equal, 10 % leave, 1 % lost", loss: 0.01, leaving: 0.1);
        Row(text, only, 1000, 4768, "equal");
        Row(text, only, 15_000, 1024, "equal");
    }

    private static void Row(
        StringBuilder text, string only, int nodes, int blocks, string links, bool isDeprivedFirst = true, double loss = 0,
        double leaving = 0)
    {
        var name = $"| {nodes} | {blocks} | {links} | {(isDeprivedFirst ? "who holds least" : "in turn")} |";
        if (!name.Contains(only, StringComparison.Ordinal))
        {
            return;
        }

        double[] steps = links.StartsWith("1/4", StringComparison.Ordinal) ? [0.25, 0.5, 1, 3] : [1];
        var rates = Enumerable.Range(0, nodes).Select(i => i == 0 ? 1 : steps[i % steps.Length]).ToArray();
        var swarm = new BlockSwarm(1, blocks, rates, most: nodes > 10_000 ? 16 : 12, opened: nodes > 10_000 ? 6 : 4)
        {
            IsDeprivedFirst = isDeprivedFirst,
            Loss = loss,
            LeavingPerMillion = (int)(leaving / (blocks * 4) * 1e6),
        };
        var times = swarm.Run();
        var optimum = steps.Length == 1
            ? (blocks + Math.Floor(Math.Log2(nodes))) / (1 - loss)
            : Math.Max(Math.Max(blocks / steps.Min(), blocks), nodes * (double)blocks / rates.Sum());
        text.AppendLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{name} {times[^1] / optimum:F3} | {times[times.Length / 2] / optimum:F3} |"));
    }
}
