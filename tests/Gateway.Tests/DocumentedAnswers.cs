using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Gateway.Tests;

/// <summary>Holds every answer that a test gets against the committed OpenAPI document, so that the document tells the truth: its status,
/// the kind of its problem, its media type, its JSON, its header fields.</summary>
internal static class DocumentedAnswers
{
    private static readonly JsonElement Document = JsonDocument.Parse(
        File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "openapi.v1.json"))).RootElement;

    /// <summary>Paths with what their requests look like, the most literal ones first.</summary>
    private static readonly ImmutableArray<(Regex Path, JsonElement Operations)> Paths =
    [
        .. Document.GetProperty("paths").EnumerateObject()
            .OrderBy(path => path.Name.Count(letter => letter == '{')).ThenByDescending(path => path.Name.Length)
            .Select(path => (new Regex($"^{PatternOf(path.Name)}/?$", RegexOptions.CultureInvariant), path.Value)),
    ];

    /// <summary>Fields of HTTP itself, of the connection, of safety in browsers, of CORS, and of tus where that is spoken, which are on
    /// answers of every kind.</summary>
    private static readonly Regex Everywhere = new(
        "^(Date|Content-Type|Content-Length|Transfer-Encoding|Connection|Cache-Control|Vary|X-Content-Type-Options|"
        + "Content-Security-Policy|Allow|Alt-Svc|Access-Control-.+|Tus-.+|Upload-Expires|Upload-Metadata|Upload-Defer-Length)$",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);

    /// <summary>A name may have slashes in it.</summary>
    private static string PatternOf(string path) =>
        Regex.Replace(path.Replace("{path}", ".+", StringComparison.Ordinal), "{[a-z]+}", "[^/]+");

    /// <summary>Fails when the document does not know an answer.</summary>
    public static void Check(string method, string target, Answer answer)
    {
        if (Find(method, target.Split('?')[0]) is not { } operation)
        {
            return;
        }

        var what = $"{method} {target} {answer.Status}";
        Assert.True(
            operation.GetProperty("responses").TryGetProperty(answer.Status.ToString(CultureInfo.InvariantCulture), out var documented),
            $"{what}: the document does not know the status: {answer.Text[..Math.Min(answer.Text.Length, 300)]}");
        var fields = documented.TryGetProperty("headers", out var headers)
            ? headers.EnumerateObject().Select(field => field.Name).ToList()
            : [];
        foreach (var (name, _) in answer.Headers.Concat(answer.ContentHeaders))
        {
            Assert.True(
                Everywhere.IsMatch(name) || fields.Contains(name, StringComparer.OrdinalIgnoreCase),
                $"{what}: the document does not know the field {name}");
        }

        if (method != "HEAD" && answer.Body.Length > 0)
        {
            CheckBody(documented, answer, what);
        }
    }

    private static void CheckBody(JsonElement documented, Answer answer, string what)
    {
        var type = answer["Content-Type"]?.Split(';')[0] ?? "";
        Assert.True(documented.TryGetProperty("content", out var contents), $"{what}: the document knows no body");
        if (contents.TryGetProperty("application/octet-stream", out _) || (type == "text/html" && answer.Status >= 400))
        {
            // Bytes have the type that they were stored with; browsers get problems as a page.
            return;
        }

        Assert.True(contents.TryGetProperty(type, out var content), $"{what}: the document does not know {type}");
        if (!type.EndsWith("json", StringComparison.Ordinal))
        {
            return;
        }

        Assert.Null(DocumentSchema.FindMisfit(Document, content.GetProperty("schema"), answer.Json, what));
        if (type == "application/problem+json")
        {
            Assert.True(
                content.GetProperty("examples").TryGetProperty(answer.Json.GetProperty("type").GetString()!.Split('/', '#')[^1], out _),
                $"{what}: the document does not know the kind of problem: {answer.Text}");
        }
    }

    /// <summary>The operation that a request is; null for what the document leaves out: other methods, files of the page.</summary>
    private static JsonElement? Find(string method, string path)
    {
        foreach (var (pattern, operations) in Paths)
        {
            if (!pattern.IsMatch(path))
            {
                continue;
            }

            if (operations.TryGetProperty("put", out var put) && put.GetProperty("tags")[0].GetString() == "2012"
                && !Regex.IsMatch(path, "^/(0[xX])?[0-9a-fA-F]+$"))
            {
                return null;
            }

            // HEAD of JSON is that of its GET.
            return operations.TryGetProperty(method.ToLowerInvariant(), out var operation)
                || (method == "HEAD" && operations.TryGetProperty("get", out operation)) ? operation : null;
        }

        return null;
    }
}
