using System.Globalization;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using Gateway.Access;
using Gateway.Hosting;
using Gateway.Http;
using Gateway.Operations.Document;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Gateway.Rain;

/// <summary>The fetches of this process, as a list and as a stream of events.</summary>
internal static class TransferEndpoints
{
    /// <summary>Between two looks at the fetches; four a second are smooth enough to watch and cheap.</summary>
    private static readonly TimeSpan EventInterval = TimeSpan.FromMilliseconds(250);

    /// <summary>After so many quiet looks an empty event keeps proxies from closing the stream.</summary>
    private const int QuietLooksMax = 40;

    public static void MapTransfers(this IEndpointRouteBuilder app)
    {
        var transfers = app.MapGroup("/transfers").WithTags("Rain").RequireKeys();
        transfers.MapRead("/", List).LogQuietly().WithName("ListTransfers");
        transfers.MapRead("/{number}", Get).LogQuietly().WithName("GetTransfer").Fails(ProblemType.NotFound);

        // Of the type of its events the framework would describe the framework's own object; what goes out is text.
        transfers.MapGet("/events", Stream).LogStreamQuietly().LimitAsStream().WithName("StreamTransfers").Produces<string>(200, "text/event-stream");
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
    /// Server-sent events named transfer, each with one transfer: all recent ones first, then whatever changes.
    /// </remarks>
    /// <response code="200">Events for as long as the connection lasts.</response>
    internal static ServerSentEventsResult<TransferView?> Stream(HttpContext http, NodeHost host, IHostApplicationLifetime lifetime)
    {
        http.Response.Headers.CacheControl = "no-store";
        return TypedResults.ServerSentEvents(WatchAsync(host, lifetime.ApplicationStopping, http.RequestAborted));
    }

    private static async IAsyncEnumerable<SseItem<TransferView?>> WatchAsync(
        NodeHost host, CancellationToken stopping, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stopping, cancellationToken);
        using var timer = new PeriodicTimer(EventInterval);
        var sent = new Dictionary<string, TransferView>();

        // The head of the answer goes out with the first event, so there is one at once.
        var quietLooks = QuietLooksMax - 1;
        do
        {
            var now = host.Node.Transfers.Select(TransferView.Of).ToDictionary(transfer => transfer.Id);
            quietLooks++;
            foreach (var transfer in now.Values.OrderBy(transfer => transfer.Id.Length).ThenBy(transfer => transfer.Id, StringComparer.Ordinal))
            {
                if (transfer.IsRunning || !sent.TryGetValue(transfer.Id, out var before) || before.State != transfer.State)
                {
                    quietLooks = 0;
                    yield return new SseItem<TransferView?>(transfer, "transfer");
                }
            }

            if (quietLooks == QuietLooksMax)
            {
                quietLooks = 0;
                yield return new SseItem<TransferView?>(null, "idle");
            }

            sent = now;
        }
        while (await HasNextAsync(timer, ended.Token));
    }

    private static async ValueTask<bool> HasNextAsync(PeriodicTimer timer, CancellationToken ended)
    {
        try
        {
            return await timer.WaitForNextTickAsync(ended);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
