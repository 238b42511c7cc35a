using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.OpenApi;
using static Microsoft.OpenApi.ParameterLocation;

namespace Gateway.Operations;

/// <summary>Parameters and header fields of the API, each with its meaning and an example. A name means the same everywhere.</summary>
internal static class OpenApiParameters
{
    private const string Tag = "\"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\"";
    private const string Digest = "sha-256=:n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=:";

    /// <summary>What every upload takes.</summary>
    public static readonly (ParameterLocation Place, string Name)[] OfUploads =
    [
        (Query, "code"), (Query, "replicas"), (Header, "If-Match"), (Header, "If-None-Match"), (Header, "Content-Disposition"),
        (Header, "Content-Digest"), (Header, "Repr-Digest"), (Header, "Upload-Complete"), (Header, "Upload-Length"),
    ];

    /// <summary>What a part of an upload takes.</summary>
    public static readonly (ParameterLocation Place, string Name)[] OfParts =
    [
        (Header, "Upload-Offset"), (Header, "Upload-Complete"), (Header, "Upload-Length"), (Header, "Content-Digest"), (Header, "Repr-Digest"),
    ];

    /// <summary>What every download takes.</summary>
    public static readonly (ParameterLocation Place, string Name)[] OfDownloads =
    [
        (Query, "filename"), (Query, "download"), (Header, "Range"), (Header, "If-Range"), (Header, "If-Match"), (Header, "If-None-Match"),
        (Header, "Cache-Control"), (Header, "Want-Repr-Digest"),
    ];

    /// <summary>What asking for the header fields of a download takes.</summary>
    public static readonly (ParameterLocation Place, string Name)[] OfHeads =
        [.. OfDownloads.Where(parameter => parameter.Name is not ("Range" or "If-Range"))];

    private static readonly Dictionary<string, (string Meaning, string Example)> Known = new(StringComparer.OrdinalIgnoreCase)
    {
        ["id"] = ("The resource: an unsigned 64-bit number, decimal or hexadecimal after 0x.", "42"),
        ["endpoint"] = ("The server, as host:port; an IPv6 address stands in brackets.", "192.0.2.1:1980"),
        ["number"] = ("The transfer's number in this process.", "1"),
        ["token"] = ("The last part of the Location that the upload's beginning was answered with.", "Jt3vN0qkS1mZ8yB4"),
        ["Upload-Offset"] = ("Where the body begins in the whole; 409 unless the upload stands there.", "0"),
        ["Upload-Complete"] = ("?0: the body, which may be empty, is not the end; PATCH of the upload's path goes on. ?1: it is.", "?0"),
        ["Upload-Length"] = ("Bytes of the whole, where the body is but a part.", "50000000"),
        ["name"] = ("The last part of a problem's type.", "not-found"),
        ["after"] = ("The id after which the page begins: the last page's next.", "42"),
        ["limit"] = ("Items of a page at most, from 1 to 1000; 100 by default.", "100"),
        ["code"] = ("The erasure code, raptorq or lt; the setting Rain:Code by default.", "raptorq"),
        ["replicas"] = ("Nodes that are to hold it before the answer, this one included; 1 by default.", "3"),
        ["filename"] = ("A file name to offer instead of the stored one.", "holiday.mp4"),
        ["download"] = ("1: a browser is to save rather than show.", "1"),
        ["Range"] = ("Only a part: bytes=0-99, bytes=100-, bytes=-100, or several with commas.", "bytes=0-99"),
        ["If-Range"] = ("Only with Range: the whole is sent unless the resource is at this version.", Tag),
        ["If-Match"] = ("Only if the resource is at one of these versions; * for any.", Tag),
        ["If-None-Match"] = ("Only if the resource is at none of these versions; * for only if there is none.", Tag),
        ["Cache-Control"] = ("no-cache: from the rain though it is here; only-if-cached: only from here.", "no-cache"),
        ["Want-Repr-Digest"] = ("Digests to send along, by preference.", "sha-256=1"),
        ["Content-Disposition"] = ("The file name, as in attachment; filename=\"photo.jpg\".", "attachment; filename=\"photo.jpg\""),
        ["Content-Digest"] = ("The digest of the body; when the bytes have another, 400 and nothing is stored.", Digest),
        ["Repr-Digest"] = ("The digest of the whole resource.", Digest),
    };

    private static readonly Dictionary<string, (string Meaning, string Example)> Answered = new()
    {
        ["ETag"] = ("The version, a strong entity tag.", Tag),
        ["Location"] = ("The path of what was made.", "/resources/42"),
        ["Content-Range"] = ("Which part of how many bytes this is.", "bytes 0-99/50000000"),
        ["Accept-Ranges"] = ("Ranges are understood.", "bytes"),
        ["Last-Modified"] = ("When this version was made.", "Sat, 21 Nov 2026 06:10:07 GMT"),
        ["Repr-Digest"] = ("The digest of the whole resource (RFC 9530).", Digest),
        ["Cache-Status"] = ("Whether it was here or had to rain (RFC 9211).", "rain; fwd=miss; stored"),
        ["Server-Timing"] = (
            "Whether it was here, and milliseconds until the first byte: discover, until the resource was known; first-droplet, since its fetch "
            + "began; decode, until the first bytes were verified; verify, spent on the digests of what had come by then.",
            "cache;desc=miss, discover;dur=1.2, first-droplet;dur=0.9, decode;dur=7.5, verify;dur=0.6"),
        ["Retry-After"] = ("Seconds to wait before trying again.", "1"),
        ["WWW-Authenticate"] = ("How to show a key.", "Bearer realm=\"Pouring Rain\""),
    };

    /// <summary>Whether a header field must be there.</summary>
    public static bool IsRequired(string name) => name == "Upload-Offset";

    /// <summary>Gives a parameter its meaning and example. That of an optional one stands in its schema: the page fills what stands
    /// beside the schema into the form, and a request that carries every precondition at once answers nothing but 412.</summary>
    public static void Complete(OpenApiParameter parameter)
    {
        if (!Known.TryGetValue(parameter.Name!, out var known))
        {
            return;
        }

        parameter.Description = known.Meaning.Contains(known.Example, StringComparison.Ordinal) || parameter.Required
            ? known.Meaning
            : $"{known.Meaning} As in `{known.Example}`.";
        var schema = parameter.Schema as OpenApiSchema ?? new OpenApiSchema { Type = JsonSchemaType.String };
        parameter.Schema = schema;
        switch (parameter.Name)
        {
            case "id" or "after":
                schema.Pattern = "^([0-9]+|0[xX][0-9a-fA-F]+)$";
                break;
            case "Upload-Offset" or "Upload-Length":
                (schema.Type, schema.Format, schema.Minimum) = (JsonSchemaType.Integer, "int64", "0");
                break;
            case "limit" or "replicas":
                (schema.Type, schema.Minimum, schema.Maximum) = (JsonSchemaType.Integer, "1", "1000");
                break;
            case "code":
                schema.Enum = ["raptorq", "lt"];
                break;
        }

        JsonNode example = schema.Type == JsonSchemaType.Integer ? long.Parse(known.Example, CultureInfo.InvariantCulture) : known.Example;
        if (parameter.Required)
        {
            parameter.Example = example;
        }
        else
        {
            schema.Examples = [example];
        }
    }

    /// <summary>Header fields worth knowing of an answer; null when there are none.</summary>
    public static IDictionary<string, IOpenApiHeader>? HeadersOf(int status, bool takesBytes, bool sendsBytes)
    {
        string[] names = status switch
        {
            200 or 206 when sendsBytes => [.. status == 206 ? ["Content-Range"] : Array.Empty<string>(),
                "ETag", "Last-Modified", "Accept-Ranges", "Repr-Digest", "Cache-Status", "Server-Timing"],
            304 => ["ETag", "Last-Modified"],
            200 or 201 or 202 when takesBytes => ["Location", "ETag", "Repr-Digest"],
            201 or 202 => ["Location"],
            401 => ["WWW-Authenticate"],
            416 => ["Content-Range"],
            429 or 503 => ["Retry-After"],
            _ => [],
        };
        return names.Length == 0 ? null : names.ToDictionary(name => name, IOpenApiHeader (name) => new OpenApiHeader
        {
            Description = Answered[name].Meaning,
            Schema = new OpenApiSchema { Type = JsonSchemaType.String },
            Example = Answered[name].Example,
        });
    }
}
