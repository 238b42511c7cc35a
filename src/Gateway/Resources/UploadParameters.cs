using System.ComponentModel.DataAnnotations;
using Gateway.Http;
using Gateway.Operations.Document;
using Gateway.Uploads;
using Microsoft.AspNetCore.Mvc;

namespace Gateway.Resources;

/// <summary>What an upload may say of itself, as <see cref="UploadRequest"/> and <see cref="UploadFields"/> read it.</summary>
internal delegate void UploadParameters(
    [FromQuery(Name = "code"), AllowedValues("raptorq", "lt")]
    [Meaning("The erasure code, raptorq or lt; the setting Rain:Code by default.", "raptorq")]
    string? code,
    [FromQuery(Name = "layout"), AllowedValues("parts")]
    [Meaning("parts: kept in 11 parts, twice each, on 16 nodes, where a chain of them can encode it. Whole copies by default.", "parts")]
    string? layout,
    [FromHeader(Name = "Content-Disposition")]
    [Meaning(
        "The file name, and whether a browser is to save rather than show, as in attachment; filename=\"photo.jpg\".",
        "attachment; filename=\"photo.jpg\"")]
    string? contentDisposition,
    [FromHeader(Name = "Upload-Complete")]
    [Meaning(
        "?0: the body, which may be empty, is not the end; PATCH of the upload's path goes on. ?1: it is, as is what reaches "
        + "Upload-Length.", "?0")]
    string? uploadComplete,
    [FromHeader(Name = "Upload-Length"), Range(0, StructuredFields.IntegerMax)]
    [Meaning("Bytes of the whole, where the body is but a part.", 50000000)]
    long? uploadLength);
