using EndToEnd;

namespace Gateway.Tests.Structure;

/// <summary>What .editorconfig says of lines, and no analyzer checks.</summary>
public sealed class LineTests
{
    private const int ColumnCountMax = 140;

    [Fact]
    public void No_line_of_code_is_longer_than_140_columns()
    {
        var root = Repository.Root;
        var files = new[] { "src", "tests" }
            .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(root, folder), "*.cs", SearchOption.AllDirectories))
            .Where(file => !IsGenerated(file)).ToList();
        Assert.Contains(files, file => file.EndsWith($"{nameof(LineTests)}.cs", StringComparison.Ordinal));

        var tooLong = files.SelectMany(file => File.ReadLines(file)
            .Select((line, index) => (Where: $"{Path.GetRelativePath(root, file)}:{index + 1}", Length: line.Length))
            .Where(line => line.Length > ColumnCountMax)
            .Select(line => $"{line.Where} has {line.Length} columns"));
        Assert.Empty(tooLong);
    }

    private static bool IsGenerated(string file) =>
        file.EndsWith(".g.cs", StringComparison.Ordinal) || file.Contains("/obj/", StringComparison.Ordinal)
        || file.Contains("/bin/", StringComparison.Ordinal);
}
