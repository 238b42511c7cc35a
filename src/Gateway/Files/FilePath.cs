using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Gateway.Http;
using Microsoft.AspNetCore.Http.Features;
using PouringRain.Protocol;
using PouringRain.Protocol.Naming;

namespace Gateway.Files;

/// <summary>Reads and writes the paths of names. They are read from the request's own target: what the server makes of it has lost
/// whether a slash was one, and what was no UTF-8.</summary>
internal static class FilePath
{
    /// <summary>Where names begin.</summary>
    public const string Root = "/files";

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>What a name may be, in a sentence.</summary>
    private static readonly string Rules =
        $"A name is UTF-8 of at most {Manifest.PathBytesMax} bytes, {Manifest.PathSegmentBytesMax} between two slashes, none of its parts "
        + "empty, . or .., without control characters and backslashes.";

    /// <summary>Reads what the request is about: a name, or a folder, which is empty or ends with a slash. The problem when it can be
    /// neither.</summary>
    public static Problem? TryRead(HttpContext http, out string path)
    {
        path = "";
        var target = http.Features.Get<IHttpRequestFeature>()?.RawTarget ?? "";
        if (target.IndexOf("://", StringComparison.Ordinal) is > 0 and var scheme && target[0] != '/')
        {
            // Absolute-form (RFC 9112 §3.2.2).
            var slash = target.IndexOf('/', scheme + 3);
            target = slash < 0 ? "/" : target[slash..];
        }

        target = target.Split('?', '#')[0];
        if (!target.StartsWith(Root, StringComparison.OrdinalIgnoreCase) || (target.Length > Root.Length && target[Root.Length] != '/'))
        {
            return Wrong("The path has to begin with /files/ as it is written here.");
        }

        var rest = target.Length <= Root.Length + 1 ? "" : target[(Root.Length + 1)..];
        if (rest.Contains("%2f", StringComparison.OrdinalIgnoreCase))
        {
            return Wrong("A slash between two parts is written as it is, and no part has one in it.");
        }

        return TryDecode(rest, out var text) && TryNormalize(text, out path) ? null : Wrong(Rules);
    }

    /// <summary>As above, of a name alone.</summary>
    public static Problem? TryReadFile(HttpContext http, out string path) =>
        TryRead(http, out path) is { } wrong ? wrong
            : IsFolder(path) ? Wrong($"{UrlOf(path)} is a folder; a name is wanted behind it (curl -T FILE .../ puts it there by itself).")
            : null;

    /// <summary>Reads a name that is given as text: relative to /files/, with or without that before it.</summary>
    /// <param name="text">The text.</param>
    /// <param name="name">What it is called in a folder, when only that is given.</param>
    /// <param name="path">The name.</param>
    public static Problem? TryReadTarget(string text, string name, out string path)
    {
        text = text.StartsWith(Root + '/', StringComparison.Ordinal) ? text[(Root.Length + 1)..] : text;
        return TryNormalize(IsFolder(text) ? text + name : text, out path) && !IsFolder(path) ? null : Wrong(Rules);
    }

    /// <summary>Whether a path is that of a folder.</summary>
    public static bool IsFolder(string path) => path is "" or [.., '/'];

    /// <summary>The path of a URL.</summary>
    public static string UrlOf(string path) => Root + '/' + string.Join('/', path.Split('/').Select(Uri.EscapeDataString));

    private static Problem Wrong(string why) => new(ProblemType.InvalidPath, why);

    private static bool TryNormalize(string text, out string path)
    {
        var isRight = IsFolder(text) ? ResourcePath.TryNormalizeFolder(text, out var normal) : ResourcePath.TryNormalize(text, out normal);
        path = normal ?? "";
        return isRight;
    }

    private static bool TryDecode(string text, [NotNullWhen(true)] out string? decoded)
    {
        decoded = null;
        var bytes = new List<byte>(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '%')
            {
                bytes.AddRange(Encoding.Latin1.GetBytes(text, i, 1));
            }
            else if (i + 2 < text.Length
                && byte.TryParse(text.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var octet))
            {
                bytes.Add(octet);
                i += 2;
            }
            else
            {
                return false;
            }
        }

        try
        {
            decoded = Strict.GetString([.. bytes]);
            return true;
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
    }
}
