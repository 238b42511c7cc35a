using System.Globalization;
using Microsoft.Extensions.Primitives;

namespace Gateway.Http;

/// <summary>
/// The part of RFC 9651 (structured field values) that digest fields use: a dictionary whose members are byte sequences or whole
/// numbers. Parameters are read over. Anything else makes the whole field malformed, as §4.2 wants it.
/// </summary>
internal static class StructuredFields
{
    /// <summary>The largest whole number (RFC 9651 §3.3.1): 15 digits.</summary>
    public const long IntegerMax = 999_999_999_999_999;

    /// <summary>Far above any honest field.</summary>
    private const int MembersMax = 64;

    /// <summary>Reads a dictionary; a member's value is a <c>byte[]</c> or a <c>long</c>. Of
    /// members with one key the last one counts.</summary>
    public static bool TryReadDictionary(StringValues lines, out Dictionary<string, object> members)
    {
        members = [];
        var rest = string.Join(",", lines.ToArray()).AsSpan().Trim(" \t");
        while (!rest.IsEmpty)
        {
            if (!TryReadKey(ref rest, out var key) || rest.IsEmpty || rest[0] != '=')
            {
                return false;
            }

            rest = rest[1..];
            if (!TryReadItem(ref rest, out var value) || !TrySkipParameters(ref rest) || members.Count == MembersMax)
            {
                return false;
            }

            members[key] = value;
            rest = rest.TrimStart(" \t");
            if (rest.IsEmpty)
            {
                return true;
            }

            if (rest[0] != ',')
            {
                return false;
            }

            rest = rest[1..].TrimStart(" \t");
            if (rest.IsEmpty)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Reads an item that is a whole number (§3.3.1); null when the field is not there.</summary>
    public static bool TryReadInteger(StringValues lines, out long? value)
    {
        value = null;
        if (lines.Count == 0)
        {
            return true;
        }

        var rest = ReadOne(lines);
        if (rest.IsEmpty || rest[0] == ':' || !TryReadItem(ref rest, out var item) || !TrySkipParameters(ref rest) || !rest.IsEmpty)
        {
            return false;
        }

        value = (long)item;
        return true;
    }

    /// <summary>Reads an item that is <c>?0</c> or <c>?1</c> (§3.3.6); null when the field is not there.</summary>
    public static bool TryReadBoolean(StringValues lines, out bool? value)
    {
        value = null;
        if (lines.Count == 0)
        {
            return true;
        }

        var rest = ReadOne(lines);
        if (!rest.StartsWith("?0") && !rest.StartsWith("?1"))
        {
            return false;
        }

        value = rest[1] == '1';
        rest = rest[2..];
        return TrySkipParameters(ref rest) && rest.IsEmpty;
    }

    /// <summary>An item stands in one line; several are no item.</summary>
    private static ReadOnlySpan<char> ReadOne(StringValues lines) => lines.Count == 1 ? lines[0].AsSpan().Trim(' ') : [];

    private static bool TryReadKey(ref ReadOnlySpan<char> rest, out string key)
    {
        var length = 0;
        while (length < rest.Length && (char.IsAsciiLetterLower(rest[length]) || rest[length] == '*'
            || (length > 0 && (char.IsAsciiDigit(rest[length]) || rest[length] is '_' or '-' or '.'))))
        {
            length++;
        }

        key = rest[..length].ToString();
        rest = rest[length..];
        return length > 0;
    }

    private static bool TryReadItem(ref ReadOnlySpan<char> rest, out object value)
    {
        value = 0L;
        if (!rest.IsEmpty && rest[0] == ':')
        {
            var end = rest[1..].IndexOf(':');
            if (end < 0)
            {
                return false;
            }

            var bytes = new byte[end];
            if (!Convert.TryFromBase64Chars(rest.Slice(1, end), bytes, out var count))
            {
                return false;
            }

            value = bytes[..count];
            rest = rest[(end + 2)..];
            return true;
        }

        var length = 0;
        while (length < rest.Length && (char.IsAsciiDigit(rest[length]) || (length == 0 && rest[0] == '-')))
        {
            length++;
        }

        if (!long.TryParse(rest[..length], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            || number is < -IntegerMax or > IntegerMax)
        {
            return false;
        }

        value = number;
        rest = rest[length..];
        return true;
    }

    private static bool TrySkipParameters(ref ReadOnlySpan<char> rest)
    {
        while (!rest.IsEmpty && rest[0] == ';')
        {
            rest = rest[1..].TrimStart(' ');
            if (!TryReadKey(ref rest, out _))
            {
                return false;
            }

            if (!rest.IsEmpty && rest[0] == '=')
            {
                var end = rest.IndexOfAny(";, \t");
                rest = end < 0 ? [] : rest[end..];
            }
        }

        return true;
    }
}
