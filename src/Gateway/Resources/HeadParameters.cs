using Gateway.Operations.Document;
using Microsoft.AspNetCore.Mvc;

namespace Gateway.Resources;

/// <summary>What the header fields of a download may be asked with: HEAD knows no ranges (RFC 9110 §14.2).</summary>
internal delegate void HeadParameters(
    [FromQuery(Name = "filename"), Meaning("A file name to offer instead of the stored one.", "holiday.mp4")] string? fileName,
    [FromQuery(Name = "download"), Meaning("1: a browser is to save rather than show.", "1")] string? download,
    [FromHeader(Name = "If-Match"), Meaning("Only if the resource is at one of these versions; * for any.", MeaningAttribute.EntityTag)] string? ifMatch,
    [FromHeader(Name = "If-None-Match")]
    [Meaning("Only if the resource is at none of these versions; * for only if there is none.", MeaningAttribute.EntityTag)]
    string? ifNoneMatch,
    [FromHeader(Name = "Cache-Control"), Meaning("no-cache: from the rain though it is here; only-if-cached: only from here.", "no-cache")]
    string? cacheControl,
    [FromHeader(Name = "Want-Repr-Digest"), Meaning("Digests to send along, by preference.", "sha-256=1")] string? wantReprDigest);
