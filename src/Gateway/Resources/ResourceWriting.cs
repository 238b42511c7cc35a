using Gateway.Configuration;
using Gateway.Hosting;
using Gateway.Http;
using MurkyWaters;
using PouringRain.Protocol;

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
    /// <summary>PUT under an id.</summary>
    public static async Task<IResult> PutAsync(HttpContext http, NodeHost host, GatewaySettings settings, string id) =>
        ResourceId.TryParse(id, out var resource) ? await ReceiveAsync(http, host.Node, settings, resource, isClassic: false) : Problem.InvalidResourceId(id);

    /// <summary>PUT on the path of the 2012 front, with its answer.</summary>
    public static async Task<IResult> PutClassicAsync(HttpContext http, NodeHost host, GatewaySettings settings, string id) =>
        ResourceId.TryParse(id, out var resource) ? await ReceiveAsync(http, host.Node, settings, resource, isClassic: true) : Problem.InvalidResourceId(id);

    /// <summary>POST: the id comes from the content.</summary>
    public static Task<IResult> PostAsync(HttpContext http, NodeHost host, GatewaySettings settings) =>
        ReceiveAsync(http, host.Node, settings, id: null, isClassic: false);

    private static async Task<IResult> ReceiveAsync(HttpContext http, MurkyNode node, GatewaySettings settings, ResourceId? id, bool isClassic)
    {
        if (UploadRequest.TryRead(http, id, settings, out var request) is { } mistake)
        {
            return mistake;
        }

        Func<StoredResource?, bool>? precondition = null;
        if (id is { } named && Preconditions.AreAnyIn(http.Request.Headers))
        {
            var headers = http.Request.Headers;
            var local = Living(node.Find(named));
            var current = local?.Manifest ?? await FindInRainAsync(node, named, http.RequestAborted);
            if (Preconditions.Evaluate(headers, isRead: false, current) == Preconditions.Outcome.Failed)
            {
                return new Problem(
                    ProblemType.PreconditionFailed,
                    current is null ? $"There is no resource {named}." : $"Resource {named} is at version {Preconditions.EntityTagOf(current)}.");
            }

            precondition = stored => Living(stored)?.Manifest.Version == local?.Manifest.Version
                || Preconditions.Evaluate(headers, isRead: false, Living(stored)?.Manifest) != Preconditions.Outcome.Failed;
        }

        try
        {
            await using var upload = node.BeginUpload(new UploadOptions
            {
                Id = id,
                Length = request!.Length,
                ContentType = request.ContentType,
                FileName = request.FileName,
                Code = request.Code,
                ExpectedSha256 = request.Sha256,
                Precondition = precondition,
            });
            if (!await TryCopyBodyAsync(http, upload, settings.Gateway.MaxBodyBytes))
            {
                // What is left of the body is of no use to anybody.
                http.Response.Headers.Connection = "close";
                return UploadRequest.TooLarge(settings.Gateway);
            }

            var result = await upload.CommitAsync(http.RequestAborted);
            return result.Outcome switch
            {
                UploadOutcome.DigestMismatch => new Problem(ProblemType.DigestMismatch, "The bytes that came are not those announced. Nothing was stored."),
                UploadOutcome.LengthMismatch => new Problem(ProblemType.IncompleteBody, "Fewer or more bytes came than announced. Nothing was stored."),
                UploadOutcome.PreconditionFailed => new Problem(ProblemType.Conflict, $"Resource {id} was changed while this upload came in. Nothing was stored."),
                _ => await AnswerAsync(http, node, settings.Gateway, request, result, isClassic),
            };
        }
        catch (StoreFullException e)
        {
            return new Problem(ProblemType.StoreFull, e.Message);
        }
        catch (BadHttpRequestException e)
        {
            return Problem.OfBadRequest(e);
        }
    }

    /// <summary>False when the body is over the limit (0 is none).</summary>
    private static async Task<bool> TryCopyBodyAsync(HttpContext http, Upload upload, long bytesMax)
    {
        var body = http.Request.BodyReader;
        var total = 0L;
        while (true)
        {
            var read = await body.ReadAsync(http.RequestAborted);
            total += read.Buffer.Length;
            RequestLog.CountReceived(http, read.Buffer.Length);
            if (bytesMax > 0 && total > bytesMax)
            {
                body.AdvanceTo(read.Buffer.End);
                return false;
            }

            foreach (var segment in read.Buffer)
            {
                await upload.WriteAsync(segment, http.RequestAborted);
            }

            body.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                return true;
            }
        }
    }

    private static async Task<IResult> AnswerAsync(
        HttpContext http, MurkyNode node, GatewayOptions limits, UploadRequest request, UploadResult result, bool isClassic)
    {
        var resource = result.Resource!;
        var replicas = await node.PropagateAsync(resource.Id, request.Replicas, limits.ReplicaTimeout, http.RequestAborted);
        var headers = http.Response.Headers;
        headers.Location = $"/resources/{resource.Id}";
        headers.ETag = Preconditions.EntityTagOf(resource.Manifest);
        DigestFields.Add(http.Request.Headers, headers, resource.Manifest.Sha256);
        var status = replicas < request.Replicas ? StatusCodes.Status202Accepted
            : result.Outcome == UploadOutcome.Created ? StatusCodes.Status201Created
            : StatusCodes.Status200OK;
        return isClassic
            ? TypedResults.Json(new ClassicAnswer("Ok."), statusCode: status)
            : TypedResults.Json(ResourceSummary.Of(resource, replicas), statusCode: status);
    }

    /// <summary>The newest version that the other servers have, for the preconditions of an upload of what is not here.</summary>
    private static async Task<Manifest?> FindInRainAsync(MurkyNode node, ResourceId id, CancellationToken cancellationToken)
    {
        var opened = await node.OpenAsync(id, new OpenOptions { DemandLength = 0 }, cancellationToken);
        if (opened.Reader is not { } reader)
        {
            return null;
        }

        await using (reader)
        {
            return reader.Manifest;
        }
    }

    private static StoredResource? Living(StoredResource? resource) => resource is { Manifest.IsDeleted: false } ? resource : null;
}
