using System.Runtime.CompilerServices;
using System.Text.Json;
using Gateway.Configuration;
using Gateway.Http;

namespace Gateway.Tests.Configuration;

/// <summary>What the documents say of settings and problems is what the program does.</summary>
public sealed class DocumentTests
{
    private const string TableStart = "<!-- settings: this table is written by the tests, with UPDATE_SNAPSHOTS=1 -->\n";
    private const string TableEnd = "<!-- /settings -->\n";

    private static readonly string Settings = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "settings.md"));
    private static readonly string Http = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "http.md"));

    /// <summary>A setting that is added or changed shows up as a change of the table. UPDATE_SNAPSHOTS=1 writes it anew.</summary>
    [Fact]
    public void The_table_of_settings_is_that_of_the_program()
    {
        var table = string.Concat(KnownSettings.All.Select(setting =>
            $"| `{setting.Name}` | {(setting.Default.Length == 0 ? "none" : $"`{setting.Default}`")} | {setting.Meaning} | "
            + $"{(setting.IsLive ? "yes" : "")} |\n")
            .Prepend("| setting | default | meaning | live |\n| --- | --- | --- | --- |\n"));
        var start = Settings.IndexOf(TableStart, StringComparison.Ordinal) + TableStart.Length;
        var end = Settings.IndexOf(TableEnd, StringComparison.Ordinal);
        Assert.InRange(start, TableStart.Length, end);
        if (Environment.GetEnvironmentVariable("UPDATE_SNAPSHOTS") == "1")
        {
            File.WriteAllText(
                Path.Combine(Path.GetDirectoryName(ThisFile())!, "../../../docs/settings.md"), Settings[..start] + table + Settings[end..]);
        }
        else
        {
            Assert.Equal(table, Settings[start..end]);
        }
    }

    [Fact]
    public void The_example_settings_file_has_every_setting_with_its_default_and_a_comment()
    {
        var example = ReadExample();
        Assert.Equal(
            KnownSettings.All.Select(setting => $"{setting.Name} = {setting.Default}"),
            example.Where(entry => KnownSettings.OwnSections.Append("Urls").Append("AllowedHosts").Contains(entry.Name.Split(':')[0]))
                .Select(entry => $"{entry.Name} = {entry.Value}"));
        Assert.All(example, entry => Assert.True(entry.Comment.Length > 10, $"{entry.Name} has no comment above it."));
    }

    [Fact]
    public void Every_problem_is_named()
    {
        foreach (var type in ProblemType.All)
        {
            Assert.Contains($"`{type.Name}`", Http, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Help_tells_of_every_setting_in_80_columns()
    {
        var output = new StringWriter { NewLine = "\n" };
        CommandLine.WriteHelp(output);
        var lines = output.ToString().ReplaceLineEndings("\n").Split('\n');
        Assert.All(lines, line => Assert.InRange(line.Length, 0, 80));
        var words = string.Join(' ', lines.Select(line => line.Trim()));
        Assert.All(KnownSettings.All, setting =>
        {
            Assert.Contains($"{(setting.IsLive ? '*' : ' ')} --{setting.Name}={setting.Default}", lines);
            Assert.Contains($"{setting.Meaning}. {setting.Wanted.TrimEnd(',')}", words, StringComparison.OrdinalIgnoreCase);
        });
    }

    /// <summary>The values of the example, as they stand there, each with the comment right above it.</summary>
    private static List<(string Name, string Value, string Comment)> ReadExample()
    {
        var json = new Utf8JsonReader(
            File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "appsettings.json")),
            new JsonReaderOptions { CommentHandling = JsonCommentHandling.Allow });
        var entries = new List<(string, string, string)>();
        var path = new Stack<string>();
        var (name, comment) = ("", "");
        while (json.Read())
        {
            switch (json.TokenType)
            {
                case JsonTokenType.Comment:
                    comment += json.GetComment();
                    break;
                case JsonTokenType.PropertyName:
                    name = json.GetString()!;
                    break;
                case JsonTokenType.StartObject:
                    path.Push(name);
                    comment = "";
                    break;
                case JsonTokenType.EndObject:
                    path.Pop();
                    break;
                default:
                    var value = json.TokenType == JsonTokenType.String
                        ? json.GetString()!
                        : System.Text.Encoding.UTF8.GetString(json.ValueSpan);
                    entries.Add((string.Join(':', path.Reverse().Skip(1).Append(name)), value, comment));
                    comment = "";
                    break;
            }
        }

        return entries;
    }

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
