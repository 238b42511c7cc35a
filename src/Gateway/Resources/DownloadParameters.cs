using Gateway.Operations.Document;
using Microsoft.AspNetCore.Mvc;

namespace Gateway.Resources;

/// <summary>What a download may be asked with, as <see cref="ResourceReading"/> reads it.</summary>
internal delegate void DownloadParameters(
    [FromQuery(Name = "filename"), Meaning("A file name to offer instead of the stored one.", "holiday.mp4")] string? fileName,
    [FromQuery(Name = "download"), Meaning("1: a browser is to save rather than show.", "1")] string? download,
    [FromHeader(Name = "Range"), Meaning("Only a part: bytes=0-99, bytes=100-, bytes=-100, or several with commas.", "bytes=0-99")] string? range,
    [FromHeader(Name = "If-Range"), Meaning("Only with Range: the whole is sent unless the resource is at this version.", MeaningAttribute.EntityTag)]
    string? ifRange,
    [FromHeader(Name = "If-Match"), Meaning("Only if the resource is at one of these versions; * for any.", MeaningAttribute.EntityTag)] string? ifMatch,
    [FromHeader(Name = "If-None-Match")]
    [Meaning("Only if the resource is at none of these versions; * for only if there is none.", MeaningAttribute.EntityTag)]
    string? ifNoneMatch,
    [FromHeader(Name = "Cache-Control"), Meaning("no-cache: from the rain though it is here; only-if-cached: only from here.", "no-cache")]
    string? cacheControl,
    [FromHeader(Name = "Want-Repr-Digest"), Meaning("Digests to send along, by preference.", "sha-256=1")] string? wantReprDigest);
