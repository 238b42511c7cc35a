using System.Globalization;
using System.Net;
using Gateway.Access;
using Gateway.Hosting;
using Gateway.Http;
using Gateway.Operations;
using MurkyWaters;

namespace Gateway.Rain;

/// <summary>The servers that are asked, and the subscribers that this node rains on.</summary>
internal static class ServerEndpoints
{
    public static void MapServers(this IEndpointRouteBuilder app)
    {
        var servers = app.MapGroup("/servers").WithTags("Rain").RequireKeys();
        servers.MapRead("/", List).LogQuietly().WithName("ListServers").Answers<ItemList<ServerSnapshot>>(200).Says(200, "All servers known, with what was learnt of them.")
            .Describe("Lists the servers", "From servers.json, added by hand, or by themselves.");
        servers.MapPut("/{endpoint}", Add).WithName("AddServer").Answers<ServerSnapshot>([200, 201], 400)
            .Says(200, "It was known already.").Says(201, "It is asked from now on.")
            .Describe("Adds a server", "As host:port, until the process ends; servers.json is for longer.");
        servers.MapDelete("/{endpoint}", Remove).WithName("RemoveServer").Answers(204, 400, 404).Says(204, "It is not asked any more.")
            .Describe("Forgets a server", "Until the process ends, or servers.json changes.");
    }

    public static void MapSubscribers(this IEndpointRouteBuilder app) =>
        app.MapRead("/subscribers", SubscribersAsync).LogQuietly().WithName("ListSubscribers").WithTags("Rain").RequireKeys().Answers<ItemList<SubscriberView>>(200)
            .Says(200, "A row a receiver.")
            .Describe("Lists the subscribers", "Whom this node's rain servers rain on just now.");

    private static ItemList<ServerSnapshot> List(NodeHost host) => new(host.Node.Servers);

    private static IResult Add(NodeHost host, string endpoint)
    {
        if (!TryReadEndpoint(endpoint, out var name, out var port))
        {
            return InvalidEndpoint(endpoint);
        }

        var isNew = host.Node.AddServer(name, port);
        var shown = $"{name}:{port}";
        var server = host.Node.Servers.FirstOrDefault(one => string.Equals(one.Endpoint, shown, StringComparison.OrdinalIgnoreCase))
            ?? new ServerSnapshot(shown, "api", "unknown", null, 0, 0, null);
        return isNew ? TypedResults.Created($"/servers/{shown}", server) : TypedResults.Ok(server);
    }

    private static IResult Remove(NodeHost host, string endpoint) =>
        !TryReadEndpoint(endpoint, out var name, out var port) ? InvalidEndpoint(endpoint)
        : host.Node.RemoveServer(name, port) ? TypedResults.NoContent()
        : new Problem(ProblemType.NotFound, $"{endpoint} is not among the servers.");

    private static async Task<ItemList<SubscriberView>> SubscribersAsync(NodeHost host)
    {
        var subscribers = await host.Node.GetSubscribersAsync();
        return new([.. subscribers.Select(SubscriberView.Of)]);
    }

    private static Problem InvalidEndpoint(string endpoint) =>
        new(ProblemType.InvalidParameter, $"\"{endpoint}\" is no server: host:port is wanted, with an IPv6 address in brackets.");

    /// <summary>A DNS name or address and a port from 1 to 65535.</summary>
    private static bool TryReadEndpoint(string text, out string host, out int port)
    {
        var colon = text.LastIndexOf(':');
        host = colon < 0 ? "" : text[..colon];
        port = 0;
        var isHost = host.StartsWith('[') && host.EndsWith(']')
            ? IPAddress.TryParse(host, out _)
            : Uri.CheckHostName(host) is UriHostNameType.Dns or UriHostNameType.IPv4;
        return isHost
            && int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port)
            && port is > 0 and <= IPEndPoint.MaxPort;
    }
}
