using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace PouringRain.Protocol.Naming;

/// <summary>
/// Unicode's normalization form C (UAX #15), in which a letter with its accents is one character where there is one: the same name typed
/// on two systems is the same bytes. With tables of its own, since .NET without ICU, as in small images, normalizes nothing.
/// </summary>
internal static class CanonicalForm
{
    // Syllables of Hangul follow a formula (Unicode 3.12).
    private const int
        SyllableBase = 0xAC00, LeadBase = 0x1100, VowelBase = 0x1161, TrailBase = 0x11A7, LeadCount = 19, VowelCount = 21, TrailCount = 28,
        SyllableCount = LeadCount * VowelCount * TrailCount;

    /// <summary>All below it are as they should be.</summary>
    private const char FirstCombining = '\u0300';

    private static readonly Lazy<Tables> Known = new(Tables.Read);

    /// <summary>Brings a text, which has no halves of surrogate pairs, into form C.</summary>
    public static string Compose(string text) =>
        text.AsSpan().IndexOfAnyExceptInRange('\0', (char)(FirstCombining - 1)) < 0 ? text : Compose(text, Known.Value);

    private static string Compose(string text, Tables tables)
    {
        var runes = new List<int>(text.Length + 8);
        foreach (var rune in text.EnumerateRunes())
        {
            Decompose(rune.Value, tables, runes);
        }

        Order(runes, tables);
        Join(runes, tables);
        var composed = new StringBuilder(text.Length);
        foreach (var rune in runes)
        {
            composed.Append(char.ConvertFromUtf32(rune));
        }

        return composed.ToString();
    }

    private static void Decompose(int rune, Tables tables, List<int> runes)
    {
        if (rune - SyllableBase is >= 0 and < SyllableCount and var syllable)
        {
            runes.Add(LeadBase + (syllable / (VowelCount * TrailCount)));
            runes.Add(VowelBase + (syllable % (VowelCount * TrailCount) / TrailCount));
            if (syllable % TrailCount is > 0 and var trail)
            {
                runes.Add(TrailBase + trail);
            }
        }
        else if (tables.Decompositions.TryGetValue(rune, out var parts))
        {
            foreach (var part in parts)
            {
                Decompose(part, tables, runes);
            }
        }
        else
        {
            runes.Add(rune);
        }
    }

    /// <summary>Puts combining characters that do not touch each other in the order of their classes.</summary>
    private static void Order(List<int> runes, Tables tables)
    {
        for (var i = 1; i < runes.Count; i++)
        {
            var (rune, kind) = (runes[i], tables.ClassOf(runes[i]));
            var place = i;
            for (; kind > 0 && place > 0 && tables.ClassOf(runes[place - 1]) > kind; place--)
            {
                runes[place] = runes[place - 1];
            }

            runes[place] = rune;
        }
    }

    /// <summary>Puts together what makes one character, unless something of the same class is between.</summary>
    private static void Join(List<int> runes, Tables tables)
    {
        var (starter, count, lastKind) = (-1, 0, 0);
        foreach (var rune in runes.ToArray())
        {
            var kind = tables.ClassOf(rune);
            var isBlocked = starter < count - 1 && (lastKind >= kind || lastKind == 0);
            if (starter >= 0 && !isBlocked && tables.Pair(runes[starter], rune) is { } whole)
            {
                runes[starter] = whole;
                continue;
            }

            if (kind == 0)
            {
                starter = count;
            }

            lastKind = kind;
            runes[count++] = rune;
        }

        runes.RemoveRange(count, runes.Count - count);
    }

    /// <summary>What <c>CanonicalForms.txt</c> has.</summary>
    private sealed class Tables
    {
        private readonly FrozenDictionary<int, byte> _classes;
        private readonly FrozenDictionary<(int First, int Second), int> _pairs;

        private Tables(Dictionary<int, byte> classes, Dictionary<int, int[]> decompositions, Dictionary<(int First, int Second), int> pairs)
        {
            _classes = classes.ToFrozenDictionary();
            Decompositions = decompositions.ToFrozenDictionary();
            _pairs = pairs.ToFrozenDictionary();
        }

        public FrozenDictionary<int, int[]> Decompositions { get; }

        public static Tables Read()
        {
            var classes = new Dictionary<int, byte>();
            var decompositions = new Dictionary<int, int[]>();
            var pairs = new Dictionary<(int First, int Second), int>();
            using var resource = typeof(CanonicalForm).Assembly.GetManifestResourceStream("CanonicalForms.txt")!;
            using var lines = new StreamReader(resource);
            while (lines.ReadLine() is { } line)
            {
                if (line.StartsWith('#'))
                {
                    continue;
                }

                if (line.Split('=') is [var whole, var parts])
                {
                    var rune = Hex(whole.TrimEnd('!'));
                    int[] runes = [.. parts.Split(' ').Select(Hex)];
                    decompositions.Add(rune, runes);
                    if (!whole.EndsWith('!'))
                    {
                        pairs.Add((runes[0], runes[1]), rune);
                    }
                }
                else
                {
                    var fields = line.Split('-', ' ');
                    for (var rune = Hex(fields[0]); rune <= Hex(fields[1]); rune++)
                    {
                        classes.Add(rune, byte.Parse(fields[2], CultureInfo.InvariantCulture));
                    }
                }
            }

            return new Tables(classes, decompositions, pairs);
        }

        /// <summary>The canonical combining class; 0 for what stands by itself.</summary>
        public byte ClassOf(int rune) => rune < FirstCombining ? (byte)0 : _classes.GetValueOrDefault(rune);

        public int? Pair(int first, int second)
        {
            if (first - LeadBase is >= 0 and < LeadCount and var lead && second - VowelBase is >= 0 and < VowelCount and var vowel)
            {
                return SyllableBase + (((lead * VowelCount) + vowel) * TrailCount);
            }

            if (first - SyllableBase is >= 0 and < SyllableCount and var syllable && syllable % TrailCount == 0
                && second - TrailBase is > 0 and < TrailCount and var trail)
            {
                return first + trail;
            }

            return _pairs.TryGetValue((first, second), out var whole) ? whole : null;
        }

        private static int Hex(string text) => int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }
}
