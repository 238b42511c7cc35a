using Gateway.Operations.Document;
using Microsoft.AspNetCore.Mvc;

namespace Gateway.Resources;

/// <summary>What GET and HEAD of a resource may be asked with, as <see cref="ResourceReading"/> reads it.</summary>
internal delegate void ReadParameters(
    [FromQuery(Name = "filename"), Meaning("A file name to offer instead of the stored one.", "holiday.mp4")]
    string? fileName,
    [FromQuery(Name = "download"), Meaning("1: a browser is to save rather than show.", "1")]
    string? download,
    [FromHeader(Name = "Cache-Control"), Meaning("no-cache: from the rain though it is here; only-if-cached: only from here.", "no-cache")]
    string? cacheControl,
    [FromHeader(Name = "If-Modified-Since")]
    [Meaning("Only if the resource has been changed since; passed over beside If-None-Match.", MeaningAttribute.Date)]
    string? ifModifiedSince);
