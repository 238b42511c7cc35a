using Microsoft.Net.Http.Headers;

namespace Gateway.Hosting;

/// <summary>The page in wwwroot.</summary>
internal static class PageFiles
{
    private static readonly PathString Robots = "/robots.txt";

    /// <summary>Serves it. Nothing on it comes from elsewhere, and it may not be framed.</summary>
    public static void UsePage(this WebApplication app)
    {
        app.Use(RefuseOtherMethods);

        // It looks on the disk for every path that it is asked about, and the page is one folder.
        app.UseWhen(http => http.Request.Path == "/", root => root.UseDefaultFiles());
        var files = new StaticFileOptions
        {
            OnPrepareResponse = served =>
            {
                if (served.Context.Request.Path == Robots)
                {
                    served.Context.Response.Headers.Vary = HeaderNames.UserAgent;
                }

                served.Context.Response.Headers.ContentSecurityPolicy =
                    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";
                served.Context.Response.Headers.CacheControl = "no-cache";
            },
        };
        app.UseWhen(http => !IsAskedByMirror(http.Request), page => page.UseStaticFiles(files));
    }

    /// <summary>Whoever calls <c>wget -r</c> means what is here, and no file for robots in the midst of it; but it asks for one, and
    /// obeys.</summary>
    private static bool IsAskedByMirror(HttpRequest request) =>
        request.Path == Robots && request.Headers.UserAgent.ToString().StartsWith("wget", StringComparison.OrdinalIgnoreCase);

    /// <summary>What is there for GET alone answers other methods with 405, not 404; and
    /// <c>OPTIONS *</c> is about no path at all.</summary>
    private static Task RefuseOtherMethods(HttpContext http, RequestDelegate next)
    {
        var request = http.Request;
        if (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method))
        {
            return next(http);
        }

        if (!request.Path.HasValue && HttpMethods.IsOptions(request.Method))
        {
            http.Response.StatusCode = StatusCodes.Status204NoContent;
            return Task.CompletedTask;
        }

        var files = http.RequestServices.GetRequiredService<IWebHostEnvironment>().WebRootFileProvider;
        if (request.Path != "/" && !files.GetFileInfo(request.Path).Exists)
        {
            return next(http);
        }

        http.Response.Headers.Allow = "GET, HEAD";
        http.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
        return Task.CompletedTask;
    }
}
