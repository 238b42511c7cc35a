namespace Gateway.Operations.Document;

/// <summary>A header field of answers.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Meaning">What it says.</param>
/// <param name="Example">What it may look like; a number where it is always one.</param>
internal sealed record AnswerField(string Name, string Meaning, object Example)
{
    public static readonly AnswerField EntityTag = new("ETag", "The version, a strong entity tag.", MeaningAttribute.EntityTag);
    public static readonly AnswerField Location = new("Location", "The path of what was made.", "/resources/42");
    public static readonly AnswerField JobLink = new(
        "Link", "With ?layout=parts: the job that cuts it.", "</archive/9f86d081884c7d65>; rel=\"monitor\"");
    public static readonly AnswerField ContentRange =
        new("Content-Range", "Which part of how many bytes this is.", "bytes 0-99/50000000");
    public static readonly AnswerField AcceptRanges = new("Accept-Ranges", "Ranges are understood.", "bytes");
    public static readonly AnswerField LastModified =
        new("Last-Modified", "When this version was made.", MeaningAttribute.Date);
    public static readonly AnswerField ReprDigest =
        new("Repr-Digest", "The digest of the whole resource (RFC 9530).", MeaningAttribute.Digest);
    public static readonly AnswerField LegacyDigest =
        new("Digest", "The same as RFC 3230 has it, when Want-Digest asks for it.", "SHA-256=n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=");
    public static readonly AnswerField CacheStatus =
        new("Cache-Status", "Whether it was here or had to rain (RFC 9211).", "rain; fwd=miss; stored");
    public static readonly AnswerField ServerTiming = new(
        "Server-Timing",
        "Whether it was here, and milliseconds until the first byte: discover, until the resource was known; first-droplet, since its "
        + "fetch "
        + "began; decode, until the first bytes were verified; verify, spent on the digests of what had come by then.",
        "cache;desc=miss, discover;dur=1.2, first-droplet;dur=0.9, decode;dur=7.5, verify;dur=0.6");
    public static readonly AnswerField Disposition = new(
        "Content-Disposition", "The file name, and whether a browser is to save or show.", "inline; filename=\"holiday.mp4\"");
    public static readonly AnswerField CacheControl =
        new("Cache-Control", "A kept copy is to be asked about before it is used: the id may get other bytes.", "no-cache");
    public static readonly AnswerField UploadOffset =
        new("Upload-Offset", "Bytes of the upload that are kept: where the next part begins.", 16777216);
    public static readonly AnswerField UploadComplete = new("Upload-Complete", "Whether the upload has become a resource.", "?0");
    public static readonly AnswerField UploadLength = new("Upload-Length", "Bytes of the whole, once they were said.", 50000000);
    public static readonly AnswerField UploadLimit =
        new(
            "Upload-Limit", "Bytes of the whole at most; seconds that the upload outlives its last part.",
            "max-size=1000000, max-age=86400");
    public static readonly AnswerField AcceptEncoding = new("Accept-Encoding", "The content codings taken: none.", "identity");
    public static readonly AnswerField AcceptPatch =
        new("Accept-Patch", "The media type that a part must have.", "application/partial-upload");
    public static readonly AnswerField RetryAfter = new("Retry-After", "Seconds to wait before trying again.", 1);
    public static readonly AnswerField Challenge = new("WWW-Authenticate", "How to show a key.", "Bearer realm=\"Pouring Rain\"");
}
