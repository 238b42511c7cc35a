using System.Globalization;
using System.Text.RegularExpressions;

namespace Gateway.Configuration;

/// <summary>Sizes and durations as people write them: <c>64KiB</c>, <c>1.5GB</c>, <c>500ms</c>, <c>1d</c>. Bare numbers are bytes and
/// seconds. Units are read without regard to case, and b is a byte: nothing here is ever counted in bits.</summary>
internal static partial class Quantities
{
    /// <summary>Biggest first.</summary>
    private static readonly (string Name, long Bytes)[] Sizes =
    [
        ("PiB", 1L << 50), ("PB", 1_000_000_000_000_000), ("TiB", 1L << 40), ("TB", 1_000_000_000_000),
        ("GiB", 1L << 30), ("GB", 1_000_000_000), ("MiB", 1L << 20), ("MB", 1_000_000), ("KiB", 1L << 10), ("KB", 1_000), ("B", 1),
    ];

    /// <summary>Biggest first.</summary>
    private static readonly (string Name, long Ticks)[] Durations =
    [
        ("d", TimeSpan.TicksPerDay), ("h", TimeSpan.TicksPerHour), ("m", TimeSpan.TicksPerMinute), ("s", TimeSpan.TicksPerSecond),
        ("ms", TimeSpan.TicksPerMillisecond),
    ];

    /// <summary>Reads a size, which is a whole number of bytes; a fraction of a unit is rounded to one.</summary>
    public static bool TryParseSize(string text, out long bytes) => TryParse(text, Sizes, "B", out bytes);

    /// <summary>Reads a duration.</summary>
    public static bool TryParseDuration(string text, out TimeSpan duration)
    {
        var isRight = TryParse(text, Durations, "s", out var ticks);
        duration = TimeSpan.FromTicks(ticks);
        return isRight;
    }

    /// <summary>A size in the biggest unit of which it is a multiple.</summary>
    public static string Format(long bytes) => Format(bytes, Sizes, "B");

    /// <summary>A duration of whole milliseconds in the biggest unit of which it is a multiple.</summary>
    public static string Format(TimeSpan duration) => Format(duration.Ticks, Durations, "");

    private static bool TryParse(string text, (string Name, long Factor)[] units, string bare, out long value)
    {
        value = 0;
        var parts = Form().Match(text);
        var name = parts.Groups["unit"] is { Length: > 0 } given ? given.Value : bare;
        var (_, factor) = units.FirstOrDefault(unit => string.Equals(unit.Name, name, StringComparison.OrdinalIgnoreCase));
        if (!parts.Success || factor == 0
            || !decimal.TryParse(parts.Groups["number"].Value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            || number > long.MaxValue / (decimal)factor || (factor == 1 && number.Scale > 0))
        {
            return false;
        }

        value = (long)decimal.Round(number * factor);
        return true;
    }

    [GeneratedRegex(@"^(?<number>[0-9]*\.?[0-9]+) *(?<unit>[a-zA-Z]*)\z", RegexOptions.ExplicitCapture)]
    private static partial Regex Form();

    private static string Format(long value, (string Name, long Factor)[] units, string silent)
    {
        var (name, factor) = value == 0 ? units[^1] : units.First(unit => value % unit.Factor == 0);
        return (value / factor).ToString(CultureInfo.InvariantCulture) + (name == silent || value == 0 ? "" : name);
    }
}
