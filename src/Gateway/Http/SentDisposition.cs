using System.Text;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace Gateway.Http;

/// <summary>
/// A <c>Content-Disposition</c> of an upload (RFC 6266), read as liberally as browsers read one: a parameter that cannot be read is passed
/// over and the others count, an extended name (<c>filename*</c>) goes before a plain one.
/// </summary>
/// <param name="IsAttachment">Whether its type is <c>attachment</c>; null when there is none.</param>
/// <param name="FileName">The name as it was sent, or null.</param>
internal sealed record SentDisposition(bool? IsAttachment, string? FileName)
{
    /// <summary>Nothing said.</summary>
    public static SentDisposition None { get; } = new(null, null);

    /// <summary>Reads the field; of several lines none counts.</summary>
    public static SentDisposition Read(StringValues field)
    {
        if (field.Count != 1 || field[0] is not { } text)
        {
            return None;
        }

        bool? isAttachment = null;
        string? plain = null;
        string? extended = null;
        var isFirst = true;
        foreach (var part in Split(text))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0)
            {
                isAttachment = isFirst && part.Length > 0 ? part.Equals("attachment", StringComparison.OrdinalIgnoreCase) : isAttachment;
            }
            else if (part.AsSpan(0, equals).TrimEnd().Equals("filename", StringComparison.OrdinalIgnoreCase))
            {
                plain ??= ReadPlain(part[(equals + 1)..].Trim());
            }
            else if (part.AsSpan(0, equals).TrimEnd().Equals("filename*", StringComparison.OrdinalIgnoreCase))
            {
                extended ??= ReadExtended(part[(equals + 1)..].Trim());
            }

            isFirst = false;
        }

        return new SentDisposition(isAttachment, extended ?? plain);
    }

    /// <summary>The parts between semicolons, but for those within quotes.</summary>
    private static IEnumerable<string> Split(string text)
    {
        var begin = 0;
        var isQuoted = false;
        for (var i = 0; i < text.Length; i++)
        {
            if (isQuoted && IsEscape(text, i))
            {
                i++;
            }
            else if (text[i] == '"')
            {
                isQuoted = !isQuoted;
            }
            else if (text[i] == ';' && !isQuoted)
            {
                yield return text[begin..i].Trim();
                begin = i + 1;
            }
        }

        yield return text[begin..].Trim();
    }

    /// <summary>A backslash before a quote or another backslash. Before anything else it stands for itself, for there are clients that
    /// send a path of Windows as it is.</summary>
    private static bool IsEscape(string text, int index) => text[index] == '\\' && index + 1 < text.Length
        && text[index + 1] is '"' or '\\';

    private static string? ReadPlain(string value)
    {
        if (!value.StartsWith('"'))
        {
            return value.Length == 0 ? null : OfBytes(value);
        }

        var name = new StringBuilder();
        for (var i = 1; i < value.Length && value[i] != '"'; i++)
        {
            if (IsEscape(value, i))
            {
                i++;
            }

            name.Append(value[i]);
        }

        return OfBytes(OfEncodedWord(name.ToString()));
    }

    /// <summary>Clients of .NET send names beyond ASCII as an encoded word (RFC 2047).</summary>
    private static string OfEncodedWord(string name) =>
        name.StartsWith("=?", StringComparison.Ordinal)
        && ContentDispositionHeaderValue.TryParse($"attachment; filename=\"{name}\"", out var field) ? field.FileName.Value ?? name : name;

    /// <summary>Bytes beyond ASCII have no encoding that fields agree on: where they are UTF-8 they are taken for that.</summary>
    private static string OfBytes(string name)
    {
        if (!name.AsSpan().ContainsAnyInRange('\u0080', '\u00FF') || name.AsSpan().ContainsAnyExceptInRange('\0', '\u00FF'))
        {
            return name;
        }

        var bytes = Encoding.Latin1.GetBytes(name);
        return System.Text.Unicode.Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : name;
    }

    /// <summary>RFC 8187: a character set, a language, and octets, of which those that are not safe should be written <c>%41</c>.</summary>
    private static string? ReadExtended(string value)
    {
        var parts = value.Trim('"').Split('\'', 3);
        if (parts.Length < 3 || parts[2].Length == 0)
        {
            return null;
        }

        var isUtf8 = parts[0].Equals("utf-8", StringComparison.OrdinalIgnoreCase);
        if (!isUtf8 && !parts[0].Equals("iso-8859-1", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var octets = new List<byte>(parts[2].Length);
        for (var i = 0; i < parts[2].Length; i++)
        {
            if (parts[2][i] != '%')
            {
                octets.AddRange((parts[2][i] <= '\u00FF' ? Encoding.Latin1 : Encoding.UTF8).GetBytes(parts[2], i, 1));
            }
            else if (i + 2 < parts[2].Length && char.IsAsciiHexDigit(parts[2][i + 1]) && char.IsAsciiHexDigit(parts[2][i + 2]))
            {
                octets.Add(Convert.ToByte(parts[2].Substring(i + 1, 2), 16));
                i += 2;
            }
            else
            {
                return null;
            }
        }

        var bytes = octets.ToArray();
        return !isUtf8 ? Encoding.Latin1.GetString(bytes) : System.Text.Unicode.Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : null;
    }
}
