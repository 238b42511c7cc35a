using System.Collections.Concurrent;

namespace Gateway.Operations;

/// <summary>Counts requests by route, method and status. Routes are those of the program, so there are few.</summary>
internal sealed class RequestMetrics
{
    private readonly ConcurrentDictionary<(string Route, string Method, int Status), long> _requests = new();
    private long _sentBytes;

    /// <summary>Bytes of resources handed to clients.</summary>
    public long SentBytes => Interlocked.Read(ref _sentBytes);

    /// <summary>The counts so far.</summary>
    public IEnumerable<KeyValuePair<(string Route, string Method, int Status), long>> Requests => _requests.OrderBy(pair => pair.Key);

    public void Count(HttpContext http, long sentBytes)
    {
        var route = (http.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "other";

        // A made-up method must not make a new row each time.
        var method = http.Request.Method is "GET" or "HEAD" or "PUT" or "POST" or "DELETE" or "OPTIONS" ? http.Request.Method : "other";
        _requests.AddOrUpdate((route, method, http.Response.StatusCode), 1, static (_, count) => count + 1);
        Interlocked.Add(ref _sentBytes, sentBytes);
    }
}
