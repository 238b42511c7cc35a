using Gateway.Access;
using Gateway.Hosting;
using Gateway.Http;
using Gateway.Operations.Document;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Gateway.Operations;

/// <summary>The store as a whole.</summary>
internal static class StoreEndpoints
{
    public static void MapStore(this IEndpointRouteBuilder app)
    {
        var store = app.MapGroup("/store").WithTags("Operations").RequireKeys();
        store.MapMethods("/", Methods.Read, Show).LogQuietly().WithName("ShowStore");
        store.MapPost("/scrub", Scrub).WithName("StartScrub").Sends([202], AnswerField.Location);
    }

    /// <summary>Shows what is in the store</summary>
    /// <remarks>And how it fares: the disk, what was set aside, and how far the reading and comparing of all bodies has come.</remarks>
    /// <response code="200">The store as it stands.</response>
    internal static Ok<StoreView> Show(HttpContext http, NodeHost host)
    {
        http.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(StoreView.Of(host.Node.StoreFigures));
    }

    /// <summary>Reads all bodies now</summary>
    /// <remarks>
    /// And compares them with their digests, as fast as Store:ScrubMaxBytesPerSecond allows, in the background. A pass that is under way
    /// goes on as fast as that. What is found damaged is set aside and fetched again from other nodes.
    /// </remarks>
    /// <response code="202">It goes on in the background; GET /store tells how far it is.</response>
    internal static Accepted<StoreView> Scrub(NodeHost host)
    {
        host.Node.StartScrub();
        return TypedResults.Accepted("/store", StoreView.Of(host.Node.StoreFigures));
    }
}
