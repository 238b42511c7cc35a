using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Benchmarks.Processes;

/// <summary>One table: printed row by row as the figures come, and kept for <c>--json</c>.</summary>
internal sealed class Report(string benchmark, BenchmarkOptions options, params string[] columns)
{
    private static readonly JsonSerializerOptions JsonLayout =
        new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private readonly List<Dictionary<string, object?>> _rows = [];
    private readonly List<string> _notes = [];
    private readonly int[] _widths = [.. columns.Select((column, i) => i == 0 ? 34 : Math.Max(column.Length, 7))];

    /// <summary>Adds and prints a row: a cell a column, a string or a number (null prints as a dash).</summary>
    public void Add(params object?[] cells)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(cells.Length, columns.Length);
        if (_rows.Count == 0)
        {
            Print(columns);
        }

        _rows.Add(columns.Zip(cells)
            .ToDictionary(pair => pair.First, pair => pair.Second is double number && !double.IsFinite(number) ? null : pair.Second));
        Print([.. cells.Select(Format)]);
    }

    /// <summary>Adds a line that belongs below the table, such as a figure to trust the others by.</summary>
    public void Note(string note) => _notes.Add(note);

    /// <summary>Prints the notes and writes the JSON file when one was asked for.</summary>
    public async Task FinishAsync()
    {
        foreach (var note in _notes)
        {
            Console.WriteLine(note);
        }

        if (options.JsonPath is { } path)
        {
            var machine = new
            {
                processor = Machine.ProcessorName(),
                cores = Environment.ProcessorCount,
                kernel = RuntimeInformation.OSDescription,
                runtime = RuntimeInformation.FrameworkDescription,
                receiveBufferMax = Machine.ReceiveBufferMax(),
            };
            var document = new { benchmark, runs = options.Runs, settings = options.Settings, machine, rows = _rows, notes = _notes };
            await File.WriteAllTextAsync(path, JsonSerializer.Serialize(document, JsonLayout) + "\n");
        }
    }

    private static string Format(object? cell) => cell switch
    {
        null => "-",
        double number when !double.IsFinite(number) => "-",
        double number when Math.Abs(number) >= 100 => number.ToString("F0", CultureInfo.InvariantCulture),
        double number when Math.Abs(number) >= 10 => number.ToString("F1", CultureInfo.InvariantCulture),
        double number => number.ToString("F3", CultureInfo.InvariantCulture),
        IFormattable value => value.ToString(null, CultureInfo.InvariantCulture),
        _ => cell.ToString() ?? "",
    };

    private void Print(string[] cells) =>
        Console.WriteLine(
            string.Join("  ", cells.Select((cell, i) => i == 0 ? cell.PadRight(_widths[i]) : cell.PadLeft(_widths[i]))).TrimEnd());
}
