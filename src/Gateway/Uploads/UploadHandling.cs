using Gateway.Configuration;
using Gateway.Hosting;
using Gateway.Http;
using Gateway.Operations.Document;
using Gateway.Resources;
using Microsoft.AspNetCore.Http.HttpResults;
using MurkyWaters;
using MurkyWaters.Cluster;
using MurkyWaters.Uploading;

namespace Gateway.Uploads;

/// <summary>
/// Uploads in several requests (draft-ietf-httpbis-resumable-upload without its interim responses):
/// 1. PUT or POST with <c>Upload-Complete: ?0</c> creates one, with what came of the body;
/// 2. PATCH appends at the offset that HEAD tells;
/// 3. the PATCH with <c>Upload-Complete: ?1</c>, or the one that reaches
/// <c>Upload-Length</c>, commits, and answers as the PUT would have done.
/// </summary>
internal static class UploadHandling
{
    /// <summary>Creates an upload; the request was checked as any upload is.</summary>
    public static async Task<IResult> CreateAsync(
        HttpContext http, MurkyNode node, GatewaySettings settings, TimeProvider time, UploadRequest request, UploadNote note)
    {
        var limits = settings.Gateway;
        if (node.TryBeginPendingUpload(request.ToOptions(), note.Write(), Access.Clients.NetworkOf(http)) is not { } upload)
        {
            return new Problem(
                ProblemType.Overloaded,
                $"{node.PendingUploadLimits.CountMax} uploads may be under way, half of them of one address (Gateway:MaxPendingUploads).");
        }

        UploadResult? result = null;
        StoreException? failure = null;
        if ((request.Length != 0 || upload.Length == 0) && await upload.EnterAsync(CancellationToken.None) is { } turn)
        {
            var isKept = false;
            await using (turn)
            {
                try
                {
                    if (await AppendBodyAsync(http, upload, turn, settings, request.Part) is { } mistake)
                    {
                        return mistake;
                    }

                    if (upload.Offset == upload.Length)
                    {
                        (var problem, result) = await CommitAsync(node, upload, turn, time, AnnouncedDigests.None);
                        if (problem is not null)
                        {
                            return problem;
                        }
                    }

                    isKept = result is null || upload.IsComplete;
                    if (isKept && result is null)
                    {
                        failure = await turn.SaveAsync();
                        isKept = failure is null;
                    }
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

        if (failure is not null)
        {
            return Problem.OfStore(failure);
        }

        var headers = http.Response.Headers;
        var answer = result is null ? null
            : await ResourceWriting.AnswerAsync(http, node, limits, result, note.Replicas, note.IsInParts, note.IsClassic);
        if (answer is not null && !upload.IsComplete)
        {
            return answer;
        }

        // Where all of it came at once, though the client said that it would not, it goes on with the upload all the same, to be told so.
        headers.Location = $"/uploads/{upload.Token}";
        headers.CacheControl = "no-store";
        UploadFields.Add(headers, upload, node, limits);
        TusProtocol.AddStanding(http, upload);
        return answer ?? TypedResults.Json(UploadView.Of(upload), statusCode: StatusCodes.Status201Created);
    }

    /// <summary>Shows where an upload stands</summary>
    /// <remarks>A PATCH that is under way is ended: its client is thought to be gone.</remarks>
    /// <response code="200">Where it stands.</response>
    public static async Task<Results<Ok<UploadView>, Problem>> ShowAsync(
        HttpContext http, NodeHost host, GatewaySettings settings, TimeProvider time,
        [Meaning("The last part of the Location that the upload's beginning was answered with.", "Jt3vN0qkS1mZ8yB4")] string token)
    {
        var (upload, problem) = await SettleAsync(http, host, settings, time, token);
        return upload is null ? problem! : TypedResults.Ok(UploadView.Of(upload));
    }

    /// <summary>Shows where an upload stands: the header fields alone</summary>
    /// <remarks>A PATCH that is under way is ended: its client is thought to be gone.</remarks>
    /// <response code="204">Where it stands.</response>
    public static async Task<Results<NoContent, Problem>> ShowHeadAsync(
        HttpContext http, NodeHost host, GatewaySettings settings, TimeProvider time,
        [Meaning("The last part of the Location that the upload's beginning was answered with.", "Jt3vN0qkS1mZ8yB4")] string token)
    {
        var (upload, problem) = await SettleAsync(http, host, settings, time, token);
        return upload is null ? problem! : TypedResults.NoContent();
    }

    /// <summary>Cancels an upload</summary>
    /// <remarks>What came is removed.</remarks>
    /// <response code="204">It is gone.</response>
    public static async Task<Results<NoContent, Problem>> CancelAsync(
        NodeHost host,
        [Meaning("The last part of the Location that the upload's beginning was answered with.", "Jt3vN0qkS1mZ8yB4")] string token)
    {
        if (host.Node.FindPendingUpload(token) is not { } upload || await upload.EnterAsync(CancellationToken.None) is not { } turn)
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
    /// With Upload-Complete: ?0 the answer is 204; with ?1, and when Upload-Length is reached, it is that of the PUT or POST which began
    /// the upload. Whatever arrived before a connection broke is kept.
    /// </remarks>
    /// <response code="200">It replaced another version, or the same bytes were here already.</response>
    /// <response code="201">It is new, is kept, and rains.</response>
    /// <response code="202">
    /// It is kept here, but fewer nodes than ?replicas= held it within Gateway:ReplicaSeconds; replicas says how many.
    /// </response>
    /// <response code="204">What came is kept; more may follow.</response>
    public static async Task<IResult> AppendAsync(
        HttpContext http, NodeHost host, GatewaySettings settings, TimeProvider time,
        [Meaning("The last part of the Location that the upload's beginning was answered with.", "Jt3vN0qkS1mZ8yB4")] string token)
    {
        var node = host.Node;
        if (node.FindPendingUpload(token) is not { } upload)
        {
            return NotFound();
        }

        var isTus = TusProtocol.IsSpoken(http.Request);
        var whole = AnnouncedDigests.None;
        if ((isTus
            ? TusProtocol.TryReadAppend(http, out var fields, out var part)
            : TryReadAppend(http, out fields, out part, out whole)) is { } mistake)
        {
            return mistake;
        }

        // What came is kept even if the client does not wait: whoever is at it ends soon, being told that another has come.
        if (await upload.EnterAsync(CancellationToken.None) is not { } turn)
        {
            return NotFound();
        }

        UploadResult? result = null;
        Problem? problem;
        try
        {
            await using (turn)
            {
                if (IsEndOfComplete(http, upload, fields) && upload.Resource is { } made
                    && node.Find(made) is { Manifest.IsDeleted: false } stored)
                {
                    // It was complete when its length was reached; now its client says so too.
                    result = new UploadResult(UploadOutcome.Unchanged, stored);
                    problem = null;
                }
                else
                {
                    problem = CheckAppend(http, upload, turn, settings, fields, whole)
                        ?? await AppendBodyAsync(http, upload, turn, settings, part);
                    if (problem is null && fields.IsRest(upload))
                    {
                        if (upload.Length is { } length && length != upload.Offset)
                        {
                            problem = new Problem(ProblemType.InconsistentUploadLength, $"{upload.Offset} bytes came of {length}.");
                        }
                        else
                        {
                            (problem, result) = await CommitAsync(node, upload, turn, time, whole);
                        }
                    }
                }
            }
        }
        catch (StoreException e)
        {
            problem = Problem.OfStore(e);
        }

        if (result is null && turn.Failure is { } failure)
        {
            // The answer says where the upload stands.
            problem ??= Problem.OfStore(failure);
        }

        if (node.FindPendingUpload(token) is not null)
        {
            UploadFields.Add(http.Response.Headers, upload, node, settings.Gateway);
            TusProtocol.AddStanding(http, upload);
        }

        if (problem is not null)
        {
            return TusProtocol.OfChecksum(problem, isTus ? part : AnnouncedDigests.None);
        }

        if (result is null)
        {
            return TypedResults.NoContent();
        }

        if (isTus)
        {
            return ResourceWriting.ProblemOf(result) ?? (IResult)TypedResults.NoContent();
        }

        var note = UploadNote.Read(upload.Note);
        return await ResourceWriting.AnswerAsync(http, node, settings.Gateway, result, note.Replicas, note.IsInParts, note.IsClassic);
    }

    /// <summary>An upload that nobody is adding to any more, told of in the answer's fields; the problem when there is none.</summary>
    private static async Task<(PendingUpload? Upload, Problem? Problem)> SettleAsync(
        HttpContext http, NodeHost host, GatewaySettings settings, TimeProvider time, string token)
    {
        if (host.Node.FindPendingUpload(token) is not { } upload || await upload.EnterAsync(http.RequestAborted) is not { } turn)
        {
            return (null, NotFound());
        }

        // Ended before the answer, so that what it tells is on the disk.
        await using (turn)
        {
            if (!upload.IsComplete && upload.Offset == upload.Length)
            {
                // All of it came, but the request that brought the end failed: who asks takes the offset for success.
                try
                {
                    if (await CommitAsync(host.Node, upload, turn, time, AnnouncedDigests.None) is ({ } problem, _))
                    {
                        return (null, problem);
                    }
                }
                catch (StoreException e)
                {
                    return (null, Problem.OfStore(e));
                }
            }
        }

        if (host.Node.FindPendingUpload(token) is null)
        {
            return (null, NotFound());
        }

        http.Response.Headers.CacheControl = "no-store";
        UploadFields.Add(http.Response.Headers, upload, host.Node, settings.Gateway);
        TusProtocol.AddStanding(http, upload);
        return (upload, null);
    }

    /// <summary>Makes a whole a resource, whatever its client does meanwhile: the digests that were announced when it began and
    /// now are checked, then the preconditions.</summary>
    private static async Task<(Problem? Problem, UploadResult? Result)> CommitAsync(
        MurkyNode node, PendingUpload upload, UploadTurn turn, TimeProvider time, AnnouncedDigests whole)
    {
        var note = UploadNote.Read(upload.Note);
        if (AnnouncedDigests.Read(note.Digests).With(whole.Others) is not { } others)
        {
            return (DigestFields.Contradiction(), null);
        }

        if (!others.IsEmpty)
        {
            // No hash but the store's own outlives the request and the process that made it.
            using var hashes = BodyHashes.Of(others);
            await turn.ReadBackAsync(bytes => hashes.Append(bytes.Span), CancellationToken.None);
            if (!hashes.Matches(others))
            {
                await turn.CancelAsync();
                return (null, new UploadResult(UploadOutcome.DigestMismatch, null));
            }
        }

        try
        {
            var precondition = note.ToPrecondition(time, node.HasConditionsEverywhere);
            var result = await turn.CommitAsync(whole.Sha256, precondition, CancellationToken.None);
            return !note.IsNamed && result.Outcome == UploadOutcome.PreconditionFailed
                ? (ResourceWriting.Failed(result.Resource), null)
                : (null, result);
        }
        catch (ClusterUnavailableException e)
        {
            // All of it is here, and may be committed later.
            return (Problem.OfCluster(e), null);
        }
    }

    /// <summary>Whether a PATCH says nothing but that an upload is complete which is.</summary>
    private static bool IsEndOfComplete(HttpContext http, PendingUpload upload, UploadFields fields) =>
        upload.IsComplete && fields.IsComplete == true && fields.Offset == upload.Offset && http.Request.ContentLength == 0;

    /// <summary>What a PATCH says of itself.</summary>
    private static Problem? TryReadAppend(HttpContext http, out UploadFields fields, out AnnouncedDigests part, out AnnouncedDigests whole)
    {
        part = whole = AnnouncedDigests.None;
        var headers = http.Request.Headers;
        if (UploadFields.TryRead(headers, out fields) is { } malformed)
        {
            return malformed;
        }

        if (!UploadFields.IsPart(http.Request.ContentType))
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

        return DigestFields.TryReadUpload(headers, out part, out whole);
    }

    /// <summary>What can be wrong with a PATCH before its body is asked for, in view of where the upload stands.</summary>
    private static Problem? CheckAppend(
        HttpContext http, PendingUpload upload, UploadTurn turn, GatewaySettings settings, UploadFields fields, AnnouncedDigests whole)
    {
        if (upload.IsComplete)
        {
            return new Problem(ProblemType.CompletedUpload, $"The upload has become resource {upload.Resource}.");
        }

        if (fields.Offset != upload.Offset)
        {
            return Problem.OfOffset(upload.Offset, fields.Offset!.Value);
        }

        if (whole.Sha256 is { } now256 && upload.ExpectedSha256 is { } began && now256 != began)
        {
            return DigestFields.Contradiction();
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

    /// <summary>Appends the body. What came before it broke stays; what had another digest
    /// than announced, or was too much, does not.</summary>
    private static async Task<Problem?> AppendBodyAsync(
        HttpContext http, PendingUpload upload, UploadTurn turn, GatewaySettings settings, AnnouncedDigests digests)
    {
        var began = upload.Offset;
        var bytesMax = Math.Min(upload.Length ?? long.MaxValue, UploadRequest.LengthMaxOf(settings)) - began;
        using var hashes = BodyHashes.Of(http.Request, digests);
        try
        {
            var isWhole = await UploadBody.TryCopyAsync(http, WriteAsync, bytesMax, turn.RestAsync, turn.TakenOver);
            if (!isWhole)
            {
                await turn.RewindAsync(began);

                // What is left of the body is of no use to anybody.
                http.Response.Headers.Connection = "close";
                return began + bytesMax == upload.Length
                    ? new Problem(ProblemType.InconsistentUploadLength, $"The whole was said to have {upload.Length} bytes.")
                    : UploadRequest.TooLarge(settings);
            }
        }
        catch (OperationCanceledException) when (turn.TakenOver.IsCancellationRequested)
        {
            http.Response.Headers.Connection = "close";
            return new Problem(ProblemType.Conflict, "Another request has taken the upload over. What came is kept.");
        }
        catch (BadHttpRequestException e)
        {
            return Problem.OfBadRequest(e);
        }
        catch (Exception e) when (e is IOException and not StoreException || e is OperationCanceledException)
        {
            // The client has gone, and will ask where the upload stands when it is back.
            return new Problem(ProblemType.IncompleteBody, "The connection broke. What came is kept.");
        }

        if (hashes.Check(http, digests, isWhole: false) is { } wrong)
        {
            await turn.RewindAsync(began);
            return wrong;
        }

        return null;

        ValueTask WriteAsync(ReadOnlyMemory<byte> bytes)
        {
            hashes.Append(bytes.Span);
            return turn.WriteAsync(bytes, CancellationToken.None);
        }
    }

    private static Problem NotFound() =>
        new(ProblemType.NotFound, "There is no such upload: it was cancelled, has expired, or was never there.");
}
