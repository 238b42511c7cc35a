namespace Gateway.Hosting;

/// <summary>The page in wwwroot.</summary>
internal static class PageFiles
{
    /// <summary>Serves it. Nothing on it comes from elsewhere, and it may not be framed.</summary>
    public static void UsePage(this WebApplication app)
    {
        app.UseDefaultFiles();
        app.UseStaticFiles(new StaticFileOptions
        {
            OnPrepareResponse = served =>
            {
                served.Context.Response.Headers.ContentSecurityPolicy =
                    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";
                served.Context.Response.Headers.CacheControl = "no-cache";
            },
        });
    }
}
