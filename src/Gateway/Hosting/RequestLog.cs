using Gateway.Http;
using Gateway.Operations;
using Gateway.Sharing;
using Serilog;
using Serilog.Events;

namespace Gateway.Hosting;

/// <summary>One line a request, when it has ended, with what was sent against what was announced: Serilog's request log, told of what it
/// cannot know.</summary>
internal static class RequestLog
{
    private const string Source = "Gateway.Requests";
    private const string Template = "{Method} {Path} {Status}{Bytes} in {ElapsedMs:F1} ms, {End} {RequestId}";

    /// <summary>What is asked over and over, by open pages and by whoever watches the gateway,
    /// is worth a line only when it goes wrong.</summary>
    private sealed record Quiet(bool IsStream);

    /// <summary>The path of a request for the eyes of the operator: in its encoded form, so that there are no line breaks of strangers in
    /// the log, and without what is a secret.</summary>
    public static string PathOf(HttpContext http) =>
        http.Request.Path.StartsWithSegments(SharedReading.Root) ? SharedReading.Root + "/*" : http.Request.Path.ToUriComponent();

    /// <summary>Writes the line of an endpoint that is polled at level Debug as long as all is well.</summary>
    public static TBuilder LogQuietly<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(new Quiet(IsStream: false));

    /// <summary>The same of one that streams until its client goes.</summary>
    public static TBuilder LogStreamQuietly<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(new Quiet(IsStream: true));

    /// <summary>Logs and counts every request that comes here.</summary>
    public static void UseRequestLog(this WebApplication app)
    {
        app.UseSerilogRequestLogging(options =>
        {
            options.Logger = new NamedLogger(app.Services.GetRequiredService<Serilog.ILogger>(), Source);
            options.MessageTemplate = Template;
            options.GetLevel = LevelOf;
            options.GetMessageTemplateProperties = Describe;
            options.EnrichDiagnosticContext = AddFigures;
        });
        app.Use(CountAsync);
    }

    /// <summary>Counts bytes of a resource handed to the connection.</summary>
    public static void CountSent(HttpContext http, int bytes)
    {
        if (http.Features.Get<RequestProgress>() is { } progress)
        {
            progress.SentBytes += bytes;
        }
    }

    /// <summary>Notes whether the resource of a request was here.</summary>
    public static void NoteHit(HttpContext http, bool isHit)
    {
        if (http.Features.Get<RequestProgress>() is { } progress)
        {
            progress.IsHit = isHit;
        }
    }

    /// <summary>Notes that the connection takes no more, which the server itself learns a little later.</summary>
    public static void NoteGone(HttpContext http)
    {
        if (http.Features.Get<RequestProgress>() is { } progress)
        {
            progress.IsBroken = true;
        }
    }

    /// <summary>Counts bytes of an upload.</summary>
    public static void CountReceived(HttpContext http, long bytes)
    {
        if (http.Features.Get<RequestProgress>() is { } progress)
        {
            progress.ReceivedBytes += bytes;
        }
    }

    /// <summary>Breaks the connection, so that nobody takes what was sent for the whole.</summary>
    public static void Abort(HttpContext http, string reason)
    {
        if (http.Features.Get<RequestProgress>() is { } progress)
        {
            progress.AbortReason = reason;
        }

        http.Abort();
    }

    private static async Task CountAsync(HttpContext http, RequestDelegate next)
    {
        var progress = new RequestProgress(http);
        http.Features.Set(progress);
        try
        {
            await next(http);
        }
        finally
        {
            progress.End(http);
            http.RequestServices.GetRequiredService<RequestMetrics>().Count(
                http, progress.SentBytes, progress.ReceivedBytes, progress.IsHit);
        }
    }

    private static LogEventLevel LevelOf(HttpContext http, double elapsedMs, Exception? failure) =>
        failure is not null ? LogEventLevel.Error

        // What the page is made of: dozens of files each time that it is opened.
        : http.GetEndpoint() is null && http.Response.StatusCode < StatusCodes.Status400BadRequest ? LogEventLevel.Debug
        : http.GetEndpoint()?.Metadata.GetMetadata<Quiet>() is { } quiet && http.Response.StatusCode < StatusCodes.Status400BadRequest
            && (quiet.IsStream || http.Features.Get<RequestProgress>() is not { IsBroken: true }) ? LogEventLevel.Debug
        : LogEventLevel.Information;

    /// <summary>What the line is made of.</summary>
    private static LogEventProperty[] Describe(HttpContext http, string path, double elapsedMs, int status)
    {
        var progress = http.Features.Get<RequestProgress>();
        return
        [
            Property("Method", http.Request.Method),
            Property("Path", PathOf(http)),
            Property("Status", status),
            Property("Bytes", progress?.Describe(http.Response) ?? ""),
            Property("ElapsedMs", elapsedMs),
            Property(
                "End",
                progress?.AbortReason is { } reason ? $"aborted: {reason}" : progress is { IsBroken: true } ? "client gone" : "done"),
            Property("RequestId", RequestId.Of(http)),
        ];

        static LogEventProperty Property(string name, object value) => new(name, new ScalarValue(value));
    }

    /// <summary>The figures of a body, for logs that programs read.</summary>
    private static void AddFigures(IDiagnosticContext line, HttpContext http)
    {
        if (http.Features.Get<RequestProgress>() is not { } progress)
        {
            return;
        }

        if (progress.SentBytes > 0)
        {
            line.Set("SentBytes", progress.SentBytes);
            line.Set("AnnouncedBytes", http.Response.ContentLength);
        }

        if (progress.ReceivedBytes > 0)
        {
            line.Set("ReceivedBytes", progress.ReceivedBytes);
        }
    }
}
