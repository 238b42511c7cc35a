using Microsoft.AspNetCore.Http.HttpResults;

namespace Gateway.Cluster;

/// <summary>Leads clients to the gateway of another node.</summary>
internal static class OtherGateway
{
    /// <summary>The same request, at a path of another gateway.</summary>
    /// <param name="gateway">Where that is.</param>
    /// <param name="path">The path there, from its slash on.</param>
    public static RedirectHttpResult RedirectTo(Uri gateway, string path) => TypedResults.Redirect(
        gateway.GetLeftPart(UriPartial.Path).TrimEnd('/') + path, permanent: false, preserveMethod: true);
}
