using System.Security.Cryptography;
using Gateway.Configuration;
using Gateway.Hosting;
using Gateway.Http;
using Gateway.Operations.Document;
using Gateway.Resources;
using Microsoft.AspNetCore.Http.HttpResults;
using MurkyWaters;
using MurkyWaters.Uploading;
using PouringRain.Protocol;

namespace Gateway.Uploads;

/// <summary>
/// Uploads in several requests (draft-ietf-httpbis-resumable-upload without its interim responses):
/// 1. PUT or POST with <c>Upload-Complete: ?0</c> creates one, with what came of the body;
/// 2. PATCH appends at the offset that HEAD tells;
/// 3. the PATCH with <c>Upload-Complete: ?1</c> commits, and answers as the PUT would have done.
/// </summary>
internal static class UploadHandling
{
    /// <summary>Creates an upload; the request was checked as any upload is.</summary>
    public static async Task<IResult> CreateAsync(HttpContext http, MurkyNode node, GatewaySettings settings, UploadRequest request, UploadNote note)
    {
        var limits = settings.Gateway;
        if (!DigestFields.TryReadPart(http.Request.Headers, out var digest, out _))
        {
            return InvalidDigest();
        }

        var options = new UploadOptions
        {
            Id = request.Id,
            Length = request.WholeLength,
            ContentType = request.ContentType,
            FileName = request.FileName,
            Code = request.Code,
            ExpectedSha256 = request.Sha256,
        };
        if (node.TryBeginPendingUpload(options, note.Write()) is not { } upload)
        {
            return new Problem(ProblemType.Overloaded, $"{limits.PendingUploadCountMax} uploads are under way (Gateway:MaxPendingUploads).");
        }

        if (request.Length != 0 && await upload.EnterAsync(http.RequestAborted) is { } turn)
        {
            var isKept = false;
            await using (turn)
            {
                try
                {
                    if (await AppendBodyAsync(http, upload, turn, limits, digest) is { } mistake)
                    {
                        return mistake;
                    }

                    isKept = true;
                }
                finally
                {
                    if (!isKept)
                    {
                        // Nobody was told of it, so nobody will go on with it.
                        await turn.CancelAsync();
                    }
                }
            }
        }

        http.Response.Headers.Location = $"/uploads/{upload.Token}";
        http.Response.Headers.CacheControl = "no-store";
        UploadFields.Add(http.Response.Headers, upload, limits);
        return TypedResults.Json(UploadView.Of(upload), statusCode: StatusCodes.Status201Created);
    }

    /// <summary>Shows where an upload stands</summary>
    /// <remarks>A PATCH that is under way is ended: its client is thought to be gone.</remarks>
    /// <response code="200">Where it stands.</response>
    public static async Task<Results<Ok<UploadView>, Problem>> ShowAsync(
        HttpContext http, NodeHost host, GatewaySettings settings,
        [Meaning("The last part of the Location that the upload's beginning was answered with.", "Jt3vN0qkS1mZ8yB4")] string token) =>
        await SettleAsync(http, host, settings, token) is { } upload ? TypedResults.Ok(UploadView.Of(upload)) : NotFound();

    /// <summary>Shows where an upload stands: the header fields alone</summary>
    /// <remarks>A PATCH that is under way is ended: its client is thought to be gone.</remarks>
    /// <response code="204">Where it stands.</response>
    public static async Task<Results<NoContent, Problem>> ShowHeadAsync(
        HttpContext http, NodeHost host, GatewaySettings settings,
        [Meaning("The last part of the Location that the upload's beginning was answered with.", "Jt3vN0qkS1mZ8yB4")] string token) =>
        await SettleAsync(http, host, settings, token) is not null ? TypedResults.NoContent() : NotFound();

    /// <summary>Cancels an upload</summary>
    /// <remarks>What came is removed.</remarks>
    /// <response code="204">It is gone.</response>
    public static async Task<Results<NoContent, Problem>> CancelAsync(
        HttpContext http, NodeHost host,
        [Meaning("The last part of the Location that the upload's beginning was answered with.", "Jt3vN0qkS1mZ8yB4")] string token)
    {
        if (host.Node.FindPendingUpload(token) is not { } upload || await upload.EnterAsync(http.RequestAborted) is not { } turn)
        {
            return NotFound();
        }

        await using (turn)
        {
            await turn.CancelAsync();
        }

        return TypedResults.NoContent();
    }

    /// <summary>Sends more of an upload</summary>
    /// <remarks>
    /// With Upload-Complete: ?0 the answer is 204; with ?1 it is that of the PUT or POST which began the upload. Whatever arrived before a
    /// connection broke is kept.
    /// </remarks>
    /// <response code="200">It replaced another version, or the same bytes were here already.</response>
    /// <response code="201">It is new, is kept, and rains.</response>
    /// <response code="202">
    /// It is kept here, but fewer nodes than ?replicas= held it within Gateway:ReplicaSeconds; replicas says how many.
    /// </response>
    /// <response code="204">What came is kept; more may follow.</response>
    public static async Task<IResult> AppendAsync(
        HttpContext http, NodeHost host, GatewaySettings settings,
        [Meaning("The last part of the Location that the upload's beginning was answered with.", "Jt3vN0qkS1mZ8yB4")] string token)
    {
        var node = host.Node;
        if (node.FindPendingUpload(token) is not { } upload)
        {
            return NotFound();
        }

        if (TryReadAppend(http, out var fields, out var part, out var whole) is { } mistake)
        {
            return mistake;
        }

        if (await upload.EnterAsync(http.RequestAborted) is not { } turn)
        {
            return NotFound();
        }

        UploadResult? result = null;
        Problem? problem;
        try
        {
            await using (turn)
            {
                problem = CheckAppend(http, upload, turn, settings, fields) ?? await AppendBodyAsync(http, upload, turn, settings.Gateway, part);
                if (problem is null && fields.IsComplete == true)
                {
                    if (upload.Length is { } length && length != upload.Offset)
                    {
                        problem = new Problem(ProblemType.InconsistentUploadLength, $"{upload.Offset} bytes came of {length}.");
                    }
                    else
                    {
                        result = await turn.CommitAsync(whole, UploadNote.Read(upload.Note).ToPrecondition(), http.RequestAborted);
                    }
                }
            }
        }
        catch (StoreFullException e)
        {
            problem = new Problem(ProblemType.StoreFull, e.Message);
        }

        if (node.FindPendingUpload(token) is not null)
        {
            UploadFields.Add(http.Response.Headers, upload, settings.Gateway);
        }

        if (problem is not null)
        {
            return problem;
        }

        if (result is null)
        {
            return TypedResults.NoContent();
        }

        var note = UploadNote.Read(upload.Note);
        return await ResourceWriting.AnswerAsync(http, node, settings.Gateway, result, note.Replicas, note.IsClassic);
    }

    /// <summary>An upload that nobody is adding to any more, told of in the answer's fields; null when there is none.</summary>
    private static async Task<PendingUpload?> SettleAsync(HttpContext http, NodeHost host, GatewaySettings settings, string token)
    {
        if (host.Node.FindPendingUpload(token) is not { } upload || await upload.EnterAsync(http.RequestAborted) is not { } turn)
        {
            return null;
        }

        // Ended before the answer, so that what it tells is on the disk.
        await turn.DisposeAsync();
        http.Response.Headers.CacheControl = "no-store";
        UploadFields.Add(http.Response.Headers, upload, settings.Gateway);
        return upload;
    }

    /// <summary>What a PATCH says of itself.</summary>
    private static Problem? TryReadAppend(HttpContext http, out UploadFields fields, out Sha256Digest? part, out Sha256Digest? whole)
    {
        part = whole = null;
        var headers = http.Request.Headers;
        if (UploadFields.TryRead(headers, out fields) is { } malformed)
        {
            return malformed;
        }

        var type = http.Request.ContentType?.Split(';')[0].Trim();
        if (!string.Equals(type, UploadFields.PartialUpload, StringComparison.OrdinalIgnoreCase))
        {
            http.Response.Headers["Accept-Patch"] = UploadFields.PartialUpload;
            return new Problem(ProblemType.UnsupportedMedia, $"Content-Type: {UploadFields.PartialUpload} is wanted.");
        }

        if (UploadRequest.FindCoding(http) is { } coded)
        {
            return coded;
        }

        if (fields.IsComplete is null || fields.Offset is null)
        {
            return new Problem(ProblemType.InvalidParameter, "Upload-Offset and Upload-Complete are wanted.");
        }

        return DigestFields.TryReadPart(headers, out part, out whole) ? null : InvalidDigest();
    }

    /// <summary>What can be wrong with a PATCH before its body is asked for, in view of where the upload stands.</summary>
    private static Problem? CheckAppend(
        HttpContext http, PendingUpload upload, UploadTurn turn, GatewaySettings settings, UploadFields fields)
    {
        if (upload.IsComplete)
        {
            return new Problem(ProblemType.CompletedUpload, $"The upload has become resource {upload.Resource}.");
        }

        if (fields.Offset != upload.Offset)
        {
            return Problem.OfOffset(upload.Offset, fields.Offset!.Value);
        }

        // §4.1.3: the length is said by its field, or by the body's when that is the rest.
        var body = http.Request.ContentLength;
        var end = fields.IsComplete == true && body is { } rest ? fields.Offset + rest : null;
        var length = upload.Length ?? fields.Length ?? end;
        if ((fields.Length is { } said && said != length) || (end is not null && end != length) || fields.Offset + body > length)
        {
            return new Problem(ProblemType.InconsistentUploadLength, $"The whole was said to have {length} bytes.");
        }

        if (UploadRequest.FindTooLarge(length ?? (fields.Offset + body) ?? 0, settings) is { } tooLarge)
        {
            return tooLarge;
        }

        if (upload.Length is null && length is { } now)
        {
            turn.SetLength(now);
        }

        return null;
    }

    /// <summary>Appends the body. What came before it broke stays; what had another digest than announced, or was too much, does not.</summary>
    private static async Task<Problem?> AppendBodyAsync(
        HttpContext http, PendingUpload upload, UploadTurn turn, GatewayOptions limits, Sha256Digest? digest)
    {
        var began = upload.Offset;
        var bytesMax = Math.Min(upload.Length ?? long.MaxValue, limits.MaxBodyBytes > 0 ? limits.MaxBodyBytes : long.MaxValue) - began;
        using var hash = digest is null ? null : IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        try
        {
            var isWhole = await UploadBody.TryCopyAsync(http, WriteAsync, bytesMax, turn.TakenOver);
            if (!isWhole)
            {
                await turn.RewindAsync(began);

                // What is left of the body is of no use to anybody.
                http.Response.Headers.Connection = "close";
                return began + bytesMax == upload.Length
                    ? new Problem(ProblemType.InconsistentUploadLength, $"The whole was said to have {upload.Length} bytes.")
                    : UploadRequest.TooLarge(limits);
            }
        }
        catch (OperationCanceledException) when (turn.TakenOver.IsCancellationRequested && !http.RequestAborted.IsCancellationRequested)
        {
            http.Response.Headers.Connection = "close";
            return new Problem(ProblemType.Conflict, "Another request has taken the upload over. What came is kept.");
        }
        catch (BadHttpRequestException e)
        {
            return Problem.OfBadRequest(e);
        }
        catch (Exception e) when (e is IOException and not StoreFullException || e is OperationCanceledException)
        {
            // The client has gone, and will ask where the upload stands when it is back.
            return new Problem(ProblemType.IncompleteBody, "The connection broke. What came is kept.");
        }

        if (digest is not null && Sha256Digest.Read(hash!.GetHashAndReset()) != digest)
        {
            await turn.RewindAsync(began);
            return new Problem(ProblemType.DigestMismatch, "The bytes that came in this request are not those announced. They were not kept.");
        }

        return null;

        ValueTask WriteAsync(ReadOnlyMemory<byte> bytes)
        {
            hash?.AppendData(bytes.Span);
            return turn.WriteAsync(bytes, CancellationToken.None);
        }
    }

    private static Problem NotFound() =>
        new(ProblemType.NotFound, "There is no such upload: it was cancelled, has expired, or was never there.");

    private static Problem InvalidDigest() =>
        new(ProblemType.InvalidDigest, "Content-Digest and Repr-Digest look like sha-256=:(base64 of 32 bytes):.");
}
