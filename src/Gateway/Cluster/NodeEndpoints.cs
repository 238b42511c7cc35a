using Gateway.Access;
using Gateway.Hosting;
using Gateway.Http;
using Gateway.Operations.Document;
using Gateway.Rain;
using Microsoft.AspNetCore.Http.HttpResults;
using PouringRain.Protocol;

namespace Gateway.Cluster;

/// <summary>The nodes of the cluster.</summary>
internal static class NodeEndpoints
{
    public static void MapNodes(this IEndpointRouteBuilder app)
    {
        var nodes = app.MapGroup("/nodes").WithTags("Cluster").RequireKeys();
        nodes.MapRead("/", List).LogQuietly().WithName("ListNodes");
        nodes.MapRead("/{id}", Show).LogQuietly().WithName("ShowNode").Fails(ProblemType.InvalidParameter, ProblemType.NotFound);
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
        if (!NodeId.TryParse(id, out var wanted))
        {
            return new Problem(ProblemType.InvalidParameter, $"'{id}' is no node's id: 32 hexadecimal digits, as in GET /nodes.");
        }

        return Array.Find(All(host), node => node.Id == wanted.ToString()) is { } found
            ? TypedResults.Ok(found)
            : new Problem(ProblemType.NotFound, $"No node {wanted} is known here.");
    }

    private static NodeView[] All(NodeHost host) => [.. host.Node.Nodes.Select((node, index) => NodeView.Of(node, index == 0))];
}
