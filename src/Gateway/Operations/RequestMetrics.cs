using System.Diagnostics.Metrics;

namespace Gateway.Operations;

/// <summary>What is measured of requests. Routes are those of the program, so there are few rows.</summary>
internal sealed class RequestMetrics
{
    /// <summary>The name of all that the gateway measures.</summary>
    public const string MeterName = "PouringRain";

    private readonly Counter<long> _requests;
    private readonly Counter<long> _sentBytes;
    private readonly Counter<long> _receivedBytes;
    private readonly Counter<long> _opened;
    private readonly Counter<long> _savedBytes;

    public RequestMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        _requests = meter.CreateCounter<long>("rain.http.requests", null, "Requests ended, by route, method and status.");
        _sentBytes = meter.CreateCounter<long>("rain.http.sent.bytes", "By", "Bytes of resources handed to clients.");
        _receivedBytes = meter.CreateCounter<long>("rain.http.received.bytes", "By", "Bytes of uploads.");
        _opened = meter.CreateCounter<long>(
            "rain.cache.answers", null, "Reads of resources, by whether they were here (hit) or rained (miss).");
        _savedBytes = meter.CreateCounter<long>(
            "rain.cache.saved.bytes", "By", "Bytes handed to clients from what was here, which no server had to rain.");
    }

    /// <summary>Counts a request that has ended.</summary>
    /// <param name="http">The request.</param>
    /// <param name="sentBytes">Bytes of a resource that were sent.</param>
    /// <param name="receivedBytes">Bytes of an upload that came.</param>
    /// <param name="isHit">Whether a resource was here; null when none was read.</param>
    public void Count(HttpContext http, long sentBytes, long receivedBytes, bool? isHit)
    {
        // A made-up method must not make a new row each time.
        var method = http.Request.Method is "GET" or "HEAD" or "PUT" or "POST" or "PATCH" or "DELETE" or "OPTIONS"
            ? http.Request.Method
            : "other";
        _requests.Add(1, new("route", RouteOf(http)), new("method", method), new("status", http.Response.StatusCode));
        _sentBytes.Add(sentBytes);
        _receivedBytes.Add(receivedBytes);
        if (isHit is { } hit)
        {
            _opened.Add(1, new KeyValuePair<string, object?>("result", hit ? "hit" : "miss"));
            _savedBytes.Add(hit ? sentBytes : 0);
        }
    }

    /// <summary>The pattern of the endpoint that a request came to.</summary>
    public static string RouteOf(HttpContext http) => (http.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "other";
}
