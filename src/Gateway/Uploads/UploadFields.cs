using System.Globalization;
using Gateway.Configuration;
using Gateway.Http;
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

    private const string OffsetField = "Upload-Offset", CompleteField = "Upload-Complete", LengthField = "Upload-Length", LimitField = "Upload-Limit";

    /// <summary>Reads them; the problem when one is malformed.</summary>
    public static Problem? TryRead(IHeaderDictionary headers, out UploadFields fields)
    {
        fields = new UploadFields(null, null, null);
        if (!StructuredFields.TryReadBoolean(headers[CompleteField], out var isComplete))
        {
            return new Problem(ProblemType.InvalidParameter, $"{CompleteField}: {headers[CompleteField]} is wrong: ?0 or ?1 is wanted.");
        }

        if (!StructuredFields.TryReadInteger(headers[OffsetField], out var offset) || offset < 0)
        {
            return new Problem(ProblemType.InvalidParameter, $"{OffsetField}: {headers[OffsetField]} is wrong: a whole number from 0 is wanted.");
        }

        if (!StructuredFields.TryReadInteger(headers[LengthField], out var length) || length < 0)
        {
            return new Problem(ProblemType.InvalidParameter, $"{LengthField}: {headers[LengthField]} is wrong: a whole number from 0 is wanted.");
        }

        fields = new UploadFields(isComplete, offset, length);
        return null;
    }

    /// <summary>Tells where an upload stands.</summary>
    public static void Add(IHeaderDictionary headers, PendingUpload upload, GatewayOptions limits)
    {
        headers[OffsetField] = upload.Offset.ToString(CultureInfo.InvariantCulture);
        AddComplete(headers, upload.IsComplete);
        if (upload.Length is { } length)
        {
            headers[LengthField] = length.ToString(CultureInfo.InvariantCulture);
        }

        AddLimits(headers, limits);
    }

    /// <summary>Tells whether the upload is complete.</summary>
    public static void AddComplete(IHeaderDictionary headers, bool isComplete) => headers[CompleteField] = isComplete ? "?1" : "?0";

    /// <summary>Tells the limits before anything is sent (§4.1.4), in an answer to OPTIONS of what takes uploads.</summary>
    public static void AddToOptions(HttpContext http)
    {
        var isUpload = http.Request.Path.StartsWithSegments("/uploads");
        if (isUpload || http.Request.Path.StartsWithSegments("/resources"))
        {
            AddLimits(http.Response.Headers, http.RequestServices.GetRequiredService<GatewaySettings>().Gateway);
            if (isUpload)
            {
                http.Response.Headers["Accept-Patch"] = PartialUpload;
            }
        }
    }

    private static void AddLimits(IHeaderDictionary headers, GatewayOptions limits)
    {
        var age = ((long)limits.PendingUploadLifetime.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        headers[LimitField] = limits.MaxBodyBytes > 0
            ? string.Create(CultureInfo.InvariantCulture, $"max-size={limits.MaxBodyBytes}, max-age={age}")
            : $"max-age={age}";
    }
}
