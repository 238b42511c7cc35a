using System.Globalization;
using System.Text.RegularExpressions;
using Gateway.Access;
using Gateway.Configuration;
using Gateway.Files;
using Gateway.Hosting;
using Gateway.Http;
using Gateway.Operations.Document;
using Microsoft.AspNetCore.Http.Features;
using MurkyWaters;
using PouringRain.Protocol;

namespace Gateway.Resources;

/// <summary>
/// GET and HEAD of a resource:
/// 1. what the request says of ranges and of where the bytes may come from;
/// 2. opening, here or in the rain;
/// 3. preconditions and ranges against the version found;
/// 4. the fields of the answer;
/// 5. the bytes (<see cref="BodySender"/>).
/// </summary>
internal static partial class ResourceReading
{
    /// <summary>Downloads a resource</summary>
    /// <remarks>
    /// From the store, or from the rain of all servers that have it. Range, If-Range and conditional requests work; Cache-Control: no-cache
    /// forces the rain, only-if-cached forbids it.
    /// </remarks>
    /// <response code="200">The whole resource, with the media type it was given.</response>
    /// <response code="206">The range asked for, or multipart/byteranges when there are several.</response>
    /// <response code="304">It is at the version that If-None-Match names; no body.</response>
    public static Task GetAsync(HttpContext http, NodeHost host, GatewaySettings settings, TimeProvider time, [ResourceId] string id) =>
        HandleAsync(http, host, settings, time, id);

    /// <summary>Downloads a resource: the header fields alone</summary>
    /// <remarks>
    /// From the store, or from the rain of all servers that have it. Range, If-Range and conditional requests work; Cache-Control: no-cache
    /// forces the rain, only-if-cached forbids it.
    /// </remarks>
    /// <response code="200">The whole resource, with the media type it was given.</response>
    /// <response code="304">It is at the version that If-None-Match names; no body.</response>
    public static Task HeadAsync(HttpContext http, NodeHost host, GatewaySettings settings, TimeProvider time, [ResourceId] string id) =>
        HandleAsync(http, host, settings, time, id);

    /// <summary>Downloads a resource</summary>
    /// <remarks>As /resources/{id} does.</remarks>
    /// <response code="200">The whole resource, with the media type it was given.</response>
    /// <response code="206">The range asked for, or multipart/byteranges when there are several.</response>
    /// <response code="304">It is at the version that If-None-Match names; no body.</response>
    public static Task GetClassicAsync(
        HttpContext http, NodeHost host, GatewaySettings settings, TimeProvider time, [ResourceId] string id) =>
        HandleClassicAsync(http, host, settings, time, id);

    /// <summary>Downloads a resource: the header fields alone</summary>
    /// <remarks>As /resources/{id} does.</remarks>
    /// <response code="200">The whole resource, with the media type it was given.</response>
    /// <response code="304">It is at the version that If-None-Match names; no body.</response>
    public static Task HeadClassicAsync(
        HttpContext http, NodeHost host, GatewaySettings settings, TimeProvider time, [ResourceId] string id) =>
        HandleClassicAsync(http, host, settings, time, id);

    private static Task HandleAsync(HttpContext http, NodeHost host, GatewaySettings settings, TimeProvider time, string id) =>
        ResourceId.TryParse(id, out var resource)
            ? AnswerAsync(http, host, settings, time, resource, path: null)
            : Problem.InvalidResourceId(id).ExecuteAsync(http);

    /// <summary>What is asked for at the top and is called as files are is not meant as a number: browsers and crawlers ask everybody for
    /// some.</summary>
    private static Task HandleClassicAsync(HttpContext http, NodeHost host, GatewaySettings settings, TimeProvider time, string id) =>
        id.StartsWith('.') || FileEnding().IsMatch(id)
            ? new Problem(
                ProblemType.NotFound,
                $"There is no /{id}: at the top are the numbers of resources, as /42, and what has a name is under {FilePath.Root}/.")
                .ExecuteAsync(http)
            : HandleAsync(http, host, settings, time, id);

    [GeneratedRegex("[.][a-zA-Z][a-zA-Z0-9]*$")]
    private static partial Regex FileEnding();

    /// <summary>Answers with a resource.</summary>
    /// <param name="http">The request.</param>
    /// <param name="host">The node.</param>
    /// <param name="settings">The settings.</param>
    /// <param name="time">The clock.</param>
    /// <param name="resource">The resource.</param>
    /// <param name="path">The name that it was asked for by, which it must have; null when it was by its id.</param>
    public static async Task AnswerAsync(
        HttpContext http, NodeHost host, GatewaySettings settings, TimeProvider time, ResourceId resource, string? path)
    {
        // Bytes of strangers must not get a hold in the browser for the gateway's whole origin.
        if (http.Request.Headers["Service-Worker"].Count > 0)
        {
            await new Problem(
                ProblemType.ServiceWorker, "A service worker script would rule the gateway's whole origin.").ExecuteAsync(http);
            return;
        }

        var range = HttpMethods.IsHead(http.Request.Method) ? null : RangeHeader.Parse(http.Request.Headers.Range);
        var options = PlanOpening(http.Request, range);
        var began = TimeProvider.System.GetTimestamp();
        var wasHere = options.Source == OpenSource.RainOnly && host.Node.Find(resource) is { Manifest.IsDeleted: false };
        var opened = await host.Node.OpenAsync(resource, options, http.RequestAborted);
        if (opened.Reader is not { } reader)
        {
            await (path is null ? Problem.OfOpening(resource, opened) : await FileReading.ExplainAsync(http, host.Node, path, opened))
                .ExecuteAsync(http);
            return;
        }

        await using (reader)
        {
            if (path is not null && reader.Manifest.Path != path)
            {
                await FileReading.OtherName(path, resource).ExecuteAsync(http);
                return;
            }

            RequestLog.NoteHit(http, reader.IsHit);
            var timing = new ServerTiming(reader.IsHit, TimeProvider.System.GetElapsedTime(began))
            {
                MissingPieces = reader.Coding is null ? null : reader.MissingPieces?.Length ?? -1,
            };
            var answer = new Answer(
                http, resource, reader, timing, time.GetUtcNow(), isFresherAsked: wasHere, settings.Behaviour.ShareContent);
            await answer.SendAsync(range);
        }
    }

    /// <summary>Where to look, and the bytes to ask for at once. A HEAD and a request that may end in 304 or 412 ask for the manifest
    /// alone; so does a suffix range, which means nothing before the length is known.</summary>
    private static OpenOptions PlanOpening(HttpRequest request, RangeHeader? range)
    {
        var cacheControl = RequestCacheControl.Read(request.Headers);
        var source = cacheControl.OnlyIfCached ? OpenSource.LocalOnly : cacheControl.NoCache ? OpenSource.RainOnly : OpenSource.Any;
        var demand = HttpMethods.IsHead(request.Method) || Preconditions.AreAnyIn(request.Headers) ? (0, 0)
            : range is null ? (0, long.MaxValue)
            : range.FirstDemand ?? (0, 0);
        return new OpenOptions
        {
            Source = source,
            DemandOffset = demand.Item1,
            DemandLength = demand.Item2,
            Network = Clients.NetworkOf(request.HttpContext),
        };
    }

    /// <summary>One answer from an open reader.</summary>
    private sealed class Answer
    {
        private readonly HttpContext _http;
        private readonly ResourceId _resource;
        private readonly ResourceReader _reader;
        private readonly ServerTiming _timing;
        private readonly DateTimeOffset _now;
        private readonly bool _isFresherAsked;
        private readonly bool _isStored;

        public Answer(
            HttpContext http, ResourceId resource, ResourceReader reader, ServerTiming timing, DateTimeOffset now, bool isFresherAsked,
            bool isStored)
        {
            _http = http;
            _resource = resource;
            _reader = reader;
            _timing = timing;
            _now = now;
            _isFresherAsked = isFresherAsked;
            _isStored = isStored;
        }

        private Manifest Manifest => _reader.Manifest;

        public async Task SendAsync(RangeHeader? range)
        {
            var request = _http.Request;
            var response = _http.Response;
            AddValidators(response.Headers);
            switch (Preconditions.Evaluate(request.Headers, isRead: true, Manifest, _now))
            {
                case Preconditions.Outcome.NotModified:
                    response.StatusCode = StatusCodes.Status304NotModified;
                    return;
                case Preconditions.Outcome.Failed:
                    await new Problem(
                        ProblemType.PreconditionFailed,
                        $"Resource {_resource} is at version {Preconditions.EntityTagOf(Manifest)}.").ExecuteAsync(_http);
                    return;
                case Preconditions.Outcome.Proceed:
                default:
                    break;
            }

            var length = Manifest.Layout.Length;
            IReadOnlyList<ByteRange> ranges = [];
            var outcome = range is not null && Preconditions.PermitRange(request.Headers, Manifest, _now)
                ? range.Resolve(length, out ranges)
                : RangeHeader.Outcome.Whole;
            if (outcome == RangeHeader.Outcome.Unsatisfiable)
            {
                response.Headers.ContentRange = ByteRange.ContentRangeOfNone(length);
                await new Problem(ProblemType.RangeNotSatisfiable, $"Resource {_resource} has {length} bytes.").ExecuteAsync(_http);
                return;
            }

            AddDescription(request, response.Headers);
            AddCacheStatus(response.Headers, isWhole: outcome == RangeHeader.Outcome.Whole);
            var isPartial = outcome == RangeHeader.Outcome.Partial;
            var body = ResponseBody.Plan(isPartial ? ranges : [new ByteRange(0, length)], length, Manifest.ContentType, isPartial);
            response.StatusCode = isPartial ? StatusCodes.Status206PartialContent : StatusCodes.Status200OK;
            response.ContentType = body.ContentType;
            response.ContentLength = body.Length;
            if (body.ContentRange is not null)
            {
                response.Headers.ContentRange = body.ContentRange;
            }

            if (HttpMethods.IsHead(request.Method))
            {
                _timing.AddTo(response.Headers);
                return;
            }

            // Compression would change the bytes, and buffering would hold them: neither belongs here.
            _http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
            await BodySender.SendAsync(_http, _resource, _reader, body, _timing);
        }

        /// <summary>What 304 carries as well (RFC 9110 §15.4.5).</summary>
        private void AddValidators(IHeaderDictionary headers)
        {
            headers.ETag = Preconditions.EntityTagOf(Manifest);

            // By one clock, so that the one date is never later than the other.
            headers.Date = _now.ToString("R", CultureInfo.InvariantCulture);
            headers.LastModified = Preconditions.LastModifiedOf(Manifest, _now).ToString("R", CultureInfo.InvariantCulture);

            // The id may get other bytes at any time: whoever keeps a copy has to ask. The tag is strong: whoever passes the bytes on
            // must not compress them under it.
            headers.CacheControl = "no-cache, no-transform";
        }

        private void AddDescription(HttpRequest request, IHeaderDictionary headers)
        {
            headers.AcceptRanges = "bytes";
            DigestFields.Add(request.Headers, headers, Manifest.Sha256);
            var name = Dispositions.Clean(request.Query["filename"]) ?? Dispositions.Clean(Manifest.FileName);
            if (Dispositions.Format(Manifest.IsAttachment || request.Query["download"] is [("1" or "true" or "")], name) is { } disposition)
            {
                headers.ContentDisposition = disposition;
            }

            // Strangers' bytes: shown or run in a browser they may do nothing to the gateway's own origin.
            headers.ContentSecurityPolicy = "sandbox; default-src 'none'";
        }

        /// <summary>RFC 9211. A miss is <c>fwd=request</c> where there was a copy that the request would not have.</summary>
        private void AddCacheStatus(IHeaderDictionary headers, bool isWhole) =>
            headers["Cache-Status"] = _reader.IsHit ? "rain; hit"
                : $"rain; fwd={(_isFresherAsked ? "request" : "miss")}{(_isStored && isWhole && _reader.Coding is null ? "; stored" : "")}";
    }
}
