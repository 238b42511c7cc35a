using System.Text.RegularExpressions;
using EndToEnd;

namespace Gateway.Tests.Structure;

/// <summary>Links of the documents lead to files that are there, and to headings of theirs.</summary>
public sealed partial class LinkTests
{
    [Fact]
    public void Every_link_of_a_document_leads_somewhere()
    {
        var root = Repository.Root;
        var documents = new[] { "docs", "deploy" }.SelectMany(folder => Directory.EnumerateFiles(Path.Combine(root, folder), "*.md"))
            .Prepend(Path.Combine(root, "README.md")).ToList();
        var links = 0;
        foreach (var document in documents)
        {
            foreach (Match link in Links().Matches(File.ReadAllText(document)))
            {
                links++;
                var parts = link.Groups[1].Value.Split('#');
                var target = parts[0].Length == 0 ? document : Path.Combine(Path.GetDirectoryName(document)!, parts[0]);
                Assert.True(File.Exists(target) || Directory.Exists(target), $"{document}: {link.Value}");
                Assert.True(parts.Length == 1 || Anchors(target).Contains(parts[1]), $"{document}: {link.Value}");
            }
        }

        Assert.InRange(links, 40, 1000);
    }

    /// <summary>As GitHub makes them of headings.</summary>
    private static IEnumerable<string> Anchors(string document) => File.ReadLines(document)
        .Where(line => line.StartsWith('#')).Select(line => NotInAnchors().Replace(line.TrimStart('#').Trim().ToLowerInvariant(), "")
            .Replace(' ', '-'));

    [GeneratedRegex(@"\]\((?!https?:)([^)\s]+)\)")]
    private static partial Regex Links();

    [GeneratedRegex(@"[^\p{L}\p{N} -]")]
    private static partial Regex NotInAnchors();
}
