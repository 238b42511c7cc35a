using System.Globalization;
using System.Text;
using PouringRain.Protocol.Naming;

namespace PouringRain.Protocol.Tests.Naming;

/// <summary>Against the digests of what another implementation of Unicode 14 (Python's) made of the same characters.</summary>
public class CanonicalFormTests
{
    [Fact]
    public void EveryCharacterByItselfIsAsElsewhere() =>
        Assert.Equal(
            "9cc65524a9d8082bf10840c616cd199bd2ac12ee49a3381bd6fb7957711f342b",
            DigestOf(Enumerable.Range(0, 0x110000).Where(Rune.IsValid).Select(char.ConvertFromUtf32)));

    [Fact]
    public void StringsOfLettersAndAccentsInAnyOrderAreAsElsewhere()
    {
        List<string> pool = [.. Decomposing().Select(char.ConvertFromUtf32)];
        Assert.Equal(2979, pool.Count);
        var state = 1UL;
        Assert.Equal("3add38f3d7662f41ee4103b782088bb3acf6e4c38b50205e25bf81b69b0d218a", DigestOf(Enumerable.Range(0, 20_000).Select(_ =>
            string.Concat(Enumerable.Range(0, 6).Select(_ =>
            {
                state = unchecked((state * 6364136223846793005) + 1442695040888963407);
                return pool[(int)((state >> 33) % (ulong)pool.Count)];
            })))));
    }

    [Theory]
    [InlineData("Cafe\u0301", "Caf\u00e9")]
    [InlineData("\u1112\u1161\u11ab\u1100\u1173\u11af", "\ud55c\uae00")]
    [InlineData("a\u0323\u0307", "\u1ea1\u0307")]
    [InlineData("\u212b", "\u00c5")]
    [InlineData("plain", "plain")]
    public void WhatIsTypedOnTwoSystemsIsOneName(string typed, string name) => Assert.Equal(name, CanonicalForm.Compose(typed));

    private static string DigestOf(IEnumerable<string> texts) =>
        Sha256Digest.Of(Encoding.UTF8.GetBytes(string.Concat(texts.Select(text => CanonicalForm.Compose(text) + '\n')))).ToString();

    /// <summary>Those that have a decomposition or a class, by number, then some letters and syllables.</summary>
    private static IEnumerable<int> Decomposing()
    {
        using var resource = typeof(CanonicalForm).Assembly.GetManifestResourceStream("CanonicalForms.txt")!;
        var numbers = new SortedSet<int>();
        using var lines = new StreamReader(resource);
        while (lines.ReadLine() is { } line)
        {
            if (line[0] != '#')
            {
                var fields = line.Split('=')[0].Split(' ')[0].TrimEnd('!').Split('-');
                var last = int.Parse(fields[^1], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
                for (var rune = int.Parse(fields[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture); rune <= last; rune++)
                {
                    numbers.Add(rune);
                }
            }
        }

        return [.. numbers.Where(rune => rune < 0x30000), 0x41, 0x61, 0x65, 0x1100, 0x1161, 0x11A8, 0xAC00, 0xAC01, 0x1175, 0x11C2];
    }
}
