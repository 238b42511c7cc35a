using System.ComponentModel.DataAnnotations;
using Gateway.Operations.Document;
using Microsoft.AspNetCore.Mvc;

namespace Gateway.Resources;

/// <summary>What an upload may say of itself, as <see cref="UploadRequest"/>, <see cref="Http.Preconditions"/> and
/// <see cref="Uploads.UploadFields"/> read it.</summary>
internal delegate void UploadParameters(
    [FromQuery(Name = "code"), AllowedValues("raptorq", "lt")]
    [Meaning("The erasure code, raptorq or lt; the setting Rain:Code by default.", "raptorq")]
    string? code,
    [FromQuery(Name = "replicas"), Range(1, UploadRequest.ReplicasMax)]
    [Meaning("Nodes that are to hold it before the answer, this one included; 1 by default.", 3)]
    int? replicas,
    [FromHeader(Name = "If-Match"), Meaning("Only if the resource is at one of these versions; * for any.", MeaningAttribute.EntityTag)] string? ifMatch,
    [FromHeader(Name = "If-None-Match")]
    [Meaning("Only if the resource is at none of these versions; * for only if there is none.", MeaningAttribute.EntityTag)]
    string? ifNoneMatch,
    [FromHeader(Name = "Content-Disposition")]
    [Meaning("The file name, as in attachment; filename=\"photo.jpg\".", "attachment; filename=\"photo.jpg\"")]
    string? contentDisposition,
    [FromHeader(Name = "Content-Digest")]
    [Meaning("The digest of the body; when the bytes have another, 400 and nothing is stored.", MeaningAttribute.Digest)]
    string? contentDigest,
    [FromHeader(Name = "Repr-Digest"), Meaning("The digest of the whole resource.", MeaningAttribute.Digest)] string? reprDigest,
    [FromHeader(Name = "Upload-Complete")]
    [Meaning("?0: the body, which may be empty, is not the end; PATCH of the upload's path goes on. ?1: it is.", "?0")]
    string? uploadComplete,
    [FromHeader(Name = "Upload-Length"), Range(0, long.MaxValue), Meaning("Bytes of the whole, where the body is but a part.", 50000000)]
    long? uploadLength);
