using System.Text.Encodings.Web;
using System.Text.Json;

namespace Hostile;

/// <summary>The one table of a run: a row a thing that has to hold, printed as it comes.</summary>
internal sealed class Table
{
    private const string Layout = "{0,-15} {1,-52} {2,-38} {3,-36} {4}";
    private static readonly JsonSerializerOptions Json =
        new(JsonSerializerDefaults.Web) { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly List<Row> _rows = [];

    /// <summary>Whether every row held, and there is one.</summary>
    public bool HasHeld => _rows.Count > 0 && _rows.TrueForAll(row => row.Held != "NO");

    /// <summary>Adds and prints a row.</summary>
    /// <param name="attack">The attack's name.</param>
    /// <param name="what">What was done, or looked at.</param>
    /// <param name="figure">What came of it.</param>
    /// <param name="bound">What has to come of it.</param>
    /// <param name="held">Whether it did; null when it could not be tried.</param>
    public void Add(string attack, string what, string figure, string bound, bool? held)
    {
        if (_rows.Count == 0)
        {
            Print(new Row("attack", "what", "figure", "bound", "held"));
        }

        var row = new Row(attack, what, figure, bound, held switch { true => "yes", false => "NO", null => "-" });
        _rows.Add(row);
        Print(row);
    }

    /// <summary>Writes the rows as JSON.</summary>
    public Task WriteJsonAsync(string path) => File.WriteAllTextAsync(path, JsonSerializer.Serialize(_rows, Json) + "\n");

    private static void Print(Row row) => Console.WriteLine(Layout, row.Attack, row.What, row.Figure, row.Bound, row.Held);

    private sealed record Row(string Attack, string What, string Figure, string Bound, string Held);
}
