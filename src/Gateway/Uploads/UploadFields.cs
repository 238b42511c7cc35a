using System.Globalization;
using Gateway.Configuration;
using Gateway.Hosting;
using Gateway.Http;
using MurkyWaters;
using MurkyWaters.Uploading;

namespace Gateway.Uploads;

/// <summary>The fields of resumable uploads (draft-ietf-httpbis-resumable-upload §4) in a request.</summary>
/// <param name="IsComplete">Whether the request brings the last byte; null for a plain upload.</param>
/// <param name="Offset">Where its body begins in the whole.</param>
/// <param name="Length">Bytes of the whole.</param>
internal sealed record UploadFields(bool? IsComplete, long? Offset, long? Length)
{
    /// <summary>The media type of a PATCH.</summary>
    public const string PartialUpload = "application/partial-upload";

    /// <summary>The first interoperability version (draft -05) whose PATCH has its own media type, and
    /// whose fields have stayed the same since.</summary>
    private const long InteropVersionMin = 6;

    private const string IncompleteField = "Upload-Incomplete", InteropField = "Upload-Draft-Interop-Version";

    private const string OffsetField =
        "Upload-Offset", CompleteField = "Upload-Complete", LengthField = "Upload-Length", LimitField = "Upload-Limit";

    /// <summary>Reads them; the problem when one is malformed.</summary>
    public static Problem? TryRead(IHeaderDictionary headers, out UploadFields fields)
    {
        fields = new UploadFields(null, null, null);
        if (!StructuredFields.TryReadInteger(headers[InteropField], out var interop) || interop < InteropVersionMin
            || headers[IncompleteField].Count > 0)
        {
            // What an earlier draft begins would fail at its PATCH, or be taken for the whole.
            return new Problem(
                ProblemType.UploadProtocol,
                $"Resumable uploads are taken as draft-ietf-httpbis-resumable-upload-05 and later have them ({InteropField}: "
                + $"{InteropVersionMin} or more).");
        }

        if (!StructuredFields.TryReadBoolean(headers[CompleteField], out var isComplete))
        {
            return new Problem(ProblemType.InvalidParameter, $"{CompleteField}: {headers[CompleteField]} is wrong: ?0 or ?1 is wanted.");
        }

        if (!StructuredFields.TryReadInteger(headers[OffsetField], out var offset) || offset < 0)
        {
            return new Problem(
                ProblemType.InvalidParameter, $"{OffsetField}: {headers[OffsetField]} is wrong: a whole number from 0 is wanted.");
        }

        if (!StructuredFields.TryReadInteger(headers[LengthField], out var length) || length < 0)
        {
            return new Problem(
                ProblemType.InvalidParameter, $"{LengthField}: {headers[LengthField]} is wrong: a whole number from 0 is wanted.");
        }

        fields = new UploadFields(isComplete, offset, length);
        return null;
    }

    /// <summary>Whether a part ends where the whole does: then it brings the last byte, whatever it says of itself. There are clients that
    /// say <c>?0</c> of their last part because they have not looked whether more follows.</summary>
    public bool IsRest(PendingUpload upload) => IsComplete == true || upload.Offset == upload.Length;

    /// <summary>Tells where an upload stands.</summary>
    public static void Add(IHeaderDictionary headers, PendingUpload upload, MurkyNode node, GatewayOptions limits)
    {
        headers[OffsetField] = upload.Offset.ToString(CultureInfo.InvariantCulture);
        AddComplete(headers, upload.IsComplete);
        if (upload.Length is { } length)
        {
            headers[LengthField] = length.ToString(CultureInfo.InvariantCulture);
        }

        AddLimits(headers, node, limits);
    }

    /// <summary>Tells that an upload was complete with its first request.</summary>
    public static void AddWhole(IHeaderDictionary headers, long length)
    {
        headers[OffsetField] = length.ToString(CultureInfo.InvariantCulture);
        AddComplete(headers, isComplete: true);
    }

    /// <summary>Whether a media type is that of a part of an upload.</summary>
    public static bool IsPart(string? contentType) =>
        string.Equals(contentType?.Split(';')[0].Trim(), PartialUpload, StringComparison.OrdinalIgnoreCase);

    /// <summary>Tells the limits before anything is sent (§4.1.4), in an answer to OPTIONS of what takes uploads.</summary>
    public static void AddToOptions(HttpContext http)
    {
        var isUpload = http.Request.Path.StartsWithSegments("/uploads");
        if (isUpload || http.Request.Path.StartsWithSegments("/resources") || http.Request.Path.StartsWithSegments("/files"))
        {
            var services = http.RequestServices;
            TusProtocol.AddToOptions(http.Response.Headers, services.GetRequiredService<GatewaySettings>().Gateway);
            if (services.GetRequiredService<NodeHost>() is { IsOpen: true } host)
            {
                AddLimits(http.Response.Headers, host.Node, services.GetRequiredService<GatewaySettings>().Gateway);
            }

            if (isUpload)
            {
                http.Response.Headers["Accept-Patch"] = $"{PartialUpload}, {TusProtocol.OffsetStream}";
            }
        }
    }

    private static void AddComplete(IHeaderDictionary headers, bool isComplete) => headers[CompleteField] = isComplete ? "?1" : "?0";

    /// <summary>The lifetime is the node's, which keeps the one that it was started with whatever the settings say since.</summary>
    private static void AddLimits(IHeaderDictionary headers, MurkyNode node, GatewayOptions limits)
    {
        var age = ((long)node.PendingUploadLimits.Lifetime.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        headers[LimitField] = limits.MaxBodyBytes > 0
            ? string.Create(CultureInfo.InvariantCulture, $"max-size={limits.MaxBodyBytes}, max-age={age}")
            : $"max-age={age}";
    }
}
