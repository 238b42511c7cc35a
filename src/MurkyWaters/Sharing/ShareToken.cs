using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using PouringRain.Protocol;

namespace MurkyWaters.Sharing;

/// <summary>What is in the address of a link: who made it, its id, and a secret that nobody can guess.</summary>
/// <param name="Node">The node that made it, which alone knows of it.</param>
/// <param name="Id">Its id.</param>
/// <param name="SecretDigest">SHA-256 of its secret.</param>
/// <remarks>Base64url (RFC 4648 §5), without padding, of a byte for the format (1), the node's id (16), the link's (8), the secret
/// (17).</remarks>
internal readonly record struct ShareToken(NodeId Node, string Id, Sha256Digest SecretDigest)
{
    private const byte Format = 1;
    private const int IdAt = 17, SecretAt = 25, Bytes = 42;

    /// <summary>Draws one, and writes it.</summary>
    public static (ShareToken Token, string Text) Draw(NodeId node)
    {
        Span<byte> bytes = stackalloc byte[Bytes];
        bytes[0] = Format;
        node.Value.Write(bytes[1..]);
        RandomNumberGenerator.Fill(bytes[IdAt..]);
        return (Of(bytes), Base64Url.EncodeToString(bytes));
    }

    /// <summary>Reads any text at all.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out ShareToken token)
    {
        token = default;
        Span<byte> bytes = stackalloc byte[Bytes];
        if (text is not { Length: Bytes * 4 / 3 } || !Base64Url.IsValid(text, out var length) || length != Bytes)
        {
            return false;
        }

        Base64Url.DecodeFromChars(text, bytes);
        if (bytes[0] != Format)
        {
            return false;
        }

        token = Of(bytes);
        return true;
    }

    private static ShareToken Of(ReadOnlySpan<byte> bytes) => new(
        new NodeId(Bits128.Read(bytes[1..])), Convert.ToHexStringLower(bytes[IdAt..SecretAt]),
        Sha256Digest.Of(bytes[SecretAt..]));
}
