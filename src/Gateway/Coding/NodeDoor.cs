using Gateway.Access;
using Gateway.Hosting;
using Gateway.Http;
using Gateway.Operations.Document;
using MurkyWaters;

namespace Gateway.Coding;

/// <summary>Lets nodes of the cluster in, and nobody else.</summary>
internal static class NodeDoor
{
    private static readonly object Mark = new(), KeysItem = new(), ClaimItem = new();

    /// <summary>Has endpoints answer nodes of the cluster alone.</summary>
    public static RouteGroupBuilder ForNodes(this RouteGroupBuilder endpoints)
    {
        endpoints.ServeWithoutKey().WithMetadata(Mark);
        endpoints.AddEndpointFilter(CheckAsync);
        return endpoints;
    }

    /// <summary>Whether endpoints do.</summary>
    public static bool IsBefore(IEnumerable<object> metadata) => metadata.Contains(Mark);

    /// <summary>Declares that.</summary>
    public static RouteHandlerBuilder FailsForOthers(this RouteHandlerBuilder endpoint, params ProblemType[] types) =>
        endpoint.Fails([ProblemType.NodesOnly, .. types]);

    /// <summary>The keys of the bodies of a request that was let in.</summary>
    public static BodyKeys KeysOf(HttpContext http) => (BodyKeys)http.Items[KeysItem]!;

    /// <summary>What the node says of it.</summary>
    public static NodeClaim ClaimOf(HttpContext http) => (NodeClaim)http.Items[ClaimItem]!;

    private static async ValueTask<object?> CheckAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        var request = http.Request;
        var node = http.RequestServices.GetRequiredService<NodeHost>().Node;
        var finding = http.RequestServices.GetRequiredService<NodeKeys>().Check(
            request.Headers.Authorization.ToString(), request.Method, $"{request.Path.Value}{request.QueryString.Value}", node.Id,
            node.ClusterMs, out var claim, out var keys);
        http.Response.Headers.CacheControl = "no-store";
        if (finding != NodeFinding.Node)
        {
            return finding == NodeFinding.TooMany
                ? new Problem(ProblemType.Overloaded, "More requests of nodes came in a minute than are remembered.")
                : new Problem(ProblemType.NodesOnly, finding switch
                {
                    NodeFinding.NoSecret => "This is for nodes of the cluster, which know each other by Rain:Secret, and there is none.",
                    NodeFinding.NoProof => "This is for nodes of the cluster: Authorization is to show the proof of one.",
                    NodeFinding.Wrong => "The proof is wrong: of another secret, or of another request.",
                    NodeFinding.Misled => "The proof is for another node.",
                    NodeFinding.Stale => "The proof is more than a minute old, or of another clock.",
                    _ => "The proof was used before.",
                });
        }

        http.Items[KeysItem] = keys;
        http.Items[ClaimItem] = claim;
        try
        {
            return await next(context);
        }
        catch (StoreException error) when (!http.Response.HasStarted)
        {
            return Problem.OfStore(error);
        }
    }
}
