using System.Globalization;
using Gateway.Configuration;
using Gateway.Files;
using Gateway.Http;
using Gateway.Uploads;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;
using MurkyWaters;
using PouringRain.Coding;
using PouringRain.Protocol;

namespace Gateway.Resources;

/// <summary>What an upload says of itself before its body: everything that can be wrong here is refused before a byte of the body is
/// asked for, so that a client that sent <c>Expect: 100-continue</c> keeps it.</summary>
internal sealed record UploadRequest
{
    /// <summary>More nodes than anybody has.</summary>
    public const int ReplicasMax = 1000;

    /// <summary>The id, or null to take it from the content.</summary>
    public required ResourceId? Id { get; init; }

    /// <summary>The name, of which <see cref="Id"/> is the id; null for none.</summary>
    public required string? Path { get; init; }

    /// <summary>The body's length, when it was said.</summary>
    public required long? Length { get; init; }

    /// <summary>Bytes of the whole, when they were said: of the body, or of all bodies of an upload in several requests.</summary>
    public required long? WholeLength { get; init; }

    public required string? ContentType { get; init; }

    public required string? FileName { get; init; }

    /// <summary>The code asked for, or null for the default one.</summary>
    public required string? Code { get; init; }

    /// <summary>Whether it is to be saved rather than shown; null when nothing was said.</summary>
    public required bool? IsAttachment { get; init; }

    /// <summary>Digests of this request's body.</summary>
    public required AnnouncedDigests Part { get; init; }

    /// <summary>Digests of the whole.</summary>
    public required AnnouncedDigests Whole { get; init; }

    /// <summary>Nodes that are to hold it before the answer.</summary>
    public required int Replicas { get; init; }

    /// <summary>Whether it is to be kept in parts, on the nodes of a chain that can encode them.</summary>
    public bool IsInParts { get; init; }

    /// <summary>Reads a request; the problem when it is wrong.</summary>
    public static Problem? TryRead(
        HttpContext http, ResourceId? id, string? path, GatewaySettings settings, UploadFields fields, out UploadRequest? upload)
    {
        upload = null;
        var request = http.Request;
        var headers = request.Headers;

        // RFC 9110 §14.5: a PUT with Content-Range is a mistake of the client that would store a part as the whole.
        if (headers.ContentRange.Count > 0)
        {
            return new Problem(ProblemType.PartialPut, "An upload is of the whole resource; Content-Range is not understood.");
        }

        if (fields.Offset > 0)
        {
            return new Problem(ProblemType.InvalidParameter, "Upload-Offset is for PATCH of an upload's path; an upload begins at 0.");
        }

        if (FindCoding(http) is { } coded)
        {
            return coded;
        }

        // A tab means what a space does, and not every server writes one.
        var contentType = string.IsNullOrWhiteSpace(request.ContentType) ? null : request.ContentType.Trim().Replace('\t', ' ');
        if (contentType is not null && (!Manifest.IsContentType(contentType) || !MediaTypeHeaderValue.TryParse(contentType, out _)))
        {
            return new Problem(
                ProblemType.InvalidParameter, $"Content-Type is no media type of up to {Manifest.ContentTypeBytesMax} characters.");
        }

        // Of a part it says what the body is, not what the whole will be.
        if (fields.IsComplete is not null && UploadFields.IsPart(contentType))
        {
            contentType = null;
        }

        if (contentType is not null && contentType.StartsWith("multipart/form-data", StringComparison.OrdinalIgnoreCase))
        {
            return new Problem(
                ProblemType.UnsupportedMedia,
                "A form would be kept with its boundaries: POST it to /files/, or send the file's bytes alone (curl -T file).");
        }

        // Of an upload in several requests, Content-Digest is that of the first body alone.
        var isPartial = fields.IsComplete == false;
        if (DigestFields.TryReadUpload(headers, out var part, out var whole) is { } unreadable)
        {
            return unreadable;
        }

        if (!isPartial)
        {
            if (part.With(whole) is not { } both)
            {
                return DigestFields.Contradiction();
            }

            part = whole = both;
        }

        var code = request.Query["code"];
        if (code.Count > 1 || (code.Count == 1 && !FountainCodes.TryGet(code, out _)))
        {
            return new Problem(
                ProblemType.InvalidParameter,
                $"code={code} is unknown; there are {string.Join(", ", FountainCodes.All.Select(known => known.Name))}.");
        }

        var replicas = 1;
        if (request.Query["replicas"] is { Count: > 0 } asked
            && (asked.Count > 1 || !int.TryParse(asked[0], NumberStyles.None, CultureInfo.InvariantCulture, out replicas)
            || replicas is < 1 or > ReplicasMax))
        {
            return new Problem(
                ProblemType.InvalidParameter, $"replicas={asked} is wrong: a whole number from 1 to {ReplicasMax} is wanted.");
        }

        var layout = request.Query["layout"];
        if (layout.Count > 1 || (layout.Count == 1 && layout[0] != "parts"))
        {
            return new Problem(ProblemType.InvalidParameter, $"layout={layout} is unknown; there is parts, and none for whole copies.");
        }

        var length = request.ContentLength ?? (http.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true ? null : 0);
        if (isPartial ? length > fields.Length : fields.Length is not null && length is not null && fields.Length != length)
        {
            return new Problem(ProblemType.InconsistentUploadLength, $"The body has {length} bytes of {fields.Length}.");
        }

        if (FindTooLarge(fields.Length ?? length ?? 0, settings) is { } tooLarge)
        {
            return tooLarge;
        }

        var disposition = SentDisposition.Read(headers.ContentDisposition);
        upload = new UploadRequest
        {
            Id = id,
            Path = path,
            Length = length,
            WholeLength = isPartial ? fields.Length : length ?? fields.Length,
            ContentType = contentType ?? (path is null ? null : FileTypes.Of(path)),
            FileName = Dispositions.Clean(disposition.FileName ?? path),
            IsAttachment = disposition.IsAttachment,
            Code = code.Count == 1 ? code[0] : null,
            Part = part,
            Whole = whole,
            Replicas = replicas,
            IsInParts = layout.Count == 1,
        };
        return null;
    }

    /// <summary>What it is to become, as the store wants to know it.</summary>
    public UploadOptions ToOptions() => new()
    {
        Id = Id,
        Path = Path,
        Length = WholeLength,
        ContentType = ContentType,
        FileName = FileName,
        IsAttachment = IsAttachment,

        // Under an id from the content the same bytes are the same resource, which who comes second with it does not rename.
        KeepsDescription = Id is null,
        Code = Code,
        ExpectedSha256 = Whole.Sha256,
    };

    /// <summary>The problem with a content coding, if there is one: it would be kept as if it were the bytes.</summary>
    public static Problem? FindCoding(HttpContext http)
    {
        var codings = http.Request.Headers.ContentEncoding;
        if (codings.All(coding => string.Equals(coding?.Trim(), "identity", StringComparison.OrdinalIgnoreCase)))
        {
            return null;
        }

        http.Response.Headers.AcceptEncoding = "identity";
        return new Problem(
            ProblemType.UnsupportedMedia, $"Content-Encoding: {codings} is not taken; send the bytes as they are to be kept.");
    }

    /// <summary>The problem with a length, if there is one.</summary>
    public static Problem? FindTooLarge(long length, GatewaySettings settings) =>
        length > LengthMaxOf(settings) ? TooLarge(settings) : null;

    /// <summary>The longest resource that is taken: what may be sent, and what a manifest
    /// can describe in the blocks of this node.</summary>
    public static long LengthMaxOf(GatewaySettings settings) =>
        Math.Min(settings.Gateway.MaxBodyBytes is > 0 and var bytesMax ? bytesMax : long.MaxValue, DescribedMaxOf(settings.Rain));

    /// <summary>The body is over the limit.</summary>
    public static Problem TooLarge(GatewaySettings settings) => new(
        ProblemType.TooLarge,
        LengthMaxOf(settings) < DescribedMaxOf(settings.Rain)
            ? $"Bodies of up to {settings.Gateway.MaxBodyBytes} bytes are taken (Gateway:MaxBodyBytes)."
            : $"In blocks of {settings.Rain.LargestBlockSize} bytes a resource has at most {DescribedMaxOf(settings.Rain)} bytes "
                + "(Rain:BlockSize, Rain:SymbolSize).");

    private static long DescribedMaxOf(RainOptions rain) => ResourceLayout.LengthMaxOf(rain.LargestBlockSize, rain.SymbolSize);
}
