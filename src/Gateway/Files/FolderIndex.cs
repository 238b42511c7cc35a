using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using Gateway.Http;
using PouringRain.Protocol.Naming;

namespace Gateway.Files;

/// <summary>A folder as a page, in the form that nginx gives its own: what lists such pages (lftp, rclone, wget -r) lists this.</summary>
internal static class FolderIndex
{
    /// <summary>Columns of a name, as nginx has them.</summary>
    private const int NameColumns = 50;

    /// <summary>What may be done on the page: nothing but a form's being sent.</summary>
    public const string Policy =
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'self'; frame-ancestors 'none'";

    /// <summary>What comes before the entries.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="hasSlash">Whether the request's path ended with a slash, so that relative links are about it.</param>
    /// <param name="mayUpload">Whether whoever looks at it may upload without a key, which a form cannot send.</param>
    public static string Head(string folder, bool hasSlash, bool mayUpload)
    {
        var title = Encode("Index of " + FilePath.Root + '/' + folder);
        return $"""
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
            <title>{title}</title>{(hasSlash ? "" : $"<base href=\"{FilePath.UrlOf(folder)}\">")}
            <style>:root{"{"}color-scheme:light dark{"}"}</style></head><body>
            <h1>{title}</h1>{(mayUpload ? Form : "")}<hr><pre>{(folder.Length > 0 ? "<a href=\"../\">../</a>\n" : "")}
            """ + (folder.Length > 0 ? "" : "\n");
    }

    /// <summary>The entries of one page.</summary>
    public static string Lines(IEnumerable<FolderEntry> entries)
    {
        var lines = new StringBuilder();
        foreach (var entry in entries)
        {
            var slash = entry.IsFolder ? "/" : "";
            var shown = VisibleText.Of(entry.Name) + slash;
            var type = entry.ContentType.Length > 0 ? $" type=\"{Encode(entry.ContentType)}\"" : "";
            lines.Append(CultureInfo.InvariantCulture, $"<a href=\"{Uri.EscapeDataString(entry.Name)}{slash}\"{type}>{Encode(shown)}</a>");
            lines.Append(' ', Math.Max(1, NameColumns + 1 - shown.Length));
            lines.Append(entry.IsFolder ? "                -" : Time(entry.Stamp)).Append(' ');
            lines.Append(entry.IsFolder ? "                  -" : entry.Length.ToString(CultureInfo.InvariantCulture).PadLeft(19));
            lines.Append('\n');
        }

        return lines.ToString();
    }

    /// <summary>What comes after them.</summary>
    /// <param name="silent">How many nodes have not told what they have.</param>
    public static string Tail(int silent) =>
        $"</pre><hr>{(silent == 0 ? "" : $"<p>Not complete: {silent} of the nodes did not answer.</p>")}</body></html>\n";

    private static string Form =>
        "<form method=\"post\" enctype=\"multipart/form-data\"><input type=\"file\" name=\"file\" multiple required "
        + "aria-label=\"Files\"> <button>Upload</button></form>";

    private static string Time(long stamp) =>
        DateTimeOffset.FromUnixTimeMilliseconds(stamp).UtcDateTime.ToString("dd-MMM-yyyy HH:mm", CultureInfo.InvariantCulture);

    private static string Encode(string text) => HtmlEncoder.Default.Encode(text);
}
