using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Gateway.Configuration;
using Gateway.Http;
using Microsoft.AspNetCore.Connections.Features;

namespace Gateway.Access;

/// <summary>Bearer keys (RFC 6750): writes need one once <c>Gateway:Keys</c> has any, reads too with <c>Gateway:ProtectReads</c>.</summary>
internal static class Keys
{
    private static readonly object Proof = new();

    /// <summary>Marks endpoints that tell of resources or change them.</summary>
    /// <param name="OfKey">Whether a key is needed for it.</param>
    private sealed record Required(bool OfKey);

    /// <summary>Puts endpoints under the keys.</summary>
    public static TBuilder RequireKeys<TBuilder>(this TBuilder endpoints)
        where TBuilder : IEndpointConventionBuilder => endpoints.WithMetadata(new Required(OfKey: true));

    /// <summary>Has endpoints, which need the node, answer without a key: they look at something else.</summary>
    public static TBuilder ServeWithoutKey<TBuilder>(this TBuilder endpoints)
        where TBuilder : IEndpointConventionBuilder => endpoints.WithMetadata(new Required(OfKey: false));

    /// <summary>Whether an endpoint is under the keys.</summary>
    public static bool AreRequired(IEnumerable<object> metadata) => metadata.OfType<Required>().Any(mark => mark.OfKey);

    /// <summary>Whether an endpoint needs the node.</summary>
    public static bool IsNodeNeeded(IEnumerable<object> metadata) => metadata.OfType<Required>().Any();

    /// <summary>Whether the endpoint of a request needs the node.</summary>
    public static bool IsNodeNeeded(HttpContext http) => http.GetEndpoint()?.Metadata.GetMetadata<Required>() is not null;

    /// <summary>Checks the key before anything else is read of the request.</summary>
    public static Task CheckAsync(HttpContext http, RequestDelegate next)
    {
        var options = http.RequestServices.GetRequiredService<GatewaySettings>().Gateway;
        var isRead = HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method);
        if (options.KeyDigests.Count == 0 || (isRead && !options.ProtectReads)
            || http.GetEndpoint()?.Metadata.GetMetadata<Required>() is not { OfKey: true })
        {
            return next(http);
        }

        var given = http.Request.Headers.Authorization.ToString();
        const string Scheme = "Bearer ";
        if (given.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            var guesses = http.RequestServices.GetRequiredService<KeyGuesses>();
            var address = http.Connection.RemoteIpAddress;
            if (!IsProven(http) && guesses.WaitOf(address) is { } wait)
            {
                var seconds = Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
                http.Response.Headers.RetryAfter = seconds;
                return new Problem(
                    ProblemType.TooManyRequests,
                    $"Too many wrong keys came from this address; the next is looked at in {seconds} s.").ExecuteAsync(http);
            }

            if (IsKnown(given.AsSpan(Scheme.Length).Trim(), options.KeyDigests))
            {
                Prove(http, isRight: true);
                return next(http);
            }

            Prove(http, isRight: false);
            guesses.NoteWrong(address);
        }

        const string Challenge = "Bearer realm=\"Pouring Rain\"";
        http.Response.Headers.WWWAuthenticate = given.Length == 0 ? Challenge : Challenge + ", error=\"invalid_token\"";
        var detail = given.Length == 0 ? "Authorization: Bearer with a key is needed." : "The key is not known.";
        return new Problem(ProblemType.Unauthorized, detail).ExecuteAsync(http);
    }

    /// <summary>Whether the last key that came over this connection was right: then it is not the one over which is guessed, though that
    /// comes from the same address, behind which there may be many.</summary>
    private static bool IsProven(HttpContext http)
    {
        if (http.Features.Get<IConnectionItemsFeature>()?.Items is not { } items)
        {
            return false;
        }

        // Requests of HTTP/2 share a connection.
        lock (items)
        {
            return items.ContainsKey(Proof);
        }
    }

    private static void Prove(HttpContext http, bool isRight)
    {
        if (http.Features.Get<IConnectionItemsFeature>()?.Items is not { } items)
        {
            return;
        }

        lock (items)
        {
            if (isRight)
            {
                items[Proof] = Proof;
            }
            else
            {
                items.Remove(Proof);
            }
        }
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
