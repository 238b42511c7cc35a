using Gateway.Access;
using Gateway.Cluster;
using Gateway.Hosting;
using Gateway.Http;
using Gateway.Operations.Document;
using Gateway.Rain;
using Microsoft.AspNetCore.Http.HttpResults;
using MurkyWaters;

namespace Gateway.Deployments;

/// <summary>What is deployed to many nodes.</summary>
internal static class DeploymentEndpoints
{
    private const string IdMeaning = "The deployment's id: 16 hexadecimal digits.", IdExample = "9f86d081884c7d65";

    private static readonly AnswerField Made = new("Location", "The deployment.", "/deployments/9f86d081884c7d65");
    private static readonly AnswerField Place =
        new("Location", "Where the node is asked that runs it.", "http://10.0.0.2:8080/deployments/9f86d081884c7d65");

    public static void MapDeployments(this IEndpointRouteBuilder app)
    {
        var deployments = app.MapGroup("/deployments").WithTags("Deployments").RequireKeys();
        deployments.MapPost("/", StartAsync).WithName("StartDeployment").Accepts<DeploymentWish>("application/json").Sends([202], Made)
            .Fails(
                ProblemType.InvalidParameter, ProblemType.NotFound, ProblemType.Gone, ProblemType.DeploymentRefused, ProblemType.TooLarge,
                ProblemType.UnsupportedMedia, ProblemType.ClusterUnavailable, ProblemType.StoreReadOnly, ProblemType.Overloaded,
                ProblemType.IntegrityFailure, ProblemType.RetrievalTimeout, ProblemType.StoreFull);
        deployments.MapMethods("/", Methods.Read, List).LogQuietly().WithName("ListDeployments");
        deployments.MapMethods("/{id}", Methods.Read, Show).LogQuietly().WithName("ShowDeployment").Sends([307], Place).Produces(307)
            .Fails(ProblemType.NotFound);
        deployments.MapDelete("/{id}", StopAsync).WithName("StopDeployment")
            .Fails(ProblemType.NotFound, ProblemType.ClusterUnavailable, ProblemType.StoreReadOnly, ProblemType.StoreFull);

        // As of the events of transfers.
        deployments.MapGet("/events", Stream).LogStreamQuietly().LimitAsStream().WithName("StreamDeployments")
            .Produces<string>(200, "text/event-stream");
    }

    /// <summary>Deploys a resource to many nodes</summary>
    /// <remarks>
    /// Each fetches it, in company with the others, writes it, reads it back, and sends what it has read as its receipt. It goes on
    /// whatever restarts meanwhile. A node that keeps nothing of it otherwise has it as one that was prefetched.
    /// </remarks>
    /// <response code="202">It is kept for good, and begins; how it stands.</response>
    internal static async Task<Results<Accepted<DeploymentView>, Problem>> StartAsync(
        HttpContext http, NodeHost host, TimeProvider time)
    {
        var (request, wrong) = await DeploymentWish.ReadAsync(http.Request, time);
        if (wrong is not null)
        {
            return wrong;
        }

        try
        {
            var result = await host.Node.StartDeploymentAsync(
                request! with { Network = Clients.NetworkOf(http) }, http.RequestAborted);
            return result switch
            {
                { Outcome: DeploymentOutcome.Taken, Deployment: { } made } =>
                    TypedResults.Accepted($"/deployments/{made.Id}", DeploymentView.Of(made, hasReceivers: true)),
                { Outcome: DeploymentOutcome.NoResource, Search: { } search } => Problem.OfOpening(request!.Resource, search),
                { Outcome: DeploymentOutcome.Unavailable } => new Problem(ProblemType.ClusterUnavailable, result.Detail),
                _ => new Problem(ProblemType.DeploymentRefused, result.Detail),
            };
        }
        catch (StoreException error)
        {
            return Problem.OfStore(error);
        }
    }

    /// <summary>Lists the deployments</summary>
    /// <remarks>The newest first: those that are under way, and up to 20 that have ended. With etcd those of all nodes, as far as was
    /// noted there; without, those of the node that is asked.</remarks>
    /// <response code="200">All of them, without their receivers.</response>
    internal static Ok<ItemList<DeploymentView>> List(HttpContext http, NodeHost host)
    {
        http.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(new ItemList<DeploymentView>(
            [.. host.Node.Deployments.Select(deployment => DeploymentView.Of(deployment, hasReceivers: false))]));
    }

    /// <summary>Shows a deployment</summary>
    /// <remarks>With a row a receiver. How far they are knows the node that runs it, to which others lead.</remarks>
    /// <response code="200">How it stands.</response>
    /// <response code="307">The node that runs it is to be asked, there.</response>
    internal static Results<Ok<DeploymentView>, RedirectHttpResult, Problem> Show(
        HttpContext http, NodeHost host, [Meaning(IdMeaning, IdExample)] string id)
    {
        http.Response.Headers.CacheControl = "no-store";
        return host.Node.FindDeployment(id) is not { } found ? Unknown(id)
            : found.RunnerUrl is { } url ? OtherGateway.RedirectTo(url, $"/deployments/{found.Id}")
            : TypedResults.Ok(DeploymentView.Of(found, hasReceivers: true));
    }

    /// <summary>Stops a deployment</summary>
    /// <remarks>Its receivers leave it, and keep what they have. Nothing happens to one that has ended. With etcd any node can be
    /// asked.</remarks>
    /// <response code="204">The wish is kept for good; it has ended, or will within seconds.</response>
    internal static async Task<Results<NoContent, Problem>> StopAsync(
        NodeHost host, [Meaning(IdMeaning, IdExample)] string id, CancellationToken cancellationToken)
    {
        try
        {
            var result = await host.Node.StopDeploymentAsync(id, cancellationToken);
            return result.Outcome switch
            {
                DeploymentOutcome.Taken => TypedResults.NoContent(),
                DeploymentOutcome.Unavailable => new Problem(ProblemType.ClusterUnavailable, result.Detail),
                _ => Unknown(id),
            };
        }
        catch (StoreException error)
        {
            return Problem.OfStore(error);
        }
    }

    /// <summary>Streams the deployments as they go</summary>
    /// <remarks>
    /// Server-sent events: named deployment, each with one deployment without its receivers, and named receiver, each with the
    /// deployment's id and one of its receivers; all of them first, then whatever changes, twice a second at most. A client that is slower
    /// gets the newest of all of them instead.
    /// </remarks>
    /// <response code="200">Events for as long as the connection lasts.</response>
    internal static EventStream Stream(DeploymentFeed feed, IHostApplicationLifetime lifetime) => new(feed, lifetime.ApplicationStopping);

    private static Problem Unknown(string id) => new(
        ProblemType.NotFound,
        $"There is no deployment {id}, or it is long past. Without etcd only the node knows it that was asked for it.");
}
