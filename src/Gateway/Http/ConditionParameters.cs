using Gateway.Operations.Document;
using Microsoft.AspNetCore.Mvc;

namespace Gateway.Http;

/// <summary>What any request about a resource may depend on, as <see cref="Preconditions"/> reads it.</summary>
internal delegate void ConditionParameters(
    [FromHeader(Name = "If-Match"), Meaning("Only if the resource is at one of these versions; * for any.", MeaningAttribute.EntityTag)]
    string? ifMatch,
    [FromHeader(Name = "If-Unmodified-Since")]
    [Meaning("Only if the resource has not been changed since; passed over beside If-Match.", MeaningAttribute.Date)]
    string? ifUnmodifiedSince,
    [FromHeader(Name = "If-None-Match")]
    [Meaning("Only if the resource is at none of these versions; * for only if there is none.", MeaningAttribute.EntityTag)]
    string? ifNoneMatch);
