using MurkyWaters.Uploading;

namespace Gateway.Uploads;

/// <summary>An upload in several requests as the API tells of it.</summary>
/// <param name="Token">The last part of its path.</param>
/// <param name="Offset">Bytes that came.</param>
/// <param name="Length">Bytes of the whole, once they were said.</param>
/// <param name="Complete">Whether it has become a resource.</param>
/// <param name="Resource">Its id; null as long as that is to come from the content.</param>
/// <param name="Expires">When it goes unless somebody works at it.</param>
/// <example>
/// {
/// "token": "Jt3vN0qkS1mZ8yB4", "offset": 16777216, "length": 50000000, "complete": false, "resource": "42",
/// "expires": "2026-11-22T06:10:07.642+00:00"
/// }
/// </example>
internal sealed record UploadView(string Token, long Offset, long? Length, bool Complete, string? Resource, DateTimeOffset Expires)
{
    public static UploadView Of(PendingUpload upload) =>
        new(upload.Token, upload.Offset, upload.Length, upload.IsComplete, upload.Resource?.ToString(), upload.Expires);
}
