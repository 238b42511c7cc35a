using Gateway.Access;
using Gateway.Hosting;
using Gateway.Http;
using Gateway.Operations.Document;
using Gateway.Rain;
using Microsoft.AspNetCore.Http.HttpResults;
using MurkyWaters.Cluster;
using PouringRain.Protocol;

namespace Gateway.Cluster;

/// <summary>The nodes of the cluster.</summary>
internal static class NodeEndpoints
{
    private static readonly AnswerField Place =
        new("Location", "The node that is drained; with 307, where that node is asked itself.", "/nodes/7c0d8b52a1f04e6c93b1d6f0a2e4c811");

    public static void MapNodes(this IEndpointRouteBuilder app)
    {
        var nodes = app.MapGroup("/nodes").WithTags("Cluster").RequireKeys();
        nodes.MapMethods("/", Methods.Read, List).LogQuietly().WithName("ListNodes");
        nodes.MapMethods("/{id}", Methods.Read, Show).LogQuietly().WithName("ShowNode")
            .Fails(ProblemType.InvalidParameter, ProblemType.NotFound);
        nodes.MapPost("/{id}/drain", StartDrainAsync).WithName("DrainNode").Sends([202, 307], Place).Produces(307)
            .Fails(
                ProblemType.InvalidParameter, ProblemType.NotFound, ProblemType.DrainRefused, ProblemType.AskTheNode,
                ProblemType.ClusterUnavailable);
        nodes.MapDelete("/{id}/drain", StopDrainAsync).WithName("StopDrain").Sends([307], Place).Produces(307)
            .Fails(ProblemType.InvalidParameter, ProblemType.NotFound, ProblemType.AskTheNode, ProblemType.ClusterUnavailable);
    }

    /// <summary>Lists the nodes of the cluster</summary>
    /// <remarks>Each once, however many addresses it has: this one, those that were heard, and those that etcd knows of.</remarks>
    /// <response code="200">All nodes known, this one first.</response>
    internal static Ok<ItemList<NodeView>> List(HttpContext http, NodeHost host)
    {
        http.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(new ItemList<NodeView>(All(host)));
    }

    /// <summary>Shows a node of the cluster</summary>
    /// <remarks>As this one sees it; others may see it otherwise.</remarks>
    /// <response code="200">The node.</response>
    internal static Results<Ok<NodeView>, Problem> Show(
        HttpContext http, NodeHost host,
        [Meaning("The node's id: 32 hexadecimal digits.", "7c0d8b52a1f04e6c93b1d6f0a2e4c811")] string id)
    {
        http.Response.Headers.CacheControl = "no-store";
        return !NodeId.TryParse(id, out var wanted) ? InvalidId(id)
            : Find(host, wanted) is { } found ? TypedResults.Ok(found)
            : Unknown(wanted);
    }

    /// <summary>Drains a node of the cluster</summary>
    /// <remarks>
    /// Nothing has its place there any more, and what it keeps goes to the others, until that is taken back with DELETE, whatever restarts
    /// meanwhile. GET /nodes shows how far it is; once its state is `done`, it may be switched off. It serves and takes uploads all the
    /// while. Without etcd a node drains at its own wish alone: another one is named by a redirect.
    /// </remarks>
    /// <response code="202">The wish is kept for good; the node as it stands.</response>
    /// <response code="307">The node itself is to be asked, there.</response>
    internal static async Task<Results<Accepted<NodeView>, RedirectHttpResult, Problem>> StartDrainAsync(
        NodeHost host,
        [Meaning("The node's id: 32 hexadecimal digits.", "7c0d8b52a1f04e6c93b1d6f0a2e4c811")] string id,
        CancellationToken cancellationToken)
    {
        if (!NodeId.TryParse(id, out var wanted))
        {
            return InvalidId(id);
        }

        var result = await host.Node.StartDrainAsync(wanted, cancellationToken);
        return result.Url is { } url ? Elsewhere(url, wanted)
            : result.Outcome == DrainOutcome.Taken && Find(host, wanted) is { } node ? TypedResults.Accepted($"/nodes/{wanted}", node)
            : ProblemOf(wanted, result);
    }

    /// <summary>Drains a node no more</summary>
    /// <remarks>It gets its places back, and what belongs there.</remarks>
    /// <response code="204">It is not to be drained.</response>
    /// <response code="307">The node itself is to be asked, there.</response>
    internal static async Task<Results<NoContent, RedirectHttpResult, Problem>> StopDrainAsync(
        NodeHost host,
        [Meaning("The node's id: 32 hexadecimal digits.", "7c0d8b52a1f04e6c93b1d6f0a2e4c811")] string id,
        CancellationToken cancellationToken)
    {
        if (!NodeId.TryParse(id, out var wanted))
        {
            return InvalidId(id);
        }

        var result = await host.Node.StopDrainAsync(wanted, cancellationToken);
        return result.Url is { } url ? Elsewhere(url, wanted)
            : result.Outcome == DrainOutcome.Taken ? TypedResults.NoContent()
            : ProblemOf(wanted, result);
    }

    private static RedirectHttpResult Elsewhere(Uri url, NodeId id) => TypedResults.Redirect(
        $"{url.GetLeftPart(UriPartial.Path).TrimEnd('/')}/nodes/{id}/drain", permanent: false, preserveMethod: true);

    private static Problem ProblemOf(NodeId id, DrainResult result) => result.Outcome switch
    {
        DrainOutcome.Refused => new Problem(ProblemType.DrainRefused, result.Detail),
        DrainOutcome.Elsewhere => new Problem(
            ProblemType.AskTheNode, $"{result.Detail} Where node {id} is asked its Cluster:AdvertiseUrl would say."),
        DrainOutcome.Unavailable => new Problem(ProblemType.ClusterUnavailable, result.Detail),
        _ => Unknown(id),
    };

    private static Problem InvalidId(string id) =>
        new(ProblemType.InvalidParameter, $"'{id}' is no node's id: 32 hexadecimal digits, as in GET /nodes.");

    private static Problem Unknown(NodeId id) => new(ProblemType.NotFound, $"No node {id} is known here.");

    private static NodeView? Find(NodeHost host, NodeId id) => Array.Find(All(host), node => node.Id == id.ToString());

    private static NodeView[] All(NodeHost host) => [.. host.Node.Nodes.Select((node, index) => NodeView.Of(node, index == 0))];
}
