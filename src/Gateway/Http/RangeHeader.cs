using Microsoft.Extensions.Primitives;

namespace Gateway.Http;

/// <summary>
/// A <c>Range</c> field of bytes (RFC 9110 §14.2), read before the resource's length is known, then put to a length. A field that is
/// malformed, of another unit, or beyond the limits is as if it were not there.
/// </summary>
internal sealed class RangeHeader
{
    /// <summary>More ranges than honest clients ask for: a zsync of small blocks asks for 20.</summary>
    public const int RangesMax = 256;

    private readonly List<Spec> _specs;

    private RangeHeader(List<Spec> specs) => _specs = specs;

    /// <summary>What came of putting a field to a length.</summary>
    public enum Outcome
    {
        /// <summary>The whole is to be sent.</summary>
        Whole,

        /// <summary>These parts are to be sent.</summary>
        Partial,

        /// <summary>No range touches the resource: 416.</summary>
        Unsatisfiable,
    }

    /// <summary>The bytes that are wanted first as far as can be said without the length, to start a fetch at the right place; with an
    /// end of <see cref="long.MaxValue"/> when it is open, and null for a suffix.</summary>
    public (long Offset, long Length)? FirstDemand =>
        _specs[0].First is not { } first
            ? null
            : (first, _specs[0].Last is { } last && last < long.MaxValue ? last - first + 1 : long.MaxValue);

    /// <summary>Reads the field; null when there is nothing to obey.</summary>
    public static RangeHeader? Parse(StringValues field)
    {
        if (field.Count != 1 || field[0] is not { } text)
        {
            return null;
        }

        var equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals < 0 || !text.AsSpan(0, equals).Equals("bytes", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var specs = new List<Spec>();
        foreach (var item in text.AsSpan(equals + 1).Split(','))
        {
            var spec = text.AsSpan(equals + 1)[item].Trim(" \t");

            // Empty elements of a list are to be read over (§5.6.1.2).
            if (spec.IsEmpty)
            {
                continue;
            }

            if (specs.Count == RangesMax || !TryReadSpec(spec, out var read))
            {
                return null;
            }

            specs.Add(read);
        }

        return specs.Count == 0 ? null : new RangeHeader(specs);
    }

    /// <summary>Puts the field to a length. Ranges that overlap or touch are merged (§14.2
    /// permits it), others keep the order asked for.</summary>
    public Outcome Resolve(long length, out IReadOnlyList<ByteRange> ranges)
    {
        ranges = [];

        // No range can be satisfied in an empty representation; the whole is nothing and is a better answer than 416.
        if (length == 0)
        {
            return Outcome.Whole;
        }

        var satisfiable = new List<ByteRange>();
        var sum = 0L;
        foreach (var spec in _specs)
        {
            var first = spec.First ?? length - Math.Min(length, spec.Last!.Value);
            var last = spec.First is null || spec.Last is null ? length - 1 : Math.Min(spec.Last.Value, length - 1);
            if (first < length && last >= first)
            {
                satisfiable.Add(new ByteRange(first, last - first + 1));
                sum += last - first + 1;

                // More bytes than the whole has: whoever wants that gets the whole once (§17.15 names the attack).
                if (sum > length)
                {
                    return Outcome.Whole;
                }
            }
        }

        ranges = Merge(satisfiable);
        return ranges.Count == 0 ? Outcome.Unsatisfiable : Outcome.Partial;
    }

    private static List<ByteRange> Merge(List<ByteRange> ranges)
    {
        var sorted = ranges.OrderBy(range => range.Offset).ToList();
        var merged = new List<ByteRange>();
        foreach (var range in sorted)
        {
            if (merged.Count > 0 && range.Offset <= merged[^1].Last + 1)
            {
                var before = merged[^1];
                merged[^1] = before with { Length = Math.Max(before.Last, range.Last) - before.Offset + 1 };
            }
            else
            {
                merged.Add(range);
            }
        }

        return merged.Count == ranges.Count ? ranges : merged;
    }

    private static bool TryReadSpec(ReadOnlySpan<char> text, out Spec spec)
    {
        spec = default;
        var dash = text.IndexOf('-');
        if (dash < 0 || !TryReadNumber(text[..dash], out var first) || !TryReadNumber(text[(dash + 1)..], out var last)
            || (first is null && last is null) || (first is not null && last < first))
        {
            return false;
        }

        spec = new Spec(first, last);
        return true;
    }

    /// <summary>Digits or nothing; what is too large for the type is as good as its end.</summary>
    private static bool TryReadNumber(ReadOnlySpan<char> text, out long? number)
    {
        number = null;
        foreach (var c in text)
        {
            if (!char.IsAsciiDigit(c))
            {
                return false;
            }

            var value = number ?? 0;
            number = value > (long.MaxValue - 9) / 10 ? long.MaxValue : (value * 10) + (c - '0');
        }

        return true;
    }

    /// <summary>One range: <c>first-last</c>, <c>first-</c>, or without first a suffix of <c>last</c> bytes.</summary>
    private readonly record struct Spec(long? First, long? Last);
}
