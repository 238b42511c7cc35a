using Gateway.Access;
using Gateway.Files;
using Gateway.Hosting;
using Gateway.Http;
using Gateway.Operations.Document;
using Gateway.Rain;
using Gateway.Resources;
using Microsoft.AspNetCore.Http.HttpResults;
using MurkyWaters;

namespace Gateway.Sharing;

/// <summary>Links with which anybody reads one resource for a while, of a gateway that is under keys.</summary>
internal static partial class LinkEndpoints
{
    private const string IdMeaning = "The link's id: 16 hexadecimal digits.", IdExample = "9f86d081884c7d65";

    private static readonly AnswerField Made = new("Location", "The link.", "/links/9f86d081884c7d65");
    private static readonly AnswerField Place = new("Location", "The gateway that made it.", "http://10.0.0.2:8080/s/...");
    private static readonly AnswerField Referrer = new("Referrer-Policy", "No other page is told of the address.", "no-referrer");
    private static readonly AnswerField Robots = new("X-Robots-Tag", "No search engine is to list it.", "noindex");

    public static void MapLinks(this IEndpointRouteBuilder app)
    {
        var links = app.MapGroup("/links").WithTags("Links").RequireKeys();
        links.MapPost("/", MakeAsync).WithName("MakeLink").Accepts<LinkWish>("application/json").Sends([201], Made)
            .Fails(
                ProblemType.InvalidParameter, ProblemType.NotFound, ProblemType.Gone, ProblemType.TooManyLinks, ProblemType.TooLarge,
                ProblemType.UnsupportedMedia, ProblemType.IntegrityFailure, ProblemType.Overloaded, ProblemType.StoreReadOnly,
                ProblemType.ClusterUnavailable, ProblemType.PiecesMissing, ProblemType.RetrievalTimeout, ProblemType.StoreFull);
        links.MapMethods("/", Methods.Read, List).LogQuietly().WithName("ListLinks");
        links.MapDelete("/{id}", Revoke).WithName("RevokeLink")
            .Fails(ProblemType.NotFound, ProblemType.StoreReadOnly, ProblemType.StoreFull);

        var shared = app.MapGroup(SharedReading.Root).WithTags("Links").ServeWithoutKey();
        shared.MapGet("/{token}", SharedReading.GetAsync).WithName("GetShared").AnswersDownload()
            .Sends([200, 206, 304], Referrer, Robots).Sends([307], Place).Produces(307)
            .Fails(ProblemType.LinkEnded);
        shared.MapMethods("/{token}", Methods.Head, SharedReading.HeadAsync).WithName("GetSharedHead").AnswersDownloadHead()
            .Sends([200, 304], Referrer, Robots).Sends([307], Place).Produces(307).Fails(ProblemType.LinkEnded);
    }

    /// <summary>Makes a link</summary>
    /// <remarks>
    /// Anybody who has its address reads the resource with it, without a key, until it expires or is revoked; of a name, whatever has the
    /// name then. The gateway that made it answers; others lead there. With once it is for one download: it is spent when the first byte
    /// is asked for, and for an hour the same client may go on with it.
    /// </remarks>
    /// <response code="201">The link, with its address, which is told this once.</response>
    internal static async Task<Results<Created<LinkView>, Problem>> MakeAsync(HttpContext http, NodeHost host, ILoggerFactory loggers)
    {
        var (wish, wrong) = await LinkWish.ReadAsync(http.Request);
        if (wrong is not null)
        {
            return wrong;
        }

        try
        {
            var opened = await host.Node.OpenAsync(wish!.Resource, new OpenOptions { DemandLength = 0 }, http.RequestAborted);
            if (opened.Reader is not { } reader)
            {
                return wish.Path is { } missing ? await FileReading.ExplainAsync(http, host.Node, missing, opened)
                    : Problem.OfOpening(wish.Resource, opened);
            }

            await using (reader)
            {
                if (wish.Path is { } path && reader.Manifest.Path != path)
                {
                    return FileReading.OtherName(path, wish.Resource);
                }
            }

            if (host.Node.Links.TryMake(wish.Resource, wish.Path, wish.Life, wish.IsOnce) is not var (link, token))
            {
                return new Problem(
                    ProblemType.TooManyLinks, $"There are {ShareLinks.CountMax} links; DELETE /links/{{id}} of those that are not needed.");
            }

            WasMade(loggers.CreateLogger(nameof(LinkEndpoints)), link.Id, link.Resource.ToString(), link.Expires);
            http.Response.Headers.CacheControl = "no-store";
            return TypedResults.Created($"/links/{link.Id}", LinkView.Of(link, $"{SharedReading.Root}/{token}"));
        }
        catch (StoreException error)
        {
            return Problem.OfStore(error);
        }
    }

    /// <summary>Lists the links</summary>
    /// <remarks>Those that were made at this gateway and have not ended, the newest first, without their addresses.</remarks>
    /// <response code="200">All of them.</response>
    internal static Ok<ItemList<LinkView>> List(HttpContext http, NodeHost host)
    {
        http.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(new ItemList<LinkView>([.. host.Node.Links.All.Select(link => LinkView.Of(link))]));
    }

    /// <summary>Revokes a link</summary>
    /// <remarks>Downloads that are under way end as they would.</remarks>
    /// <response code="204">Nobody reads with it any more.</response>
    internal static Results<NoContent, Problem> Revoke(
        NodeHost host, ILoggerFactory loggers, [Meaning(IdMeaning, IdExample)] string id)
    {
        try
        {
            if (host.Node.Links.Revoke(id) is not { } link)
            {
                return new Problem(ProblemType.NotFound, $"There is no link {id} here. Only the gateway that made one can revoke it.");
            }

            WasRevoked(loggers.CreateLogger(nameof(LinkEndpoints)), link.Id, link.Resource.ToString());
            return TypedResults.NoContent();
        }
        catch (StoreException error)
        {
            return Problem.OfStore(error);
        }
    }

    [LoggerMessage(80, LogLevel.Information, "Link {Link} to {Resource} was made; it ends at {Expires:u}")]
    private static partial void WasMade(ILogger logger, string link, string resource, DateTimeOffset expires);

    [LoggerMessage(81, LogLevel.Information, "Link {Link} to {Resource} was revoked")]
    private static partial void WasRevoked(ILogger logger, string link, string resource);
}
