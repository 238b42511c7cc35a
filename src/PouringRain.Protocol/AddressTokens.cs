using System.Buffers.Binary;
using System.Security.Cryptography;

namespace PouringRain.Protocol;

/// <summary>
/// Makes and checks address tokens: HMAC-SHA-256 of (IP address, port, time bucket), cut to 16 bytes, so that a server keeps nothing of
/// an address that it has not validated. The port is in it, since behind one address there may be others than the one that asked.
/// </summary>
internal sealed class AddressTokens
{
    /// <summary>How long a token is the current one; it is good for one bucket more.</summary>
    public static readonly TimeSpan BucketLength = TimeSpan.FromMinutes(10);

    private readonly byte[] _key;

    public AddressTokens(ReadOnlyMemory<byte> key) => _key = key.ToArray();

    public Bits128 Make(PeerAddress peer, Instant now) => Make(peer, BucketAt(now));

    /// <summary>Whether a token is good now; <paramref name="isCurrent"/> is false when a fresh one should be given.</summary>
    public bool IsValid(Bits128 token, PeerAddress peer, Instant now, out bool isCurrent)
    {
        isCurrent = false;
        if (token == default)
        {
            return false;
        }

        var bucket = BucketAt(now);
        isCurrent = Equal(token, Make(peer, bucket));
        return isCurrent || Equal(token, Make(peer, bucket - 1));
    }

    public static long BucketAt(Instant now) => now.Nanoseconds / (BucketLength.Ticks * 100);

    private Bits128 Make(PeerAddress peer, long bucket)
    {
        Span<byte> input = stackalloc byte[26];
        peer.Address.Write(input);
        BinaryPrimitives.WriteInt64BigEndian(input[16..], bucket);
        BinaryPrimitives.WriteUInt16BigEndian(input[24..], peer.Port);
        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(_key, input, mac);
        var token = Bits128.Read(mac);
        return token == default ? 1 : token;
    }

    private static bool Equal(Bits128 left, Bits128 right)
    {
        Span<byte> a = stackalloc byte[16];
        Span<byte> b = stackalloc byte[16];
        left.Write(a);
        right.Write(b);
        return CryptographicOperations.FixedTimeEquals(a, b);
    }
}
