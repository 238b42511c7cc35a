using System.Globalization;
using Gateway.Access;
using Gateway.Hosting;
using Gateway.Http;
using Gateway.Operations.Document;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Gateway.Rain;

/// <summary>The fetches of this process, as a list and as a stream of events.</summary>
internal static class TransferEndpoints
{
    public static void MapTransfers(this IEndpointRouteBuilder app)
    {
        var transfers = app.MapGroup("/transfers").WithTags("Rain").RequireKeys();
        transfers.MapMethods("/", Methods.Read, List).LogQuietly().WithName("ListTransfers");
        transfers.MapMethods("/{number}", Methods.Read, Get).LogQuietly().WithName("GetTransfer").Fails(ProblemType.NotFound);

        // Of the type of its events the framework would describe the framework's own object; what goes out is text.
        transfers.MapGet("/events", Stream).LogStreamQuietly().LimitAsStream().WithName("StreamTransfers")
            .Produces<string>(200, "text/event-stream");
    }

    /// <summary>Lists running and recent fetches</summary>
    /// <remarks>The newest first.</remarks>
    /// <response code="200">The running ones, and up to 200 that have ended.</response>
    internal static Ok<ItemList<TransferView>> List(NodeHost host) =>
        TypedResults.Ok(new ItemList<TransferView>([.. host.Node.Transfers.Select(TransferView.Of)]));

    /// <summary>Shows one fetch</summary>
    /// <remarks>By its number in this process.</remarks>
    /// <response code="200">How it goes, or how it went.</response>
    internal static Results<Ok<TransferView>, Problem> Get(
        NodeHost host, [Meaning("The transfer's number in this process.", "1")] string number) =>
        host.Node.Transfers.FirstOrDefault(transfer => transfer.Id.ToString(CultureInfo.InvariantCulture) == number) is { } found
            ? TypedResults.Ok(TransferView.Of(found))
            : new Problem(ProblemType.NotFound, $"There is no transfer {number}, or it is long past.");

    /// <summary>Streams the fetches as they go</summary>
    /// <remarks>
    /// Server-sent events named transfer, each with one transfer: all recent ones first, then whatever changes, four times a second at
    /// most. A client that is slower gets the newest of all of them instead.
    /// </remarks>
    /// <response code="200">Events for as long as the connection lasts.</response>
    internal static EventStream Stream(TransferFeed feed, IHostApplicationLifetime lifetime) => new(feed, lifetime.ApplicationStopping);
}
