using Microsoft.Extensions.Primitives;
using PouringRain.Protocol;

namespace Gateway.Http;

/// <summary>The digest fields of RFC 9530, and those of RFC 3230 for clients that ask for them (aria2 does). SHA-256 is what is
/// kept of every resource; other algorithms are passed over, as RFC 9530 §2 permits.</summary>
internal static class DigestFields
{
    /// <summary>The algorithm's name in RFC 9530.</summary>
    private const string Sha256 = "sha-256";

    /// <summary>Reads what a sender announced in <c>Content-Digest</c> and <c>Repr-Digest</c>, which mean the same where no content
    /// coding is accepted.</summary>
    /// <param name="headers">The request's.</param>
    /// <param name="digest">The SHA-256 announced, or null.</param>
    /// <param name="contradicts">Whether the two fields announce different ones.</param>
    /// <returns>False when a field is malformed.</returns>
    public static bool TryReadAnnounced(IHeaderDictionary headers, out Sha256Digest? digest, out bool contradicts)
    {
        contradicts = false;
        if (!TryReadSha256(headers["Content-Digest"], out digest) || !TryReadSha256(headers["Repr-Digest"], out var ofRepresentation))
        {
            return false;
        }

        contradicts = digest is not null && ofRepresentation is not null && digest != ofRepresentation;
        digest ??= ofRepresentation;
        return true;
    }

    /// <summary>Reads the SHA-256 in <c>Content-Digest</c>, of this request's body, and in <c>Repr-Digest</c>, of the whole of which the body
    /// is a part.</summary>
    /// <returns>False when a field is malformed.</returns>
    public static bool TryReadPart(IHeaderDictionary headers, out Sha256Digest? part, out Sha256Digest? whole)
    {
        whole = null;
        return TryReadSha256(headers["Content-Digest"], out part) && TryReadSha256(headers["Repr-Digest"], out whole);
    }

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
                return !(parts.Length > 1 && parts[1].StartsWith("q=0", StringComparison.OrdinalIgnoreCase) && parts[1].AsSpan(3).Trim(".0").IsEmpty);
            }
        }

        return false;
    }

    private static bool TryReadSha256(StringValues lines, out Sha256Digest? digest)
    {
        digest = null;
        if (lines.Count == 0)
        {
            return true;
        }

        if (!StructuredFields.TryReadDictionary(lines, out var members) || members.Values.Any(value => value is not byte[]))
        {
            return false;
        }

        if (!members.TryGetValue(Sha256, out var member))
        {
            return true;
        }

        var bytes = (byte[])member;
        digest = bytes.Length == Sha256Digest.SizeBytes ? Sha256Digest.Read(bytes) : null;
        return digest is not null;
    }
}
