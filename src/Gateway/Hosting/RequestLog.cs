using System.Diagnostics;
using System.Globalization;
using Gateway.Http;

namespace Gateway.Hosting;

/// <summary>One line a request, when it has ended, with what was sent against what was announced.</summary>
internal static partial class RequestLog
{
    private static readonly object ProgressKey = new();

    public static async Task WriteAsync(HttpContext http, RequestDelegate next)
    {
        var logger = http.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("Gateway.Requests");
        var metrics = http.RequestServices.GetRequiredService<Operations.RequestMetrics>();
        var began = Stopwatch.GetTimestamp();
        var progress = new Progress();
        http.Items[ProgressKey] = progress;
        try
        {
            await next(http);
        }
        finally
        {
            var elapsed = Stopwatch.GetElapsedTime(began);
            var response = http.Response;
            metrics.Count(http, progress.Sent, progress.Received, progress.IsHit);
            Trace(http, response.StatusCode);
            var end = progress.AbortReason is { } reason ? $"aborted: {reason}" : http.RequestAborted.IsCancellationRequested ? "client gone" : "done";

            // The path in its encoded form: no line breaks of strangers in the log.
            var path = http.Request.Path.ToUriComponent();
            Ended(logger, http.Request.Method, path, response.StatusCode, progress.Describe(response), elapsed.TotalMilliseconds, end, RequestId.Of(http));
        }
    }

    /// <summary>Counts bytes of a resource handed to the connection.</summary>
    public static void CountSent(HttpContext http, int bytes)
    {
        if (http.Items[ProgressKey] is Progress progress)
        {
            progress.Sent += bytes;
        }
    }

    /// <summary>Notes whether the resource of a request was here.</summary>
    public static void NoteHit(HttpContext http, bool isHit)
    {
        if (http.Items[ProgressKey] is Progress progress)
        {
            progress.IsHit = isHit;
        }
    }

    /// <summary>Counts bytes of an upload.</summary>
    public static void CountReceived(HttpContext http, long bytes)
    {
        if (http.Items[ProgressKey] is Progress progress)
        {
            progress.Received += bytes;
        }
    }

    /// <summary>Breaks the connection, so that nobody takes what was sent for the whole.</summary>
    public static void Abort(HttpContext http, string reason)
    {
        if (http.Items[ProgressKey] is Progress progress)
        {
            progress.AbortReason = reason;
        }

        http.Abort();
    }

    /// <summary>Says in the request's span what the framework does not.</summary>
    private static void Trace(HttpContext http, int status)
    {
        if (Activity.Current is { IsAllDataRequested: true, Kind: ActivityKind.Server } span)
        {
            var route = Operations.RequestMetrics.RouteOf(http);
            span.DisplayName = $"{http.Request.Method} {route}";
            span.SetTag("http.request.method", http.Request.Method).SetTag("http.route", route).SetTag("url.path", http.Request.Path.ToUriComponent())
                .SetTag("http.response.status_code", status).SetStatus(status >= 500 ? ActivityStatusCode.Error : ActivityStatusCode.Unset);
        }
    }

    [LoggerMessage(1, LogLevel.Information, "{Method} {Path} {Status}{Bytes} in {ElapsedMs:F1} ms, {End} {RequestId}")]
    private static partial void Ended(
        ILogger logger, string method, string path, int status, string bytes, double elapsedMs, string end, string requestId);

    private sealed class Progress
    {
        public long Sent { get; set; }

        public long Received { get; set; }

        public bool? IsHit { get; set; }

        public string? AbortReason { get; set; }

        public string Describe(HttpResponse response) =>
            Received > 0 ? string.Create(CultureInfo.InvariantCulture, $" received {Received} bytes")
            : Sent > 0 || AbortReason is not null ? string.Create(CultureInfo.InvariantCulture, $" sent {Sent} of {response.ContentLength} bytes")
            : "";
    }
}
