using Gateway.Configuration;
using Gateway.Http;

namespace Gateway.Access;

/// <summary>What keeps pages of other origins, and stored bytes shown in a browser, from acting as the user of this gateway.</summary>
internal static class BrowserSafety
{
    /// <summary>On every answer: bytes are never taken for another type than the one named.</summary>
    public static Task AddHeadersAsync(HttpContext http, RequestDelegate next)
    {
        http.Response.OnStarting(
            static state =>
            {
                ((HttpResponse)state).Headers.XContentTypeOptions = "nosniff";
                return Task.CompletedTask;
            },
            http.Response);
        return next(http);
    }

    /// <summary>
    /// Refuses writes that a browser sends for a page of another origin: such a page may send simple requests without asking, and a
    /// gateway on localhost has no cookie or key whose absence would stop them. Tools send neither field and are not concerned.
    /// </summary>
    public static Task RefuseCrossSiteWritesAsync(HttpContext http, RequestDelegate next)
    {
        var request = http.Request;
        if (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method) || HttpMethods.IsOptions(request.Method))
        {
            return next(http);
        }

        var origin = request.Headers.Origin.ToString();
        var site = request.Headers["Sec-Fetch-Site"].ToString();
        var isForeign = site.Length > 0 ? site is not ("same-origin" or "none") : origin.Length > 0 && !IsOwn(origin, request.Host);
        var permitted = request.HttpContext.RequestServices.GetRequiredService<GatewaySettings>().Gateway.CorsOrigins;
        return !isForeign || permitted.Contains("*") || permitted.Contains(origin, StringComparer.OrdinalIgnoreCase)
            ? next(http)
            : new Problem(
                ProblemType.CrossSite,
                $"{(origin.Length > 0 ? origin : site)} is neither the Host of the request ({request.Host}) nor among Gateway:CorsOrigins. "
                + "A proxy in front has to pass Host on (nginx: proxy_set_header Host $http_host), or to be in Gateway:TrustedProxies "
                + "and to send X-Forwarded-Host.").ExecuteAsync(http);
    }

    private static bool IsOwn(string origin, HostString host) =>
        Uri.TryCreate(origin, UriKind.Absolute, out var uri)
            && string.Equals(uri.Authority, host.Value, StringComparison.OrdinalIgnoreCase);
}
