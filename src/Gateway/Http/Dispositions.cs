using System.Text;
using PouringRain.Protocol;

namespace Gateway.Http;

/// <summary>File names, and the <c>Content-Disposition</c> (RFC 6266) of answers. Names come from strangers.</summary>
internal static class Dispositions
{
    /// <summary>A name without folders and control characters, short enough for a manifest; null when nothing is left.</summary>
    public static string? Clean(string? name)
    {
        if (name is null)
        {
            return null;
        }

        var builder = new StringBuilder();
        var bytes = 0;
        foreach (var rune in name[(name.LastIndexOfAny(['/', '\\']) + 1)..].EnumerateRunes())
        {
            // A lone surrogate is enumerated as U+FFFD.
            if (!Rune.IsControl(rune))
            {
                bytes += rune.Utf8SequenceLength;
                if (bytes > Manifest.FileNameBytesMax)
                {
                    break;
                }

                builder.Append(rune);
            }
        }

        var clean = builder.ToString().Trim();
        return clean is "" or "." or ".." ? null : clean;
    }

    /// <summary>The response field: nothing but ASCII from a safe set gets into it, whatever the name is.</summary>
    /// <param name="isAttachment">Whether a browser is to save rather than show.</param>
    /// <param name="name">A clean name, or null.</param>
    /// <returns>The field's value, or null when there is nothing to say.</returns>
    public static string? Format(bool isAttachment, string? name)
    {
        if (name is null)
        {
            return isAttachment ? "attachment" : null;
        }

        var builder = new StringBuilder(isAttachment ? "attachment; filename=\"" : "inline; filename=\"");
        foreach (var rune in name.EnumerateRunes())
        {
            // Some clients take %41 in the quoted form for an A, so the percent sign is not safe either.
            builder.Append(rune.Value is >= ' ' and <= '~' and not '"' and not '\\' and not '%' ? (char)rune.Value : '_');
        }

        builder.Append("\"; filename*=UTF-8''");
        foreach (var octet in Encoding.UTF8.GetBytes(name))
        {
            // attr-char of RFC 8187 §3.2.1.
            if (char.IsAsciiLetterOrDigit((char)octet) || "!#$&+-.^_`|~".Contains((char)octet, StringComparison.Ordinal))
            {
                builder.Append((char)octet);
            }
            else
            {
                builder.Append('%').Append(octet.ToString("X2", System.Globalization.CultureInfo.InvariantCulture));
            }
        }

        return builder.ToString();
    }
}
