using System.Diagnostics;
using System.Net.Mime;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Diagnostics;
using MurkyWaters;
using MurkyWaters.Cluster;
using PouringRain.Protocol;

namespace Gateway.Http;

/// <summary>An error on its way to the client: a problem document (RFC 9457), or a small page for a browser that asks for one.</summary>
internal sealed class Problem : IResult
{
    /// <summary>When to come back to a store whose disk fails: after its next look at it.</summary>
    private const string RetrySeconds = "5";

    /// <summary>ENFILE and EMFILE.</summary>
    private const int OpenFilesOfMachine = 23, OpenFilesOfProcess = 24;

    private static readonly JsonSerializerOptions JsonOptions = new(JsonSerializerDefaults.Web) { Encoder = JsonText.Encoder };
    private readonly ProblemType _type;
    private readonly IReadOnlyList<SourceReport>? _sources;
    private readonly (long Expected, long Provided)? _offsets;

    public Problem(ProblemType type, string detail, IReadOnlyList<SourceReport>? sources = null)
    {
        _type = type;
        Detail = detail;
        _sources = sources;
    }

    private Problem(ProblemType type, string detail, (long Expected, long Provided) offsets)
        : this(type, detail) => _offsets = offsets;

    /// <summary>What exactly was wrong.</summary>
    public string Detail { get; }

    /// <summary>Whether it is of a kind.</summary>
    public bool Is(ProblemType type) => _type == type;

    /// <summary>The same, told otherwise.</summary>
    public Problem With(string detail) => new(_type, detail, _sources);

    /// <summary>A problem document (RFC 9457).</summary>
    /// <param name="Type">The kind, a path of the gateway that tells more.</param>
    /// <param name="Title">What it is, in a few words.</param>
    /// <param name="Status">The HTTP status.</param>
    /// <param name="Detail">What exactly was wrong this time.</param>
    /// <param name="Instance">The path that was asked for.</param>
    /// <param name="TraceId">The name of this request in the log.</param>
    /// <param name="Retryable">Whether the same request may succeed later without anybody changing anything.</param>
    /// <param name="Sources">The servers asked, a row each, when a fetch failed.</param>
    public sealed record Document(
        string Type, string Title, int Status, string Detail, string Instance, string TraceId, bool Retryable,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<SourceReport>? Sources = null)
    {
        /// <summary>Where an upload stands.</summary>
        [JsonPropertyName("expected-offset")]
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public long? ExpectedOffset { get; init; }

        /// <summary>Where the request thought it to be.</summary>
        [JsonPropertyName("provided-offset")]
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public long? ProvidedOffset { get; init; }
    }

    /// <summary>An upload does not stand where the client thinks.</summary>
    public static Problem OfOffset(long expected, long provided) =>
        new(ProblemType.MismatchingUploadOffset, $"The upload stands at {expected}, not at {provided}.", (expected, provided));

    public static Problem InvalidResourceId(string id) =>
        new(
            ProblemType.InvalidResourceId,
            $"\"{id}\" is no resource id: a whole number from 0 to {ulong.MaxValue}, decimal or hexadecimal after 0x, is wanted.");

    /// <summary>Why a resource could not be opened.</summary>
    /// <param name="id">The resource.</param>
    /// <param name="opened">What came of it.</param>
    /// <param name="name">What it was asked for by, where that is not the id.</param>
    public static Problem OfOpening(ResourceId id, OpenResult opened, string? name = null) =>
        OfOpening(name ?? $"resource {id}", opened);

    private static Problem OfOpening(string id, OpenResult opened) => opened.Status switch
    {
        OpenStatus.Deleted => new(ProblemType.Gone, $"{Capital(id)} was deleted.", opened.Sources),
        OpenStatus.NotFound => NotFound(id, opened.Sources),
        OpenStatus.NotCached => new(
            ProblemType.NotCached, $"{Capital(id)} is not here, and only-if-cached forbids to ask the servers for it."),
        OpenStatus.Unanswered when opened.IsObjectStoreAway => ObjectStoreAway(id, opened.Sources),
        OpenStatus.Unanswered => new(ProblemType.RetrievalTimeout, $"No server answered for {id} in time.", opened.Sources),
        OpenStatus.IntegrityFailure => new(
            ProblemType.IntegrityFailure, $"Every server that offered {id} sent wrong bytes.", opened.Sources),
        OpenStatus.NotUnderstood => NotUnderstood(id, opened.Sources),
        OpenStatus.Busy => new(ProblemType.Overloaded, $"The servers that may have {id} are busy.", opened.Sources),
        OpenStatus.TooFewPieces => PiecesMissing(id, opened.MissingPieces ?? []),
        OpenStatus.NoNetwork => new(
            ProblemType.Overloaded, $"This node cannot open a socket just now to ask the servers for {id}."),
        _ => new(ProblemType.StoreFull, $"The store could not keep {id}.", opened.Sources),
    };

    /// <summary>Why a fetch ended before its first byte.</summary>
    public static Problem OfFetch(ResourceId id, FetchFailedException failure) => OfFetch($"resource {id}", failure);

    private static Problem OfFetch(string id, FetchFailedException failure) => failure.Reason switch
    {
        FetchEndReason.NotFound when failure.MissingPieces is { } missing => PiecesMissing(id, missing),
        FetchEndReason.NotFound => NotFound(id, failure.Sources),
        FetchEndReason.IntegrityFailure => new(
            ProblemType.IntegrityFailure, $"Every server that offered {id} sent wrong bytes.", failure.Sources),
        FetchEndReason.NotUnderstood => NotUnderstood(id, failure.Sources),
        FetchEndReason.Busy => new(ProblemType.Overloaded, $"The servers that may have {id} are busy.", failure.Sources),
        FetchEndReason.Cancelled => new(ProblemType.Overloaded, $"The fetch of {id} was ended.", failure.Sources),
        FetchEndReason.LocalFailure when failure.StoreTrouble is { } trouble => new(ProblemType.StoreReadOnly, trouble, failure.Sources),
        FetchEndReason.LocalFailure => new(ProblemType.StoreFull, $"The store could not keep {id}.", failure.Sources),
        FetchEndReason.NoNetwork => new(
            ProblemType.Overloaded, $"This node cannot open a socket just now to ask the servers for {id}."),
        _ when failure.IsObjectStoreAway => ObjectStoreAway(id, failure.Sources),
        _ => new(ProblemType.RetrievalTimeout, $"The servers of {id} fell silent.", failure.Sources),
    };

    /// <summary>A resource is in pieces, and too few of them can be had.</summary>
    private static Problem PiecesMissing(string id, IReadOnlyCollection<int> missing) => new(
        ProblemType.PiecesMissing,
        $"{Capital(id)} is archived, and {missing.Count} of its pieces cannot be had: {string.Join(", ", missing)}. It can be read again "
        + "when nodes that have them are back.");

    private static Problem ObjectStoreAway(string id, IReadOnlyList<SourceReport>? sources) =>
        new(
            ProblemType.RetrievalTimeout,
            $"No server brings {id}, and the object store, which may have it, does not serve just now.", sources);

    private static Problem NotUnderstood(string id, IReadOnlyList<SourceReport>? sources) =>
        new(
            ProblemType.IntegrityFailure, $"What the servers offer of {id} is described in a way that this program does not know.",
            sources);

    private static Problem NotFound(string id, IReadOnlyList<SourceReport>? sources) => new(
        ProblemType.NotFound,
        sources is not { Count: > 0 } ? $"{Capital(id)} is not here, and there is no other server to ask."
            : sources.All(source => source.State == "notFound") ? $"No server has {id}."
            : $"No server that answered has {id}.",
        sources);

    private static string Capital(string text) => char.ToUpperInvariant(text[0]) + text[1..];

    /// <summary>What the store could not do.</summary>
    public static Problem OfStore(StoreException failure) => failure switch
    {
        StoreFullException => new(ProblemType.StoreFull, failure.Message),
        StoreBusyException => new(ProblemType.Overloaded, failure.Message),
        _ => new(ProblemType.StoreReadOnly, $"{failure.Message} What is here is still read. Try again in {RetrySeconds} seconds."),
    };

    /// <summary>Why the conditions of a write cannot be decided.</summary>
    public static Problem OfCluster(ClusterUnavailableException failure) => new(
        ProblemType.ClusterUnavailable,
        $"{failure.Message} Nothing was changed. Requests without conditions are served; try this one again in {RetrySeconds} seconds.");

    /// <summary>What the server found wrong with the request's form.</summary>
    public static Problem OfBadRequest(BadHttpRequestException failure) => new(
        failure.StatusCode == StatusCodes.Status400BadRequest ? ProblemType.IncompleteBody : ProblemType.OfStatus(failure.StatusCode),
        failure.Message);

    /// <summary>Writes the document for a bare status, so that no error goes out with an empty body.</summary>
    public static Task WriteStatusAsync(StatusCodeContext context)
    {
        var http = context.HttpContext;
        if (HttpMethods.IsOptions(http.Request.Method) && http.Response.StatusCode == StatusCodes.Status405MethodNotAllowed)
        {
            // Allow is there, which is all that was asked for (RFC 9110 §9.3.7).
            http.Response.StatusCode = StatusCodes.Status204NoContent;
            Uploads.UploadFields.AddToOptions(http);
            return Task.CompletedTask;
        }

        var type = ProblemType.OfStatus(http.Response.StatusCode);
        var detail = type == ProblemType.NotFound ? $"{http.Request.Path} leads nowhere."
            : type == ProblemType.MethodNotAllowed
                ? $"{http.Request.Method} is not for {http.Request.Path}; {http.Response.Headers.Allow} are."
            : $"{type.Title}.";
        return new Problem(type, detail).WriteAsync(http, http.Response.StatusCode);
    }

    /// <summary>Writes the document for an exception that nobody caught. What it says is for the log, not for the client.</summary>
    public static Task WriteExceptionAsync(HttpContext http) =>
        (http.Features.Get<IExceptionHandlerFeature>()?.Error switch
        {
            BadHttpRequestException badRequest => OfBadRequest(badRequest),
            StoreException store => OfStore(store),
            IOException { HResult: OpenFilesOfMachine or OpenFilesOfProcess } =>
                new Problem(ProblemType.Overloaded, "There are as many files and connections open as may be."),
            _ => new Problem(ProblemType.Internal, "Something failed inside; the log has more under the trace id."),
        }).ExecuteAsync(http);

    /// <inheritdoc/>
    public Task ExecuteAsync(HttpContext httpContext) => WriteAsync(httpContext, _type.Status);

    private Task WriteAsync(HttpContext http, int status)
    {
        var response = http.Response;
        response.StatusCode = status;
        response.Headers.CacheControl = "no-store";
        if (status is StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable
            && response.Headers.RetryAfter.Count == 0)
        {
            response.Headers.RetryAfter = _type == ProblemType.StoreReadOnly || _type == ProblemType.ClusterUnavailable
                ? RetrySeconds : "1";
        }

        var document = new Document(
            _type.Uri, _type.Title, status, VisibleText.Of(Detail), http.Request.Path, RequestId.Of(http), _type.IsRetryable, _sources)
        {
            ExpectedOffset = _offsets?.Expected,
            ProvidedOffset = _offsets?.Provided,
        };
        return WantsPage(http.Request) ? WritePageAsync(response, document) : WriteDocumentAsync(response, document);
    }

    /// <summary>Browsers name text/html when a person opens a link; tools do not.</summary>
    private static bool WantsPage(HttpRequest request) =>
        HttpMethods.IsGet(request.Method)
        && request.Headers.Accept.ToString() is var accept
        && accept.Contains("text/html", StringComparison.OrdinalIgnoreCase) && !accept.Contains("json", StringComparison.OrdinalIgnoreCase);

    private static Task WriteDocumentAsync(HttpResponse response, Document document)
    {
        byte[] bytes = [.. JsonSerializer.SerializeToUtf8Bytes(document, JsonOptions), (byte)'\n'];
        response.ContentType = MediaTypeNames.Application.ProblemJson;
        response.ContentLength = bytes.Length;
        return response.Body.WriteAsync(bytes, response.HttpContext.RequestAborted).AsTask();
    }

    private static Task WritePageAsync(HttpResponse response, Document document)
    {
        response.ContentType = "text/html; charset=utf-8";
        response.Headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'";
        return response.WriteAsync(
            $$"""
            <!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
            <title>{{document.Status}} {{Encode(document.Title)}}</title>
            <style>
            body{font:1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem;color-scheme:light dark}
            small{opacity:.7}
            </style>
            <h1>{{document.Status}} {{Encode(document.Title)}}</h1><p>{{Encode(document.Detail)}}</p>
            <p>{{(document.Retryable ? "Trying again later may help." : "")}}</p><p><small>{{Encode(document.TraceId)}}</small></p>
            <p><a href="/">Pouring Rain</a></p></html>
            """);
    }

    private static string Encode(string text) => HtmlEncoder.Default.Encode(text);
}

/// <summary>What a request is called in problems and in the log: its trace, which a <c>traceparent</c> of the client names.</summary>
internal static class RequestId
{
    public static string Of(HttpContext http) => Activity.Current?.TraceId.ToHexString() is { } trace
        && trace != default(ActivityTraceId).ToHexString()
        ? trace
        : http.TraceIdentifier;
}
