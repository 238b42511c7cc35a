using System.ComponentModel.DataAnnotations;
using Gateway.Operations.Document;
using Microsoft.AspNetCore.Mvc;

namespace Gateway.Uploads;

/// <summary>What a part of an upload says of itself, as <see cref="UploadFields"/> reads it.</summary>
internal delegate void PartParameters(
    [FromHeader(Name = "Upload-Offset"), Range(0, long.MaxValue)]
    [Meaning("Where the body begins in the whole; 409 unless the upload stands there.", 0)]
    long uploadOffset,
    [FromHeader(Name = "Upload-Complete")]
    [Meaning("?0: the body, which may be empty, is not the end; PATCH of the upload's path goes on. ?1: it is.", "?0")]
    string uploadComplete,
    [FromHeader(Name = "Upload-Length"), Range(0, long.MaxValue), Meaning("Bytes of the whole, where the body is but a part.", 50000000)]
    long? uploadLength,
    [FromHeader(Name = "Content-Digest")]
    [Meaning("The digest of the body; when the bytes have another, 400 and nothing is stored.", MeaningAttribute.Digest)]
    string? contentDigest,
    [FromHeader(Name = "Repr-Digest"), Meaning("The digest of the whole resource.", MeaningAttribute.Digest)] string? reprDigest);
