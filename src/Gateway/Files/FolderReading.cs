using System.Globalization;
using System.Net.Mime;
using System.Text;
using System.Text.Json;
using Gateway.Configuration;
using Gateway.Hosting;
using Gateway.Http;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;
using MurkyWaters;
using PouringRain.Protocol.Naming;

namespace Gateway.Files;

/// <summary>Answers with what is in a folder: JSON, page by page, for whoever asks for it by name, and a page that has all for everybody
/// else.</summary>
internal static class FolderReading
{
    /// <summary>Items of a page at most, and of one step in which the index of all is written.</summary>
    public const int PageItemsMax = 1000;

    private const int PageItems = 1000;

    /// <summary>Lists the uppermost folder</summary>
    /// <remarks>What is named under /files/, of all nodes that answer: JSON when Accept names application/json, else an HTML index with all
    /// of it.</remarks>
    /// <response code="200">The folder; JSON is a page of it.</response>
    public static Task ListRootAsync(HttpContext http, NodeHost host, GatewaySettings settings) =>
        AnswerAsync(http, host.Node, settings, "");

    /// <summary>Answers with a folder.</summary>
    public static async Task AnswerAsync(HttpContext http, MurkyNode node, GatewaySettings settings, string folder)
    {
        if (TryReadQuery(http.Request.Query, folder, out var query) is { } wrong)
        {
            await wrong.ExecuteAsync(http);
            return;
        }

        var isJson = WantsJson(http.Request);
        FolderPage page;
        try
        {
            page = await node.ListFolderAsync(query, http.RequestAborted);
        }
        catch (StoreException e)
        {
            await Problem.OfStore(e).ExecuteAsync(http);
            return;
        }

        if (page.Items.Count == 0 && page.Next is null && folder.Length > 0 && query.After.Length == 0)
        {
            await new Problem(
                page.Silent.Count == 0 ? ProblemType.NotFound : ProblemType.RetrievalTimeout,
                page.Silent.Count == 0
                    ? $"There is nothing in {FilePath.UrlOf(folder)}."
                    : $"There is nothing in {FilePath.UrlOf(folder)} on the nodes that answer; {page.Silent.Count} did not.")
                .ExecuteAsync(http);
            return;
        }

        var headers = http.Response.Headers;
        headers.CacheControl = "no-cache";
        headers.Vary = "Accept";
        if (isJson)
        {
            var json = http.RequestServices.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions;
            byte[] bytes = [.. JsonSerializer.SerializeToUtf8Bytes(FolderView.Of(page), json), (byte)'\n'];
            http.Response.ContentType = "application/json; charset=utf-8";
            http.Response.ContentLength = bytes.Length;
            await http.Response.Body.WriteAsync(bytes, http.RequestAborted);
            return;
        }

        http.Response.ContentType = "text/html; charset=utf-8";
        headers.ContentSecurityPolicy = FolderIndex.Policy;
        if (!HttpMethods.IsHead(http.Request.Method))
        {
            await WriteIndexAsync(http, node, settings, query, page);
        }
    }

    private static async Task WriteIndexAsync(
        HttpContext http, MurkyNode node, GatewaySettings settings, FolderQuery query, FolderPage page)
    {
        var hasSlash = http.Request.Path.Value?.EndsWith('/') == true;
        await WriteAsync(http, FolderIndex.Head(page.Folder, hasSlash, settings.Gateway.KeyDigests.Count == 0));
        var silent = page.Silent.ToHashSet();
        while (true)
        {
            await WriteAsync(http, FolderIndex.Lines(page.Items));
            if (page.Next is not { } next)
            {
                break;
            }

            try
            {
                page = await node.ListFolderAsync(query with { After = next }, http.RequestAborted);
            }
            catch (StoreException)
            {
                // The index has begun: a part of it must not look like the whole.
                http.Abort();
                return;
            }

            silent.UnionWith(page.Silent);
        }

        await WriteAsync(http, FolderIndex.Tail(silent.Count));
    }

    private static Task WriteAsync(HttpContext http, string text) =>
        http.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(text), http.RequestAborted).AsTask();

    private static Problem? TryReadQuery(IQueryCollection query, string folder, out FolderQuery wanted)
    {
        var after = query["after"].ToString();
        var limit = PageItems;
        wanted = new FolderQuery(folder, "", limit);
        if (query["limit"] is { Count: > 0 } text
            && (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out limit) || limit is < 1 or > PageItemsMax))
        {
            return new Problem(
                ProblemType.InvalidParameter, $"limit={text} is wrong: a whole number from 1 to {PageItemsMax} is wanted.");
        }

        var name = after.EndsWith('/') ? after[..^1] : after;
        if (after.Length > 0
            && (!ResourcePath.TryNormalize(name, out var path) || path != name || name.Contains('/', StringComparison.Ordinal)))
        {
            return new Problem(ProblemType.InvalidParameter, "after= is wrong: the last page's next is wanted, as it is.");
        }

        wanted = new FolderQuery(folder, after, limit);
        return null;
    }

    /// <summary>Whether JSON is named, and HTML not liked better: everybody takes anything, and browsers name HTML.</summary>
    private static bool WantsJson(HttpRequest request)
    {
        if (!MediaTypeHeaderValue.TryParseList(request.Headers.Accept, out var accepted))
        {
            return false;
        }

        var (json, html) = (QualityOf(MediaTypeNames.Application.Json), QualityOf(MediaTypeNames.Text.Html));
        return json > 0 && json > html;

        double QualityOf(string type) => accepted
            .Where(value => value.MediaType.Equals(type, StringComparison.OrdinalIgnoreCase))
            .Select(value => value.Quality ?? 1).DefaultIfEmpty().Max();
    }
}
