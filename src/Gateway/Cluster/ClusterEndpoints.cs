using Gateway.Access;
using Gateway.Hosting;
using Gateway.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Gateway.Cluster;

/// <summary>The cluster as a whole.</summary>
internal static class ClusterEndpoints
{
    public static void MapCluster(this IEndpointRouteBuilder app) =>
        app.MapMethods("/cluster", Methods.Read, Show).LogQuietly().WithName("ShowCluster").WithTags("Cluster").RequireKeys();

    /// <summary>Shows the cluster</summary>
    /// <remarks>
    /// As this node sees it: sums over what the nodes that answer say, which each finds out within a minute. What is promised of it
    /// (`survives`) is never more than is known; who is silent counts as lost already.
    /// </remarks>
    /// <response code="200">The cluster as it stands.</response>
    internal static Ok<ClusterView> Show(HttpContext http, NodeHost host)
    {
        http.Response.Headers.CacheControl = "no-store";
        var node = host.Node;
        return TypedResults.Ok(ClusterView.Of(node.ClusterFigures, node.StoreFigures.Scrub, node.BackingFigures));
    }
}
