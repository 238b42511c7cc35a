using Gateway.Hosting;
using Gateway.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Gateway.Operations;

/// <summary>Whether the process lives, and whether it should be given work.</summary>
internal static class HealthEndpoints
{
    public static void MapHealth(this IEndpointRouteBuilder app)
    {
        var health = app.MapGroup("/health").WithTags("Operations").LogQuietly();
        health.MapMethods("/live", Methods.Read, Live).WithName("Live");
        health.MapMethods("/ready", Methods.Read, Ready).WithName("Ready").Produces<Health>(503);
    }

    /// <summary>Whether the process lives</summary>
    /// <remarks>As long as it answers, it does.</remarks>
    /// <response code="200">It lives.</response>
    internal static Ok<Health> Live() => TypedResults.Ok(new Health("live", []));

    /// <summary>Whether it takes work</summary>
    /// <remarks>
    /// 503 while it opens its store, while it ends, when the disk is full or fails, and when no socket can be opened, with the reasons.
    /// It takes work while it is cut off from etcd, and says so.
    /// </remarks>
    /// <response code="200">It takes work.</response>
    /// <response code="503">It does not, and why.</response>
    internal static Results<Ok<Health>, JsonHttpResult<Health>> Ready(HttpContext http, Readiness readiness)
    {
        http.Response.Headers.CacheControl = "no-store";
        var reasons = readiness.FindReasons();
        return reasons.Count == 0
            ? TypedResults.Ok(new Health("ready", readiness.FindShortcomings()))
            : TypedResults.Json(new Health("not ready", reasons), statusCode: StatusCodes.Status503ServiceUnavailable);
    }

    /// <summary>An answer.</summary>
    /// <param name="Status"><c>live</c>, <c>ready</c> or <c>not ready</c>.</param>
    /// <param name="Reasons">Why it is not ready; of one that is, what it lacks all the same.</param>
    /// <example>{ "status": "not ready", "reasons": ["the disk of /data has 4096 bytes free"] }</example>
    internal sealed record Health(string Status, IReadOnlyList<string> Reasons);
}
