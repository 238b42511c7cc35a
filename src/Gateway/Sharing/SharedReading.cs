using Gateway.Access;
using Gateway.Cluster;
using Gateway.Configuration;
using Gateway.Hosting;
using Gateway.Http;
using Gateway.Operations.Document;
using Gateway.Resources;
using MurkyWaters;

namespace Gateway.Sharing;

/// <summary>GET and HEAD by a link: those of its resource, for anybody.</summary>
internal static partial class SharedReading
{
    /// <summary>Where links lead.</summary>
    public const string Root = "/s";

    private const string TokenMeaning = "The token, as the link was made with it.",
        TokenExample = "AQAAAAAAAAAAAAAAAAAAAAGfhtCBiEx9ZQDFt19dGXh62K1Xm9Q3a0s";

    /// <summary>Downloads what a link is for</summary>
    /// <remarks>As GET of the resource does, without a key.</remarks>
    /// <response code="200">The whole resource, with the media type it was given.</response>
    /// <response code="206">The range asked for, or multipart/byteranges when there are several.</response>
    /// <response code="304">It is at the version that If-None-Match names; no body.</response>
    /// <response code="307">The gateway is to be asked that made it, there.</response>
    public static Task GetAsync(
        HttpContext http, NodeHost host, GatewaySettings settings, TimeProvider time, ILoggerFactory loggers,
        [Meaning(TokenMeaning, TokenExample)] string token) =>
        AnswerAsync(http, host, settings, time, loggers, token);

    /// <summary>Downloads what a link is for: the header fields alone</summary>
    /// <remarks>As HEAD of the resource does, without a key. A link for one download is not spent by it.</remarks>
    /// <response code="200">The whole resource, with the media type it was given.</response>
    /// <response code="304">It is at the version that If-None-Match names; no body.</response>
    /// <response code="307">The gateway is to be asked that made it, there.</response>
    public static Task HeadAsync(
        HttpContext http, NodeHost host, GatewaySettings settings, TimeProvider time, ILoggerFactory loggers,
        [Meaning(TokenMeaning, TokenExample)] string token) =>
        AnswerAsync(http, host, settings, time, loggers, token);

    private static async Task AnswerAsync(
        HttpContext http, NodeHost host, GatewaySettings settings, TimeProvider time, ILoggerFactory loggers, string token)
    {
        var isDownload = !HttpMethods.IsHead(http.Request.Method);
        ShareLook look;
        try
        {
            look = host.Node.Links.Look(token, isDownload, Clients.NetworkOf(http));
        }
        catch (StoreException error)
        {
            await Problem.OfStore(error).ExecuteAsync(http);
            return;
        }

        switch (look)
        {
            case { Outcome: ShareOutcome.Open, Link: { } link }:
                http.Response.OnStarting(AddFieldsAsync, http.Response);
                IsRead(loggers.CreateLogger(nameof(SharedReading)), link.Id, link.Resource.ToString(), http.Connection.RemoteIpAddress);
                await ResourceReading.AnswerAsync(http, host, settings, time, link.Resource, link.Path);
                break;
            case { Outcome: ShareOutcome.Elsewhere } when host.Node.FindGateway(look.Node) is { } url:
                await OtherGateway.RedirectTo(url, $"{Root}/{token}").ExecuteAsync(http);
                break;
            case { Outcome: ShareOutcome.Elsewhere }:
                await new Problem(
                    ProblemType.NotFound, $"The link was made by node {look.Node}, and where its gateway is, is not known here.")
                    .ExecuteAsync(http);
                break;
            case { Outcome: ShareOutcome.Expired, Link: { } link }:
                await new Problem(ProblemType.LinkEnded, $"The link ended at {link.Expires:u}.").ExecuteAsync(http);
                break;
            case { Outcome: ShareOutcome.Spent, Link: { Used: { } used } }:
                await new Problem(ProblemType.LinkEnded, $"The link was for one download, which began at {used:u}.").ExecuteAsync(http);
                break;
            default:
                await new Problem(ProblemType.NotFound, "There is no such link, or it was revoked.").ExecuteAsync(http);
                break;
        }
    }

    /// <summary>The address is the key: no page that is reached from here is told of it, no search engine lists it, and what keeps answers
    /// for many users does not keep this one.</summary>
    private static Task AddFieldsAsync(object state)
    {
        var response = (HttpResponse)state;
        if (response.StatusCode < StatusCodes.Status400BadRequest)
        {
            response.Headers.CacheControl = $"private, {response.Headers.CacheControl}";
            response.Headers["Referrer-Policy"] = "no-referrer";
            response.Headers["X-Robots-Tag"] = "noindex";
        }

        return Task.CompletedTask;
    }

    [LoggerMessage(82, LogLevel.Information, "Link {Link} to {Resource} is read from {Address}")]
    private static partial void IsRead(ILogger logger, string link, string resource, System.Net.IPAddress? address);
}
