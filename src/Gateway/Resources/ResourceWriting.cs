using Gateway.Archive;
using Gateway.Configuration;
using Gateway.Files;
using Gateway.Hosting;
using Gateway.Http;
using Gateway.Operations.Document;
using Gateway.Uploads;
using Microsoft.AspNetCore.Connections;
using MurkyWaters;
using MurkyWaters.Cluster;
using PouringRain.Protocol;
using PouringRain.Protocol.Naming;

namespace Gateway.Resources;

/// <summary>
/// PUT and POST of a resource:
/// 1. what the request says of itself (<see cref="UploadRequest"/>);
/// 2. preconditions against the version there is;
/// 3. the body, into the store as it arrives;
/// 4. the commit, which checks digest and preconditions once more under the store's lock;
/// 5. propagation, and the answer.
/// </summary>
internal static class ResourceWriting
{
    /// <summary>Uploads a resource</summary>
    /// <remarks>
    /// 201 when it is new, 200 when it replaced another or was the same, 202 when fewer than ?replicas= nodes held it in time, or the
    /// job that cuts it into parts (?layout=parts) has not ended by then: it is named in Link, with rel="monitor", and goes on. With
    /// Upload-Complete: ?0 the answer is 201 with the Location of an upload to which PATCH adds the rest.
    /// </remarks>
    /// <response code="200">It replaced another version, or the same bytes were here already.</response>
    /// <response code="201">It is new, is kept, and rains.</response>
    /// <response code="202">
    /// It is kept here, but fewer nodes than ?replicas= held it within Gateway:ReplicaSeconds; replicas says how many.
    /// </response>
    public static async Task<IResult> PutAsync(
        HttpContext http, NodeHost host, GatewaySettings settings, TimeProvider time, [ResourceId] string id) =>
        ResourceId.TryParse(id, out var resource)
            ? await ReceiveAsync(http, host.Node, settings, time, resource, path: null, isClassic: false)
            : NoId(id);

    /// <summary>Uploads a resource</summary>
    /// <remarks>As /resources/{id} does, with the answer of 2012: 200 also of what is new.</remarks>
    /// <response code="200">It is kept and rains, whether it is new or not.</response>
    /// <response code="201">With Upload-Complete: ?0 alone: an upload in several requests has begun, at Location.</response>
    /// <response code="202">
    /// It is kept here, but fewer nodes than ?replicas= held it within Gateway:ReplicaSeconds; replicas says how many.
    /// </response>
    public static async Task<IResult> PutClassicAsync(
        HttpContext http, NodeHost host, GatewaySettings settings, TimeProvider time, [ResourceId] string id) =>
        ResourceId.TryParse(id, out var resource)
            ? await ReceiveAsync(http, host.Node, settings, time, resource, path: null, isClassic: true)
            : NoId(id);

    /// <summary>Uploads bytes under an id taken from them</summary>
    /// <remarks>
    /// The id is the first 64 bits of their SHA-256; 200 when they were here already, and then they keep the name, media type and
    /// disposition that they have. PUT on the id gives them others.
    /// </remarks>
    /// <response code="200">The same bytes were here already.</response>
    /// <response code="201">It is new, is kept, and rains.</response>
    /// <response code="202">
    /// It is kept here, but fewer nodes than ?replicas= held it within Gateway:ReplicaSeconds; replicas says how many.
    /// </response>
    public static Task<IResult> PostAsync(HttpContext http, NodeHost host, GatewaySettings settings, TimeProvider time) =>
        TusProtocol.IsSpoken(http.Request)
            ? TusProtocol.CreateAsync(http, host.Node, settings, time, place: null)
            : ReceiveAsync(http, host.Node, settings, time, id: null, path: null, isClassic: false);

    /// <summary>Takes an upload in.</summary>
    /// <param name="http">The request.</param>
    /// <param name="node">The node.</param>
    /// <param name="settings">The settings.</param>
    /// <param name="time">The clock.</param>
    /// <param name="id">The resource; null to take the id from the bytes.</param>
    /// <param name="path">The name that it gets, whose id is <paramref name="id"/>; null for none.</param>
    /// <param name="isClassic">Whether the answer is that of 2012.</param>
    public static async Task<IResult> ReceiveAsync(
        HttpContext http, MurkyNode node, GatewaySettings settings, TimeProvider time, ResourceId? id, string? path, bool isClassic)
    {
        if (UploadFields.TryRead(http.Request.Headers, out var fields) is { } malformed)
        {
            return malformed;
        }

        if (UploadRequest.TryRead(http, id, path, settings, fields, out var request) is { } mistake)
        {
            return mistake;
        }

        var local = id is { } wanted ? Living(node.Find(wanted)) : null;
        Func<StoredResource?, bool>? precondition = null;
        var headers = http.Request.Headers;
        var areConditions = Preconditions.AreAnyIn(headers);
        if (id is { } named && areConditions)
        {
            Manifest? current;
            try
            {
                current = node.HasConditionsEverywhere
                    ? await node.FindNewestAsync(named, http.RequestAborted)
                    : local?.Manifest ?? await node.FindManifestAsync(named, OpenSource.Any, CancellationToken.None);
            }
            catch (ClusterUnavailableException e)
            {
                return Problem.OfCluster(e);
            }

            if (Preconditions.Evaluate(headers, isRead: false, current, time.GetUtcNow()) == Preconditions.Outcome.Failed)
            {
                return new Problem(
                    ProblemType.PreconditionFailed,
                    current is null
                        ? $"There is no {(path is null ? $"resource {named}" : FilePath.UrlOf(path))}."
                        : $"{(path is null ? $"Resource {named}" : FilePath.UrlOf(path))} is at version "
                            + $"{Preconditions.EntityTagOf(current)}.");
            }

            // Of one node alone, what was found in the rain is not here at the commit, and is not looked for again.
            precondition = node.HasConditionsEverywhere
                ? Permits
                : stored => Living(stored)?.Manifest.Version == local?.Manifest.Version || Permits(stored);
        }
        else if (areConditions)
        {
            // Which resource they are about is known when the whole is here.
            precondition = Permits;
        }

        try
        {
            if (fields.IsComplete == false)
            {
                var note = UploadNote.Of(headers, request!, isClassic, local?.Manifest);
                return await UploadHandling.CreateAsync(http, node, settings, time, request!, note);
            }

            await using var upload = node.BeginUpload(request!.ToOptions() with { Precondition = precondition });

            // The SHA-256 that was announced before the body is the store's to check, which makes it anyway.
            using var hashes = BodyHashes.Of(http.Request, request.Whole.Others);
            if (!await UploadBody.TryCopyAsync(http, WriteAsync, UploadRequest.LengthMaxOf(settings), upload.RestAsync))
            {
                // What is left of the body is of no use to anybody.
                http.Response.Headers.Connection = "close";
                return UploadRequest.TooLarge(settings);
            }

            if (hashes.Check(http, request.Whole, isWhole: true) is { } wrong)
            {
                return wrong;
            }

            // The body came whole: it is kept whatever the client does now.
            var result = await upload.CommitAsync(CancellationToken.None);
            if (id is null && result.Outcome == UploadOutcome.PreconditionFailed)
            {
                return Failed(result.Resource);
            }

            if (fields.IsComplete == true && result.Resource is { } whole)
            {
                UploadFields.AddWhole(http.Response.Headers, whole.Manifest.Layout.Length);
            }

            return await AnswerAsync(http, node, settings.Gateway, result, request.Replicas, request.IsInParts, isClassic);

            ValueTask WriteAsync(ReadOnlyMemory<byte> bytes)
            {
                hashes.Append(bytes.Span);
                return upload.WriteAsync(bytes, CancellationToken.None);
            }
        }
        catch (StoreException e)
        {
            return Problem.OfStore(e);
        }
        catch (ClusterUnavailableException e)
        {
            return Problem.OfCluster(e);
        }
        catch (BadHttpRequestException e)
        {
            return Problem.OfBadRequest(e);
        }
        catch (Exception e) when (e is ConnectionResetException or ConnectionAbortedException
            or OperationCanceledException { InnerException: ConnectionAbortedException })
        {
            return new Problem(ProblemType.IncompleteBody, "The connection broke. Nothing was stored.");
        }

        bool Permits(StoredResource? stored) =>
            Preconditions.Evaluate(headers, isRead: false, Living(stored)?.Manifest, time.GetUtcNow()) != Preconditions.Outcome.Failed;
    }

    /// <summary>The conditions of a POST do not hold for the resource that its bytes are.</summary>
    public static Problem Failed(StoredResource? resource) => new(
        ProblemType.PreconditionFailed,
        resource is null
            ? "There is no such resource yet."
            : $"Resource {resource.Id} is at version {Preconditions.EntityTagOf(resource.Manifest)}.");

    /// <summary>What came of a commit: the problem, or the resource once enough nodes hold it.</summary>
    public static async Task<IResult> AnswerAsync(
        HttpContext http, MurkyNode node, GatewayOptions limits, UploadResult result, int replicasWanted, bool isInParts, bool isClassic)
    {
        if (ProblemOf(result) is { } problem)
        {
            return problem;
        }

        var resource = result.Resource!;
        var replicas = await node.CountReplicasAsync(resource.Id, replicasWanted, limits.ReplicaTimeout, http.RequestAborted);
        var isCut = !isInParts || await PartsLayout.CutAsync(http, node, resource.Id, limits.ReplicaTimeout);
        var headers = http.Response.Headers;
        headers.Location = LocationOf(resource);
        headers.ETag = Preconditions.EntityTagOf(resource.Manifest);
        DigestFields.Add(http.Request.Headers, headers, resource.Manifest.Sha256);

        // The front of 2012 said 200 of what was new, too, and its clients may look for that.
        var status = replicas < replicasWanted || !isCut ? StatusCodes.Status202Accepted
            : result.Outcome == UploadOutcome.Created && !isClassic ? StatusCodes.Status201Created
            : StatusCodes.Status200OK;
        return isClassic
            ? TypedResults.Json(new ClassicAnswer("Ok."), statusCode: status)
            : TypedResults.Json(ResourceSummary.Of(resource, node, replicas), statusCode: status);
    }

    /// <summary>Why nothing came of a commit; null when something did.</summary>
    public static Problem? ProblemOf(UploadResult result) => result.Outcome switch
    {
        UploadOutcome.DigestMismatch => new(ProblemType.DigestMismatch, "The bytes that came are not those announced. Nothing was stored."),
        UploadOutcome.LengthMismatch => new(ProblemType.IncompleteBody, "Fewer or more bytes came than announced. Nothing was stored."),
        UploadOutcome.PreconditionFailed =>
            new(ProblemType.Conflict, "The resource was changed while this upload came in. Nothing was stored."),
        UploadOutcome.NameTaken => NameTaken(result),
        UploadOutcome.NoLaterVersion => new(
            ProblemType.Conflict, "The version there is has the last date that there can be, by a wrong clock: none can follow it. "
                + "Nothing was stored; another id is free."),
        UploadOutcome.TooLong => new(
            ProblemType.TooLarge, "More bytes came than blocks of Rain:BlockSize can be named for. Nothing was stored."),
        _ => null,
    };

    /// <summary>Where a resource is: under its name, if it has one.</summary>
    public static string LocationOf(StoredResource resource) =>
        ResourcePath.IsNamed(resource.Id, resource.Manifest.Path)
            ? FilePath.UrlOf(resource.Manifest.Path) : $"/resources/{resource.Id}";

    /// <summary>Two names with one id: chance makes none, and who looks for them shall not get at the other's.</summary>
    private static Problem NameTaken(UploadResult result) => new(
        ProblemType.NameTaken,
        $"{FilePath.UrlOf(result.Resource!.Manifest.Path!)} has the id of that name, {result.Resource.Id}. Nothing was stored; another "
            + "name is free.");

    /// <summary>A file's name in place of an id, as <c>curl -T file .../resources/</c> makes it.</summary>
    private static Problem NoId(string id) => new(
        ProblemType.InvalidResourceId,
        $"{Problem.InvalidResourceId(id).Detail} Names are under /files/: curl -T FILE .../files/ keeps a file under its own. "
        + "POST /resources takes the id from the bytes.");

    private static StoredResource? Living(StoredResource? resource) => resource is { Manifest.IsDeleted: false } ? resource : null;
}
