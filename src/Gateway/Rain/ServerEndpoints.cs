using Gateway.Access;
using Gateway.Hosting;
using Gateway.Http;
using Gateway.Operations.Document;
using Microsoft.AspNetCore.Http.HttpResults;
using MurkyWaters;
using MurkyWaters.Servers;

namespace Gateway.Rain;

/// <summary>The servers that are asked, and the subscribers that this node rains on.</summary>
internal static class ServerEndpoints
{
    public static void MapServers(this IEndpointRouteBuilder app)
    {
        var servers = app.MapGroup("/servers").WithTags("Rain").RequireKeys();
        servers.MapMethods("/", Methods.Read, List).LogQuietly().WithName("ListServers");
        servers.MapPut("/{endpoint}", Add).WithName("AddServer").Sends([201], AnswerField.Location)
            .Fails(ProblemType.InvalidParameter, ProblemType.TooManyServers);
        servers.MapDelete("/{endpoint}", Remove).WithName("RemoveServer").Fails(ProblemType.InvalidParameter, ProblemType.NotFound);
    }

    public static void MapSubscribers(this IEndpointRouteBuilder app) =>
        app.MapMethods("/subscribers", Methods.Read, SubscribersAsync).LogQuietly().WithName("ListSubscribers").WithTags("Rain")
            .RequireKeys();

    /// <summary>Lists the servers</summary>
    /// <remarks>From servers.json, added by hand, or by themselves.</remarks>
    /// <response code="200">All servers known, with what was learnt of them.</response>
    internal static Ok<ItemList<ServerSnapshot>> List(NodeHost host) => TypedResults.Ok(new ItemList<ServerSnapshot>(host.Node.Servers));

    /// <summary>Adds a server</summary>
    /// <remarks>As host:port, until the process ends; servers.json is for longer. What it
    /// asks this node to keep or delete is done.</remarks>
    /// <response code="200">It was known already.</response>
    /// <response code="201">It is asked from now on.</response>
    internal static Results<Ok<ServerSnapshot>, Created<ServerSnapshot>, Problem> Add(
        NodeHost host, [Meaning("The server, as host:port; an IPv6 address stands in brackets.", "192.0.2.1:1980")] string endpoint)
    {
        if (!ServerName.TryParse(endpoint, out var name))
        {
            return InvalidEndpoint(endpoint);
        }

        var addition = host.Node.AddServer(name.Host, name.Port);
        if (addition == ServerAddition.Full)
        {
            return new Problem(
                ProblemType.TooManyServers,
                $"{ServersFile.CountMax} servers were added already; remove one first, or name servers in servers.json.");
        }

        var shown = name.ToString();
        var server = host.Node.Servers.FirstOrDefault(one => one.Endpoint == shown)
            ?? ServerSnapshot.Added(shown);
        return addition == ServerAddition.Added
            ? TypedResults.Created($"/servers/{shown.Replace("%", "%25", StringComparison.Ordinal)}", server)
            : TypedResults.Ok(server);
    }

    /// <summary>Forgets a server</summary>
    /// <remarks>Until the process ends, or servers.json changes.</remarks>
    /// <response code="204">It is not asked any more.</response>
    internal static Results<NoContent, Problem> Remove(
        NodeHost host, [Meaning("The server, as host:port; an IPv6 address stands in brackets.", "192.0.2.1:1980")] string endpoint) =>
        !ServerName.TryParse(endpoint, out var name) ? InvalidEndpoint(endpoint)
        : host.Node.RemoveServer(name.Host, name.Port) ? TypedResults.NoContent()
        : new Problem(ProblemType.NotFound, $"{endpoint} is not among the servers.");

    /// <summary>Lists the subscribers</summary>
    /// <remarks>Whom this node's rain servers rain on just now.</remarks>
    /// <response code="200">A row a receiver.</response>
    internal static async Task<Ok<ItemList<SubscriberView>>> SubscribersAsync(NodeHost host)
    {
        var subscribers = await host.Node.GetSubscribersAsync();
        return TypedResults.Ok(new ItemList<SubscriberView>([.. subscribers.Select(SubscriberView.Of)]));
    }

    private static Problem InvalidEndpoint(string endpoint) =>
        new(ProblemType.InvalidParameter, $"\"{endpoint}\" is no server: host:port is wanted, with an IPv6 address in brackets.");
}
