using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using PouringRain.Protocol;

namespace Gateway.Coding;

/// <summary>
/// What a node says of a request to another, under the cluster's secret:
/// <c>Authorization: PouringRain from=NODE, to=NODE, at=MS, nonce=HEX, digest=SHA256, mac=HMAC</c>. The HMAC-SHA-256, with a key that HKDF
/// makes of the secret, is over <c>METHOD\nPATH?QUERY\nNODE\nNODE\nMS\nHEX\nSHA256</c>. The digest is that of the body, or <c>-</c>.
/// </summary>
/// <param name="From">Who asks.</param>
/// <param name="To">Who is asked.</param>
/// <param name="AtMs">When, by the cluster's clock, milliseconds of Unix time.</param>
/// <param name="Nonce">32 hexadecimal digits that no other request has.</param>
/// <param name="Digest">The SHA-256 of the body in hexadecimal digits, or a hyphen for a body that is sealed, or none.</param>
internal sealed record NodeClaim(NodeId From, NodeId To, long AtMs, string Nonce, string Digest)
{
    /// <summary>The scheme of the Authorization field.</summary>
    public const string Scheme = "PouringRain";

    /// <summary>The digest of no body, and of one that is sealed.</summary>
    public const string NoDigest = "-";

    private const int NonceChars = 32, DigestChars = 64, FieldCharsMax = 400;

    /// <summary>Makes one for a request that is sent now.</summary>
    public static NodeClaim Create(NodeId from, NodeId to, long nowMs, ReadOnlySpan<byte> body) => new(
        from, to, nowMs, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(NonceChars / 2)),
        body.IsEmpty ? NoDigest : Convert.ToHexStringLower(SHA256.HashData(body)));

    /// <summary>The proof that who made the claim has a key.</summary>
    public byte[] Prove(byte[] key, string method, string target) => HMACSHA256.HashData(
        key, Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture, $"{method}\n{target}\n{From}\n{To}\n{AtMs}\n{Nonce}\n{Digest}")));

    /// <summary>The value of the field.</summary>
    public string Write(byte[] proof) => string.Create(
        CultureInfo.InvariantCulture,
        $"{Scheme} from={From}, to={To}, at={AtMs}, nonce={Nonce}, digest={Digest}, mac={Convert.ToHexStringLower(proof)}");

    /// <summary>Reads the value of the field; null when it is none. Nothing that it says is believed yet.</summary>
    public static (NodeClaim Claim, byte[] Proof)? Read(string field)
    {
        if (field.Length > FieldCharsMax || !field.StartsWith(Scheme + " ", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var parts = field[(Scheme.Length + 1)..].Split(", ");
        string[] names = ["from", "to", "at", "nonce", "digest", "mac"];
        if (parts.Length != names.Length)
        {
            return null;
        }

        for (var i = 0; i < parts.Length; i++)
        {
            if (!parts[i].StartsWith(names[i] + "=", StringComparison.Ordinal))
            {
                return null;
            }

            parts[i] = parts[i][(names[i].Length + 1)..];
        }

        return NodeId.TryParse(parts[0], out var from) && NodeId.TryParse(parts[1], out var to)
            && long.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out var atMs)
            && IsHex(parts[3], NonceChars) && (parts[4] == NoDigest || IsHex(parts[4], DigestChars)) && IsHex(parts[5], DigestChars)
            ? (new NodeClaim(from, to, atMs, parts[3], parts[4]), Convert.FromHexString(parts[5])) : null;
    }

    // One way to write each: what was proven is what was read.
    private static bool IsHex(string text, int chars) => text.Length == chars && text.All(char.IsAsciiHexDigitLower);
}
