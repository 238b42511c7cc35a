using Microsoft.AspNetCore.Http.Features;

namespace Gateway.Rain;

/// <summary>An answer that lasts: server-sent events (WHATWG HTML, section 9.2), until the client goes or the gateway
/// ends.</summary>
internal sealed class EventStream(EventFeed feed, CancellationToken stopping) : IResult
{
    /// <inheritdoc/>
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-cache,no-store";
        response.Headers.Pragma = "no-cache";
        response.Headers.ContentEncoding = "identity";
        httpContext.Features.GetRequiredFeature<IHttpResponseBodyFeature>().DisableBuffering();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stopping, httpContext.RequestAborted);
        try
        {
            await feed.WatchAsync((bytes, cancellation) => response.Body.WriteAsync(bytes, cancellation), ended.Token);
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // That is how it ends.
        }
    }
}
