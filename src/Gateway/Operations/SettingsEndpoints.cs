using Gateway.Access;
using Gateway.Configuration;
using Gateway.Hosting;
using Gateway.Http;
using Gateway.Rain;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Gateway.Operations;

/// <summary>What the gateway is set to.</summary>
internal static class SettingsEndpoints
{
    public static void MapSettings(this IEndpointRouteBuilder app) =>
        app.MapGroup("/settings").WithTags("Operations").RequireKeys()
            .MapMethods("/", Methods.Read, List).LogQuietly().WithName("ListSettings");

    /// <summary>Lists the settings</summary>
    /// <remarks>All of the gateway's own, with what is in force and who said so. They are changed where that is said, not here; secrets
    /// are not shown.</remarks>
    /// <response code="200">All of them.</response>
    internal static Ok<ItemList<SettingView>> List(HttpContext http, CurrentSettings current)
    {
        http.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(new ItemList<SettingView>([.. KnownSettings.All.Select(setting => SettingView.Of(setting, current))]));
    }
}
