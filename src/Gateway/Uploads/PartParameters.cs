using System.ComponentModel.DataAnnotations;
using Gateway.Http;
using Gateway.Operations.Document;
using Microsoft.AspNetCore.Mvc;

namespace Gateway.Uploads;

/// <summary>What a part of an upload says of itself, as <see cref="UploadFields"/> reads it.</summary>
internal delegate void PartParameters(
    [FromHeader(Name = "Upload-Offset"), Range(0, StructuredFields.IntegerMax)]
    [Meaning("Where the body begins in the whole; 409 unless the upload stands there.", 0)]
    long uploadOffset,
    [FromHeader(Name = "Upload-Complete")]
    [Meaning("?0: the body, which may be empty, is not the end; PATCH of the upload's path goes on. ?1: it is.", "?0")]
    string uploadComplete,
    [FromHeader(Name = "Upload-Length"), Range(0, StructuredFields.IntegerMax)]
    [Meaning("Bytes of the whole, where the body is but a part.", 50000000)]
    long? uploadLength);
