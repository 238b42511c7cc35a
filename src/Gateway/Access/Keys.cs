using System.Security.Cryptography;
using System.Text;
using Gateway.Configuration;
using Gateway.Http;

namespace Gateway.Access;

/// <summary>Bearer keys (RFC 6750): writes need one once <c>Gateway:Keys</c> has any, reads too with <c>Gateway:ProtectReads</c>.</summary>
internal static class Keys
{
    /// <summary>Marks endpoints that tell of resources or change them.</summary>
    private sealed class Required;

    /// <summary>Puts endpoints under the keys.</summary>
    public static TBuilder RequireKeys<TBuilder>(this TBuilder endpoints)
        where TBuilder : IEndpointConventionBuilder => endpoints.WithMetadata(new Required());

    /// <summary>Whether an endpoint is under the keys.</summary>
    public static bool AreRequired(IEnumerable<object> metadata) => metadata.OfType<Required>().Any();

    /// <summary>Whether the endpoint of a request is under the keys, which is to say that it needs the node.</summary>
    public static bool IsMarked(HttpContext http) => http.GetEndpoint()?.Metadata.GetMetadata<Required>() is not null;

    /// <summary>Checks the key before anything else is read of the request.</summary>
    public static Task CheckAsync(HttpContext http, RequestDelegate next)
    {
        var options = http.RequestServices.GetRequiredService<GatewaySettings>().Gateway;
        var isRead = HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method);
        if (options.KeyDigests.Count == 0 || (isRead && !options.ProtectReads) || !IsMarked(http))
        {
            return next(http);
        }

        var given = http.Request.Headers.Authorization.ToString();
        const string Scheme = "Bearer ";
        if (given.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) && IsKnown(given.AsSpan(Scheme.Length).Trim(), options.KeyDigests))
        {
            return next(http);
        }

        const string Challenge = "Bearer realm=\"Pouring Rain\"";
        http.Response.Headers.WWWAuthenticate = given.Length == 0 ? Challenge : Challenge + ", error=\"invalid_token\"";
        var detail = given.Length == 0 ? "Authorization: Bearer with a key is needed." : "The key is not known.";
        return new Problem(ProblemType.Unauthorized, detail).ExecuteAsync(http);
    }

    /// <summary>Takes the same time whichever key it is, or none.</summary>
    private static bool IsKnown(ReadOnlySpan<char> key, IReadOnlyList<byte[]> digests)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        // The bytes as they came: a key beyond ASCII is UTF-8 in the settings and, from most clients, on the wire.
        SHA256.HashData(Encoding.Latin1.GetBytes(key.ToString()), digest);
        var isKnown = false;
        foreach (var known in digests)
        {
            isKnown |= CryptographicOperations.FixedTimeEquals(digest, known);
        }

        return isKnown;
    }
}
