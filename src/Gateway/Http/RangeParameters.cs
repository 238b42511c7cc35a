using Gateway.Operations.Document;
using Microsoft.AspNetCore.Mvc;

namespace Gateway.Http;

/// <summary>The part that a GET may ask for, as <see cref="RangeHeader"/> reads it; HEAD knows no ranges (RFC 9110 §14.2).</summary>
internal delegate void RangeParameters(
    [FromHeader(Name = "Range"), Meaning("Only a part: bytes=0-99, bytes=100-, bytes=-100, or several with commas.", "bytes=0-99")]
    string? range,
    [FromHeader(Name = "If-Range")]
    [Meaning("Only with Range: the whole is sent unless the resource is at this version.", MeaningAttribute.EntityTag)]
    string? ifRange);
