using System.Security.Cryptography;
using Microsoft.AspNetCore.Http.Features;

namespace Gateway.Http;

/// <summary>
/// The hashes of a body as it arrives: those that were announced, and every one when digest fields are announced for the trailer section
/// (RFC 9530 §6.5), which says by which hash only when the body is over.
/// </summary>
internal sealed class BodyHashes : IDisposable
{
    private readonly Dictionary<DigestAlgorithm, IncrementalHash> _hashes;

    private BodyHashes(IEnumerable<DigestAlgorithm> algorithms) =>
        _hashes = algorithms.ToDictionary(algorithm => algorithm, algorithm => IncrementalHash.CreateHash(algorithm.Hash));

    /// <summary>Those that a request's body wants.</summary>
    public static BodyHashes Of(HttpRequest request, AnnouncedDigests announced) =>
        new(DigestFields.AreInTrailer(request.Headers) ? DigestAlgorithm.All : announced.Algorithms);

    /// <summary>Those that were announced.</summary>
    public static BodyHashes Of(AnnouncedDigests announced) => new(announced.Algorithms);

    /// <summary>Takes the next bytes.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        foreach (var hash in _hashes.Values)
        {
            hash.AppendData(bytes);
        }
    }

    /// <summary>What is wrong with a body that was read to its end, in view of what was
    /// announced before it and in its trailer section.</summary>
    /// <param name="http">The request.</param>
    /// <param name="announced">What was announced of the body.</param>
    /// <param name="isWhole">Whether the body is the whole, so that a digest of the whole is one of the body.</param>
    public Problem? Check(HttpContext http, AnnouncedDigests announced, bool isWhole)
    {
        var digests = announced;
        if (http.Features.Get<IHttpRequestTrailersFeature>() is { Available: true, Trailers: { Count: > 0 } trailers })
        {
            if (DigestFields.TryReadUpload(trailers, out var part, out var whole) is { } malformed)
            {
                return malformed;
            }

            if (!isWhole && !whole.IsEmpty)
            {
                return new Problem(
                    ProblemType.InvalidDigest,
                    "The digest of the whole comes before the body of a part, or with the request that began the upload.");
            }

            if (announced.With(part)?.With(whole) is not { } all)
            {
                return DigestFields.Contradiction();
            }

            if (all.Algorithms.FirstOrDefault(
                algorithm => !_hashes.ContainsKey(algorithm) && !announced.Algorithms.Contains(algorithm)) is { } late)
            {
                return new Problem(
                    ProblemType.InvalidDigest,
                    $"A digest ({late.Name}) came after the body; the Trailer field before it has to name its field.");
            }

            digests = all;
        }

        return Matches(digests)
            ? null
            : new Problem(ProblemType.DigestMismatch, "The bytes that came are not those announced. They were not kept.");
    }

    /// <summary>Whether all that was hashed is as announced. Ends the hashing.</summary>
    public bool Matches(AnnouncedDigests announced) =>
        _hashes.Select(pair => announced.Match(pair.Key, pair.Value.GetHashAndReset())).ToArray().All(matches => matches);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var hash in _hashes.Values)
        {
            hash.Dispose();
        }
    }
}
