using System.Globalization;
using System.Text;
using Gateway.Configuration;
using Gateway.Files;
using Gateway.Http;
using Gateway.Resources;
using Microsoft.AspNetCore.Http.Features;
using MurkyWaters;
using MurkyWaters.Uploading;
using PouringRain.Protocol.Naming;

namespace Gateway.Uploads;

/// <summary>
/// tus 1.0 (tus.io/protocols/resumable-upload), beside the IETF draft and on the same uploads: POST to /resources or into /files/ creates
/// one, PATCH of its path goes on, HEAD tells the offset, DELETE ends it. It is done when its offset reaches its length. Which protocol a
/// request speaks says <c>Tus-Resumable</c>. Of the extensions there are creation (with an upload, and with a length that is said later),
/// termination, checksum and expiration.
/// </summary>
internal static class TusProtocol
{
    public const string Version = "1.0.0";

    /// <summary>The media type of a PATCH.</summary>
    public const string OffsetStream = "application/offset+octet-stream";

    private const string VersionField = "Tus-Resumable", MetadataField = "Upload-Metadata", ChecksumField = "Upload-Checksum";

    /// <summary>Characters of metadata at most: a name of 1024 bytes and as much again.</summary>
    private const int MetadataMax = 4096;

    private const string Extensions =
        "creation,creation-with-upload,creation-defer-length,termination,checksum,expiration";

    /// <summary>Whether a request speaks it.</summary>
    public static bool IsSpoken(HttpRequest request) => request.Headers[VersionField].Count > 0;

    /// <summary>Refuses other versions, and has every answer say which one is spoken.</summary>
    public static Task CheckAsync(HttpContext http, RequestDelegate next)
    {
        if (!IsSpoken(http.Request))
        {
            return next(http);
        }

        http.Response.Headers[VersionField] = Version;
        if (HttpMethods.IsOptions(http.Request.Method)
            || (http.Request.Headers[VersionField] == Version && !HttpMethods.IsPut(http.Request.Method)))
        {
            return next(http);
        }

        http.Response.Headers["Tus-Version"] = Version;
        return new Problem(
            ProblemType.UploadProtocol,
            $"{VersionField}: {http.Request.Headers[VersionField]} with {http.Request.Method} is not spoken here; {Version} is, with POST "
            + "to /files/ or /resources, and HEAD, PATCH and DELETE of what that makes.").ExecuteAsync(http);
    }

    /// <summary>The file name that a request's metadata have, or null: there are clients that send them with the IETF draft
    /// too.</summary>
    public static string? FileNameIn(IHeaderDictionary headers) =>
        TryReadMetadata(headers, out var metadata) is null ? FileNameIn(metadata) : null;

    /// <summary>Tells what is spoken, in an answer to OPTIONS of what takes uploads.</summary>
    public static void AddToOptions(IHeaderDictionary headers, GatewayOptions limits)
    {
        headers[VersionField] = headers["Tus-Version"] = Version;
        headers["Tus-Extension"] = Extensions;
        headers["Tus-Checksum-Algorithm"] = "sha1,md5,sha256,sha512";
        if (limits.MaxBodyBytes > 0)
        {
            headers["Tus-Max-Size"] = limits.MaxBodyBytes.ToString(CultureInfo.InvariantCulture);
        }
    }

    /// <summary>Creates an upload.</summary>
    /// <param name="http">The request.</param>
    /// <param name="node">The node.</param>
    /// <param name="settings">The settings.</param>
    /// <param name="time">The clock.</param>
    /// <param name="place">The name that it gets, or the folder in which the metadata's file name is one; null to take the id from the
    /// bytes.</param>
    public static async Task<IResult> CreateAsync(
        HttpContext http, MurkyNode node, GatewaySettings settings, TimeProvider time, string? place)
    {
        var headers = http.Request.Headers;
        if (TryReadLength(headers, out var length) is { } noLength)
        {
            return noLength;
        }

        if (TryReadMetadata(headers, out var metadata) is { } noMetadata)
        {
            return noMetadata;
        }

        if (TryReadChecksum(headers, out var part) is { } noChecksum)
        {
            return noChecksum;
        }

        var name = FileNameIn(metadata);
        string? path = null;
        if (place is not null)
        {
            if (FilePath.IsFolder(place) && string.IsNullOrEmpty(name))
            {
                return new Problem(
                    ProblemType.InvalidParameter, $"{FilePath.UrlOf(place)} is a folder: {MetadataField} has to have a filename.");
            }

            if (FilePath.TryReadTarget(FilePath.IsFolder(place) ? place + name!.TrimStart('/') : place, "", out path) is { } noName)
            {
                return noName;
            }
        }

        var hasBody = http.Request.ContentLength is null or > 0
            && http.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true;
        if (hasBody && !IsOffsetStream(http.Request))
        {
            return NotOffsetStream();
        }

        if (UploadRequest.FindTooLarge(length ?? http.Request.ContentLength ?? 0, settings) is { } tooLarge)
        {
            return tooLarge;
        }

        if (http.Request.ContentLength > length)
        {
            return new Problem(
                ProblemType.InconsistentUploadLength, $"The body has {http.Request.ContentLength} bytes of {length}.");
        }

        var type = metadata.GetValueOrDefault("filetype") ?? metadata.GetValueOrDefault("type");
        var request = new UploadRequest
        {
            Id = path is null ? null : ResourcePath.IdOf(path),
            Path = path,
            Length = hasBody ? http.Request.ContentLength : 0,
            WholeLength = length,
            ContentType = PouringRain.Protocol.Manifest.IsContentType(type) ? type : path is null ? null : FileTypes.Of(path),
            FileName = Dispositions.Clean(path ?? name),
            IsAttachment = null,
            Code = null,
            Part = part,
            Whole = AnnouncedDigests.None,
            Replicas = 1,
        };
        var local = request.Id is { } id && node.Find(id) is { Manifest.IsDeleted: false } stored ? stored.Manifest : null;
        if (path is not null && Preconditions.Evaluate(headers, isRead: false, local, time.GetUtcNow()) == Preconditions.Outcome.Failed)
        {
            return new Problem(ProblemType.PreconditionFailed, $"The conditions do not hold for {FilePath.UrlOf(path)}.");
        }

        var note = UploadNote.Of(headers, request, isClassic: false, local) with { Metadata = headers[MetadataField].ToString() };
        IResult answer;
        try
        {
            answer = await UploadHandling.CreateAsync(http, node, settings, time, request, note);
        }
        catch (StoreException e)
        {
            return Problem.OfStore(e);
        }

        return answer is Problem problem ? OfChecksum(problem, part) : TypedResults.StatusCode(StatusCodes.Status201Created);
    }

    /// <summary>What a PATCH says of itself.</summary>
    public static Problem? TryReadAppend(HttpContext http, out UploadFields fields, out AnnouncedDigests part)
    {
        var headers = http.Request.Headers;
        fields = new UploadFields(null, null, null);
        part = AnnouncedDigests.None;
        if (!IsOffsetStream(http.Request))
        {
            return NotOffsetStream();
        }

        if (UploadRequest.FindCoding(http) is { } coded)
        {
            return coded;
        }

        if (!long.TryParse(headers["Upload-Offset"], NumberStyles.None, CultureInfo.InvariantCulture, out var offset))
        {
            return new Problem(ProblemType.InvalidParameter, "Upload-Offset is wanted: a whole number from 0.");
        }

        long? length = null;
        if (headers["Upload-Length"].Count > 0 && TryReadLength(headers, out length) is { } wrong)
        {
            return wrong;
        }

        fields = new UploadFields(IsComplete: false, offset, length);
        return TryReadChecksum(headers, out part);
    }

    /// <summary>What else an answer tells of an upload.</summary>
    public static void AddStanding(HttpContext http, PendingUpload upload)
    {
        if (!IsSpoken(http.Request))
        {
            return;
        }

        var headers = http.Response.Headers;
        headers["Upload-Expires"] = upload.Expires.ToString("R", CultureInfo.InvariantCulture);
        if (upload.Length is null)
        {
            headers["Upload-Defer-Length"] = "1";
        }

        if (HttpMethods.IsHead(http.Request.Method) && UploadNote.Read(upload.Note).Metadata is { Length: > 0 } metadata)
        {
            headers[MetadataField] = metadata;
        }
    }

    /// <summary>The protocol has a status of its own for bytes that are not those of its checksum.</summary>
    public static Problem OfChecksum(Problem problem, AnnouncedDigests part) => part.IsEmpty || !problem.Is(ProblemType.DigestMismatch)
        ? problem
        : new Problem(ProblemType.ChecksumMismatch, "The bytes of this request do not have its checksum. None of them is kept.");

    private static string? FileNameIn(Dictionary<string, string> metadata) =>
        metadata.GetValueOrDefault("filename") ?? metadata.GetValueOrDefault("name");

    private static bool IsOffsetStream(HttpRequest request) =>
        string.Equals(request.ContentType?.Split(';')[0].Trim(), OffsetStream, StringComparison.OrdinalIgnoreCase);

    private static Problem NotOffsetStream() => new(ProblemType.UnsupportedMedia, $"Content-Type: {OffsetStream} is wanted.");

    private static Problem? TryReadLength(IHeaderDictionary headers, out long? length)
    {
        length = null;
        if (headers["Upload-Defer-Length"] == "1" && headers["Upload-Length"].Count == 0)
        {
            return null;
        }

        if (!long.TryParse(headers["Upload-Length"], NumberStyles.None, CultureInfo.InvariantCulture, out var said)
            || headers["Upload-Defer-Length"].Count > 0)
        {
            return new Problem(
                ProblemType.InvalidParameter, "Either Upload-Length, a whole number from 0, or Upload-Defer-Length: 1 is wanted.");
        }

        length = said;
        return null;
    }

    private static Problem? TryReadMetadata(IHeaderDictionary headers, out Dictionary<string, string> metadata)
    {
        metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        var text = headers[MetadataField].ToString();
        if (text.Length > MetadataMax)
        {
            return new Problem(ProblemType.InvalidParameter, $"{MetadataField} has more than {MetadataMax} characters.");
        }

        foreach (var pair in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = pair.Split(' ', 2, StringSplitOptions.TrimEntries);
            var bytes = new byte[pair.Length];
            if (!Convert.TryFromBase64String(parts.Length > 1 ? parts[1] : "", bytes, out var count)
                || !metadata.TryAdd(parts[0], Encoding.UTF8.GetString(bytes, 0, count)))
            {
                return new Problem(
                    ProblemType.InvalidParameter,
                    $"{MetadataField} is wrong: keys, each once, with a space and base64 behind them, are wanted.");
            }
        }

        return null;
    }

    private static Problem? TryReadChecksum(IHeaderDictionary headers, out AnnouncedDigests digests)
    {
        digests = AnnouncedDigests.None;
        if (headers[ChecksumField].Count == 0)
        {
            return null;
        }

        var parts = headers[ChecksumField].ToString().Split(' ');
        var algorithm = parts[0] switch
        {
            "sha1" => DigestAlgorithm.Find("sha"),
            "md5" => DigestAlgorithm.Md5,
            "sha256" => DigestAlgorithm.Sha256,
            "sha512" => DigestAlgorithm.Find("sha-512"),
            _ => null,
        };
        var bytes = new byte[headers[ChecksumField].ToString().Length];
        if (algorithm is null || parts.Length != 2 || !Convert.TryFromBase64String(parts[1], bytes, out var count)
            || count != algorithm.SizeBytes)
        {
            return new Problem(
                ProblemType.InvalidDigest, $"{ChecksumField} cannot be read: sha1, md5, sha256 or sha512 and base64 are wanted.");
        }

        digests = digests.With(algorithm, bytes[..count])!;
        return null;
    }
}
