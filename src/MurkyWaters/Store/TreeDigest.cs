using System.Buffers.Binary;
using System.Security.Cryptography;
using PouringRain.Protocol;

namespace MurkyWaters.Store;

/// <summary>
/// The name of a blob: SHA-256 over the algorithm of the block digests (1), block bytes as messages tell them (8), length (8) and the
/// digest of every block. Blobs are not named by the SHA-256 of the whole, because a fetch verifies blocks one by one as they come in any
/// order; that the whole has the digest which its manifest claims is the claim of whoever made the manifest. Were blobs shared by that
/// claim, a false manifest could make its bytes stand for another resource's. What this digest covers was verified, every byte.
/// </summary>
internal static class TreeDigest
{
    public static Sha256Digest Of(Manifest manifest)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> bytes = stackalloc byte[Sha256Digest.SizeBytes];
        bytes[0] = (byte)manifest.BlockDigestAlgorithm;
        BinaryPrimitives.WriteInt64BigEndian(bytes[1..], manifest.Layout.ToldBlockBytes);
        BinaryPrimitives.WriteInt64BigEndian(bytes[9..], manifest.Layout.Length);
        hash.AppendData(bytes[..17]);
        foreach (var digest in manifest.BlockDigests)
        {
            digest.Write(bytes);
            hash.AppendData(bytes);
        }

        hash.GetHashAndReset(bytes);
        return Sha256Digest.Read(bytes);
    }
}
