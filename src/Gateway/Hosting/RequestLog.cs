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
            metrics.Count(http, progress.Sent);
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

    [LoggerMessage(1, LogLevel.Information, "{Method} {Path} {Status}{Bytes} in {ElapsedMs:F1} ms, {End} {RequestId}")]
    private static partial void Ended(ILogger logger, string method, string path, int status, string bytes, double elapsedMs, string end, string requestId);

    private sealed class Progress
    {
        public long Sent { get; set; }

        public long Received { get; set; }

        public string? AbortReason { get; set; }

        public string Describe(HttpResponse response) =>
            Received > 0 ? string.Create(CultureInfo.InvariantCulture, $" received {Received} bytes")
            : Sent > 0 || AbortReason is not null ? string.Create(CultureInfo.InvariantCulture, $" sent {Sent} of {response.ContentLength} bytes")
            : "";
    }
}
