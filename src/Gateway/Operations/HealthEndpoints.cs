using Gateway.Hosting;

namespace Gateway.Operations;

/// <summary>Whether the process lives, and whether it should be given work.</summary>
internal static class HealthEndpoints
{
    public static void MapHealth(this IEndpointRouteBuilder app)
    {
        var health = app.MapGroup("/health").WithTags("Operations").LogQuietly();
        health.MapRead("/live", () => TypedResults.Ok(new Health("live", []))).WithName("Live").Answers<Health>(200).Says(200, "It lives.")
            .Describe("Whether the process lives", "As long as it answers, it does.");
        health.MapRead("/ready", Ready).WithName("Ready").Answers<Health>([200, 503])
            .Says(200, "It takes work.").Says(503, "It does not, and why.")
            .Describe("Whether it takes work", "503 while it opens its store, while it ends, and when the disk is full, with the reasons.");
    }

    /// <summary>An answer.</summary>
    /// <param name="Status"><c>live</c>, <c>ready</c> or <c>not ready</c>.</param>
    /// <param name="Reasons">Why it is not ready.</param>
    internal sealed record Health(string Status, IReadOnlyList<string> Reasons);

    private static IResult Ready(HttpContext http, Readiness readiness)
    {
        http.Response.Headers.CacheControl = "no-store";
        var reasons = readiness.FindReasons();
        return reasons.Count == 0
            ? TypedResults.Ok(new Health("ready", reasons))
            : TypedResults.Json(new Health("not ready", reasons), statusCode: StatusCodes.Status503ServiceUnavailable);
    }
}
