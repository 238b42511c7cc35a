using System.Globalization;

namespace Benchmarks.Processes;

/// <summary>The command line of a benchmark that starts processes: <c>--name value</c> pairs, the same few names for all.</summary>
internal sealed record BenchmarkOptions
{
    public const string Usage = "[--runs N] [--beside N] [--size 64MiB] [--seconds S] [--minutes M] [--resources N] [--nodes N] "
        + "[--mb N] [--mbit N] [--only WORD] [--sealed] [--set Name=value] [--gateway FILE] [--json FILE]";

    /// <summary>Runs of each row; the table shows their medians.</summary>
    public int Runs { get; private init; } = 5;

    /// <summary>In how many of the runs TCP (or aria2c) is measured too: it is slow, and
    /// the figure of the rain does not rest on it.</summary>
    public int BesideRuns { get; private init; } = int.MaxValue;

    /// <summary>Bytes of the resource, or null for what the benchmark thinks right.</summary>
    public long? Size { get; private init; }

    /// <summary>How long a run should take, or null for what the benchmark thinks right.</summary>
    public double? Seconds { get; private init; }

    /// <summary>Resources of a store that has many.</summary>
    public int? Resources { get; private init; }

    /// <summary>Nodes of a swarm, the seeder among them; null for what the benchmark thinks right.</summary>
    public int? Nodes { get; private init; }

    /// <summary>Megabits a second of a swarm's links; null for what the benchmark thinks right.</summary>
    public double? Megabits { get; private init; }

    /// <summary>Whether the rain is to be sealed, where the benchmark can do both.</summary>
    public bool IsSealed { get; private init; }

    /// <summary>Where the figures go as JSON, or null.</summary>
    public string? JsonPath { get; private init; }

    /// <summary>Rows whose name contains one of these words are run; all when there are none.</summary>
    public IReadOnlyList<string> Only { get; private init; } = [];

    /// <summary>Further settings of every gateway process, as <c>Name=value</c>.</summary>
    public IReadOnlyList<string> Settings { get; private init; } = [];

    /// <summary>The gateway to measure, or null for the one that was built beside this program.</summary>
    public string? Gateway { get; private init; }

    /// <summary>Reads the command line; null, and what is wrong with it, when it cannot be.</summary>
    public static BenchmarkOptions? Parse(ReadOnlySpan<string> arguments, out string error)
    {
        var options = new BenchmarkOptions();
        error = "";
        for (var i = 0; i < arguments.Length; i += 2)
        {
            var name = arguments[i];
            if (name == "--sealed")
            {
                options = options with { IsSealed = true };
                i--;
                continue;
            }

            var value = i + 1 < arguments.Length ? arguments[i + 1] : "";
            var number = double.TryParse(value, CultureInfo.InvariantCulture, out var parsed) && parsed is > 0 and < 1e7 ? parsed : 0;
            var next = name switch
            {
                "--runs" when number >= 1 => options with { Runs = (int)number },
                "--beside" when number >= 1 || value == "0" => options with { BesideRuns = (int)number },
                "--seconds" when number > 0 => options with { Seconds = number },
                "--minutes" when number > 0 => options with { Seconds = 60 * number },
                "--resources" when number >= 1 => options with { Resources = (int)number },
                "--nodes" when number >= 1 => options with { Nodes = (int)number },
                "--mbit" when number >= 1 => options with { Megabits = number },
                "--mb" when number >= 1 => options with { Size = (long)number << 20 },
                "--size" when ParseSize(value) is > 0 and var size => options with { Size = size },
                "--json" when value.Length > 0 => options with { JsonPath = value },
                "--gateway" when value.Length > 0 => options with { Gateway = value },
                "--only" when value.Length > 0 => options with { Only = [.. options.Only, value] },
                "--set" when value.Contains('=', StringComparison.Ordinal) => options with { Settings = [.. options.Settings, value] },
                _ => null,
            };
            if (next is null)
            {
                error = $"{name} {value} is not understood; known are {Usage}";
                return null;
            }

            options = next;
        }

        return options;
    }

    /// <summary>Whether the row of this name is to be run.</summary>
    public bool Wants(string row) => Only.Count == 0 || Only.Any(word => row.Contains(word, StringComparison.OrdinalIgnoreCase));

    private static long ParseSize(string text)
    {
        (string Suffix, long Unit)[] units =
            [("GiB", 1L << 30), ("MiB", 1L << 20), ("KiB", 1L << 10), ("GB", 1_000_000_000), ("MB", 1_000_000), ("KB", 1_000), ("", 1)];
        var (suffix, unit) = units.First(candidate => text.EndsWith(candidate.Suffix, StringComparison.OrdinalIgnoreCase));
        return double.TryParse(text.AsSpan(0, text.Length - suffix.Length), CultureInfo.InvariantCulture, out var number)
            && number is > 0 and < 1e12
            && number * unit <= 1L << 40 ? (long)(number * unit) : 0;
    }
}
