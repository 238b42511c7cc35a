namespace Benchmarks.Processes;

/// <summary>The few figures that tables are made of.</summary>
internal static class Statistics
{
    /// <summary>The median; not a number when there are no values.</summary>
    public static double Median(this IEnumerable<double> values)
    {
        var sorted = values.Where(double.IsFinite).Order().ToArray();
        return sorted.Length == 0 ? double.NaN : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    /// <summary>Jain's fairness index: 1 when all are equal, 1/n when one has everything.</summary>
    public static double Jain(IReadOnlyCollection<double> values)
    {
        var sum = values.Sum();
        return sum * sum / (values.Count * values.Sum(value => value * value));
    }
}
