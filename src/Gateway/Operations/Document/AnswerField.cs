namespace Gateway.Operations.Document;

/// <summary>A header field of answers.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Meaning">What it says.</param>
/// <param name="Example">What it may look like.</param>
internal sealed record AnswerField(string Name, string Meaning, string Example)
{
    public static readonly AnswerField EntityTag = new("ETag", "The version, a strong entity tag.", MeaningAttribute.EntityTag);
    public static readonly AnswerField Location = new("Location", "The path of what was made.", "/resources/42");
    public static readonly AnswerField ContentRange =
        new("Content-Range", "Which part of how many bytes this is.", "bytes 0-99/50000000");
    public static readonly AnswerField AcceptRanges = new("Accept-Ranges", "Ranges are understood.", "bytes");
    public static readonly AnswerField LastModified =
        new("Last-Modified", "When this version was made.", "Sat, 21 Nov 2026 06:10:07 GMT");
    public static readonly AnswerField ReprDigest =
        new("Repr-Digest", "The digest of the whole resource (RFC 9530).", MeaningAttribute.Digest);
    public static readonly AnswerField CacheStatus =
        new("Cache-Status", "Whether it was here or had to rain (RFC 9211).", "rain; fwd=miss; stored");
    public static readonly AnswerField ServerTiming = new(
        "Server-Timing",
        "Whether it was here, and milliseconds until the first byte: discover, until the resource was known; first-droplet, since its fetch "
        + "began; decode, until the first bytes were verified; verify, spent on the digests of what had come by then.",
        "cache;desc=miss, discover;dur=1.2, first-droplet;dur=0.9, decode;dur=7.5, verify;dur=0.6");
    public static readonly AnswerField RetryAfter = new("Retry-After", "Seconds to wait before trying again.", "1");
    public static readonly AnswerField Challenge = new("WWW-Authenticate", "How to show a key.", "Bearer realm=\"Pouring Rain\"");
}
