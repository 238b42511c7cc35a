using Gateway.Access;
using Gateway.Hosting;
using Gateway.Http;
using Gateway.Operations.Document;
using Gateway.Rain;
using Microsoft.AspNetCore.Http.HttpResults;
using MurkyWaters;
using PouringRain.Protocol;

namespace Gateway.Archive;

/// <summary>What is turned into pieces, and back.</summary>
internal static class ArchiveEndpoints
{
    private const string IdMeaning = "The job's id: 16 hexadecimal digits.", IdExample = "9f86d081884c7d65";

    private static readonly AnswerField Made = new("Location", "The job.", "/archive/9f86d081884c7d65");

    public static void MapArchive(this IEndpointRouteBuilder app)
    {
        var resources = app.MapGroup("/resources/{id}/archive").WithTags("Archive").RequireKeys();
        resources.MapPost("/", StartAsync).WithName("ArchiveResource").Accepts<ArchiveWish>(isOptional: true, "application/json")
            .Sends([202], Made).Fails(FailuresOfJobs);
        resources.MapDelete("/", RestoreAsync).WithName("RestoreResource").Produces<ArchiveView>(202).Sends([202], Made)
            .Fails(FailuresOfJobs);
        var jobs = app.MapGroup("/archive").WithTags("Archive").RequireKeys();
        jobs.MapMethods("/", Methods.Read, List).LogQuietly().WithName("ListArchiveJobs");
        jobs.MapMethods("/plan", Methods.Read, Plan).LogQuietly().WithName("PlanArchive")
            .Fails(ProblemType.StoreReadOnly, ProblemType.StoreFull);
        jobs.MapMethods("/{job}", Methods.Read, Show).LogQuietly().WithName("ShowArchiveJob").Fails(ProblemType.NotFound);
    }

    private static readonly ProblemType[] FailuresOfJobs =
    [
        ProblemType.InvalidResourceId, ProblemType.InvalidParameter, ProblemType.NotFound, ProblemType.Gone, ProblemType.ArchiveRefused,
        ProblemType.TooLarge, ProblemType.UnsupportedMedia, ProblemType.ClusterUnavailable, ProblemType.StoreReadOnly,
        ProblemType.Overloaded, ProblemType.IntegrityFailure, ProblemType.RetrievalTimeout, ProblemType.StoreFull,
    ];

    /// <summary>Turns a resource into coded pieces</summary>
    /// <remarks>
    /// 16 pieces on 16 nodes, any 11 of which are enough. The replicas go when all pieces were written, read back, and a set of 11 drawn at
    /// random was decoded to the SHA-256. The resource is read as before. It goes on whatever restarts meanwhile.
    /// </remarks>
    /// <response code="202">It is kept for good, and begins; how it stands.</response>
    internal static async Task<Results<Accepted<ArchiveView>, Problem>> StartAsync(HttpContext http, NodeHost host, [ResourceId] string id)
    {
        if (!ResourceId.TryParse(id, out var resource))
        {
            return Problem.InvalidResourceId(id);
        }

        var (wish, wrong) = await ArchiveWish.ReadAsync(http.Request);
        return wrong is not null ? wrong
            : await AnswerAsync(resource, host.Node.StartArchiveAsync(resource, wish!.Code, wish.Force, http.RequestAborted));
    }

    /// <summary>Turns a resource back into replicas</summary>
    /// <remarks>The pieces go when the nodes that are to keep it have made the whole of them, and read it back.</remarks>
    /// <response code="202">It is kept for good, and begins; how it stands.</response>
    internal static async Task<Results<Accepted<ArchiveView>, Problem>> RestoreAsync(
        HttpContext http, NodeHost host, [ResourceId] string id) => !ResourceId.TryParse(id, out var resource)
            ? Problem.InvalidResourceId(id)
            : await AnswerAsync(resource, host.Node.StartRestoreAsync(resource, http.RequestAborted));

    /// <summary>Lists the jobs</summary>
    /// <remarks>The newest first: those that are under way, and up to 100 that have ended. With etcd those of all nodes; without, those of
    /// the node that is asked.</remarks>
    /// <response code="200">All of them.</response>
    internal static Ok<ItemList<ArchiveView>> List(HttpContext http, NodeHost host)
    {
        http.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(new ItemList<ArchiveView>([.. host.Node.ArchiveJobs.Select(ArchiveView.Of)]));
    }

    /// <summary>Shows what the policy would archive</summary>
    /// <remarks>Of what this node is to see to: each resource is seen to by the first of its holders. Nothing is changed. With
    /// Archive:AfterDays at 0 it is nothing.</remarks>
    /// <response code="200">What it would be, and the first thousand of them.</response>
    internal static Results<Ok<ArchivePlanView>, Problem> Plan(HttpContext http, NodeHost host)
    {
        const int itemsMax = 1000;
        http.Response.Headers.CacheControl = "no-store";
        try
        {
            return TypedResults.Ok(ArchivePlanView.Of(host.Node.PlanArchive(itemsMax)));
        }
        catch (StoreException error)
        {
            return Problem.OfStore(error);
        }
    }

    /// <summary>Shows a job</summary>
    /// <remarks>With a row a piece. How far they are knows the node that runs it; others say what was noted.</remarks>
    /// <response code="200">How it stands.</response>
    internal static Results<Ok<ArchiveView>, Problem> Show(HttpContext http, NodeHost host, [Meaning(IdMeaning, IdExample)] string job)
    {
        http.Response.Headers.CacheControl = "no-store";
        return host.Node.FindArchiveJob(job) is { } found ? TypedResults.Ok(ArchiveView.Of(found)) : new Problem(
            ProblemType.NotFound, $"There is no job {job}, or it is long past. Without etcd only the node knows it that was asked for it.");
    }

    private static async Task<Results<Accepted<ArchiveView>, Problem>> AnswerAsync(ResourceId resource, Task<ArchiveResult> asked)
    {
        try
        {
            var result = await asked;
            return result switch
            {
                { Outcome: ArchiveOutcome.Taken, Job: { } job } => TypedResults.Accepted($"/archive/{job.Id}", ArchiveView.Of(job)),
                { Outcome: ArchiveOutcome.NoResource, Search: { } search } => Problem.OfOpening(resource, search),
                { Outcome: ArchiveOutcome.Unavailable } => new Problem(ProblemType.ClusterUnavailable, result.Detail),
                _ => new Problem(ProblemType.ArchiveRefused, result.Detail),
            };
        }
        catch (StoreException error)
        {
            return Problem.OfStore(error);
        }
    }
}
