using System.Buffers.Binary;
using System.Security.Cryptography;

namespace PouringRain.Protocol.Sealing;

/// <summary>
/// How datagrams of wire format 2 look when they are sealed (AES-256-GCM). Integers are big-endian; the length is that of the whole
/// sealed datagram, by which a receiver splits what its kernel coalesced.
/// <code>
/// full     0xD3  length (2)  sender id (16)  counter (8)  droplets sealed so far (8)  the datagram, encrypted  tag (16)
/// compact  0xD2  length (2)  low bytes of the counter (3)  a droplet without magic, type and T, encrypted  tag (16)
/// together 0xD4  length (2)  low bytes of the counter (3)  several droplets, whole, encrypted  tag (16)
/// </code>
/// Droplets are compact: with T = 1408 and IPv6 they fill 1500 bytes to the last one. Everything else is full. What comes before the
/// ciphertext of a full datagram is authenticated with it. A compact one needs no such call, which would be a fifth of the cost of
/// sealing: its first byte and its counter are in the nonce, its length in what GCM authenticates anyway. Droplets go together where the
/// path is known to take long datagrams, which is so on the loopback of one machine: most of what sealing costs is a price a call.
/// </summary>
/// <remarks>
/// Every sender, which is one socket of one process, draws a sender id of 128 random bits when it starts and seals under a key of its
/// own, HKDF-SHA256(secret, salt = sender id): the id is the key's epoch, so that no restart can use a nonce twice. The nonce is the
/// form (0 full, 1 compact, 2 together; 4 bytes) and a counter (8): one of the full form and one of the other two. A receiver learns from
/// the full datagrams which sender stands behind an address and how far it has counted, and completes a
/// compact counter from that as QUIC does (RFC 9000, A.3).
/// </remarks>
public static class SealedFormat
{
    /// <summary>Bytes that sealing adds to a droplet.</summary>
    public const int CompactOverhead = CompactHeaderBytes - DroppedBytes + TagBytes;

    /// <summary>Bytes that sealing adds to any other datagram.</summary>
    public const int FullOverhead = FullHeaderBytes + TagBytes;

    /// <summary>Bytes that sealing adds to droplets that go together.</summary>
    public const int TogetherOverhead = CompactHeaderBytes + TagBytes;

    /// <summary>Bytes of a sender id.</summary>
    public const int SenderIdBytes = 16;

    internal const int TagBytes = 16;
    internal const int NonceBytes = 12;
    internal const int CompactHeaderBytes = 6;
    internal const int FullHeaderBytes = 3 + SenderIdBytes + 8 + 8;
    internal const byte FullMark = 0xD3, CompactMark = 0xD2, TogetherMark = 0xD4;

    /// <summary>The nonce's first word.</summary>
    internal const uint FullForm = 0, CompactForm = 1, TogetherForm = 2;

    /// <summary>What a compact droplet leaves out: magic and type (2), T (2).</summary>
    internal const int DroppedBytes = 4;

    private static ReadOnlySpan<byte> KeyInfo => "pouring rain 2 sealed datagrams"u8;

    /// <summary>Whether a datagram is a sealed one, by its first byte and its length.</summary>
    public static bool IsSealed(ReadOnlySpan<byte> datagram) =>
        datagram.Length > CompactHeaderBytes + TagBytes && datagram[0] is FullMark or CompactMark or TogetherMark
            && LengthOfFirst(datagram) == datagram.Length;

    /// <summary>Whether what <see cref="IsSealed"/> says is sealed is a droplet, or several.</summary>
    public static bool IsDroplet(ReadOnlySpan<byte> datagram) => !datagram.IsEmpty && datagram[0] is CompactMark or TogetherMark;

    /// <summary>Whether what was opened of a datagram is several droplets, one after the other.</summary>
    public static bool HoldsSeveral(ReadOnlySpan<byte> datagram) => !datagram.IsEmpty && datagram[0] == TogetherMark;

    /// <summary>The length of the first of several sealed datagrams in one buffer; 0 when it cannot be told.</summary>
    public static int LengthOfFirst(ReadOnlySpan<byte> datagrams)
    {
        if (datagrams.Length < 3 || datagrams[0] is not (FullMark or CompactMark or TogetherMark))
        {
            return 0;
        }

        var length = BinaryPrimitives.ReadUInt16BigEndian(datagrams[1..]);
        return length <= datagrams.Length ? length : 0;
    }

    internal static AesGcm CreateCipher(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> senderId)
    {
        Span<byte> key = stackalloc byte[32];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, key, senderId, KeyInfo);
        var cipher = new AesGcm(key, TagBytes);
        CryptographicOperations.ZeroMemory(key);
        return cipher;
    }
}
