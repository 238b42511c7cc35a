using Microsoft.Extensions.Primitives;
using PouringRain.Protocol;

namespace Gateway.Http;

/// <summary>The digest fields of RFC 9530, RFC 3230 and RFC 2616: of uploads every one that can be checked is; answers have the SHA-256,
/// which is kept of every resource, and in the field of RFC 3230 for clients that ask for it (aria2 does).</summary>
internal static class DigestFields
{
    /// <summary>The algorithm's name in RFC 9530.</summary>
    private const string Sha256 = "sha-256";

    private const string OfContent = "Content-Digest", OfRepresentation = "Repr-Digest", Legacy = "Digest", LegacyMd5 = "Content-MD5";

    private static readonly string[] Fields = [OfContent, OfRepresentation, Legacy, LegacyMd5];

    /// <summary>Reads what a sender announced: in <c>Content-Digest</c> and <c>Content-MD5</c> of the body of this request, in
    /// <c>Repr-Digest</c> and <c>Digest</c> of the whole, which is the same unless the body is a part of it.</summary>
    /// <returns>The problem when a field is malformed, or names no algorithm by which it could be checked.</returns>
    public static Problem? TryReadUpload(IHeaderDictionary headers, out AnnouncedDigests part, out AnnouncedDigests whole)
    {
        part = whole = AnnouncedDigests.None;
        return TryRead(headers, OfContent, ref part) ?? TryRead(headers, LegacyMd5, ref part)
            ?? TryRead(headers, OfRepresentation, ref whole) ?? TryRead(headers, Legacy, ref whole);
    }

    /// <summary>Whether a request says that digest fields come after its body.</summary>
    public static bool AreInTrailer(IHeaderDictionary headers) =>
        headers.Trailer.Any(line => line?.Split(',', StringSplitOptions.TrimEntries).Any(
            name => Fields.Contains(name, StringComparer.OrdinalIgnoreCase)) == true);

    /// <summary>Two digests by one hash that are not the same.</summary>
    public static Problem Contradiction() => new(ProblemType.DigestMismatch, "The digest fields announce different bytes.");

    /// <summary>Adds the digest of the whole: <c>Repr-Digest</c> unless refused by <c>Want-Repr-Digest</c>, and <c>Digest</c> when
    /// <c>Want-Digest</c> asks for it.</summary>
    public static void Add(IHeaderDictionary request, IHeaderDictionary response, Sha256Digest digest)
    {
        var base64 = Convert.ToBase64String(digest.ToArray());

        // RFC 9530 §4: preferences 1 to 10, 0 is "not acceptable".
        var isRefused = StructuredFields.TryReadDictionary(request["Want-Repr-Digest"], out var wanted)
            && wanted.TryGetValue(Sha256, out var preference) && preference is 0L;
        if (!isRefused)
        {
            response["Repr-Digest"] = $"{Sha256}=:{base64}:";
        }

        if (WantsLegacyDigest(request["Want-Digest"]))
        {
            response["Digest"] = $"SHA-256={base64}";
        }
    }

    /// <summary>RFC 3230 §4.3.1: a list of algorithms with optional q values.</summary>
    private static bool WantsLegacyDigest(StringValues lines)
    {
        foreach (var item in string.Join(",", lines.ToArray()).Split(',', StringSplitOptions.TrimEntries))
        {
            var parts = item.Split(';', StringSplitOptions.TrimEntries);
            if (parts[0].Equals(Sha256, StringComparison.OrdinalIgnoreCase))
            {
                return !(parts.Length > 1 && parts[1].StartsWith("q=0", StringComparison.OrdinalIgnoreCase)
                    && parts[1].AsSpan(3).Trim(".0").IsEmpty);
            }
        }

        return false;
    }

    /// <summary>Adds what one field announces. Algorithms that are not known are read over as long as one is (RFC 9530 §2).</summary>
    private static Problem? TryRead(IHeaderDictionary headers, string field, ref AnnouncedDigests digests)
    {
        var lines = headers[field];
        if (lines.All(string.IsNullOrWhiteSpace))
        {
            return null;
        }

        var members = field switch
        {
            LegacyMd5 => lines.Count == 1 ? [(DigestAlgorithm.Md5.Name, FromBase64(lines[0]!))] : null,
            Legacy => ReadLegacy(lines),
            _ => StructuredFields.TryReadDictionary(lines, out var dictionary)
                ? [.. dictionary.Select(member => (member.Key, member.Value as byte[]))]
                : null,
        };
        var known = members?.Select(member => (Algorithm: DigestAlgorithm.Find(member.Name), member.Value))
            .Where(member => member.Algorithm is not null).ToArray();
        if (members is null || members.Any(member => member.Value is null)
            || known!.Any(member => member.Value!.Length != member.Algorithm!.SizeBytes))
        {
            var form = field switch
            {
                LegacyMd5 => "(base64 of 16 bytes)",
                Legacy => "SHA-256=(base64 of 32 bytes)",
                _ => "sha-256=:(base64 of 32 bytes):",
            };
            return new Problem(ProblemType.InvalidDigest, $"{field}: {lines} cannot be read; it looks like {field}: {form}.");
        }

        if (known!.Length == 0)
        {
            return new Problem(
                ProblemType.InvalidDigest,
                $"{field}: {lines} names no algorithm that can be checked here; these can: {DigestAlgorithm.Names}.");
        }

        foreach (var (algorithm, value) in known)
        {
            if (digests.With(algorithm!, value!) is not { } more)
            {
                return Contradiction();
            }

            digests = more;
        }

        return null;
    }

    /// <summary>RFC 3230 §4.3.2: a list of algorithms and their digests. Some of those that nobody checks here are not in base64.</summary>
    private static (string Name, byte[]? Value)[] ReadLegacy(StringValues lines) =>
    [
        .. string.Join(",", lines.ToArray()).Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(item => item.Split('=', 2))
            .Select(parts => (parts[0], parts.Length < 2 ? null : DigestAlgorithm.Find(parts[0]) is null ? [] : FromBase64(parts[1]))),
    ];

    private static byte[]? FromBase64(string text)
    {
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text.Trim(), bytes, out var count) ? bytes[..count] : null;
    }
}
