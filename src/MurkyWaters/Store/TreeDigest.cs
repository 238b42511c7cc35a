using System.Buffers.Binary;
using System.Security.Cryptography;
using PouringRain.Protocol;

namespace MurkyWaters.Store;

/// <summary>
/// The name of a blob: SHA-256 over block bytes (8), length (8) and the SHA-256 of every block. Blobs are not named by the SHA-256
/// of the whole, because a fetch verifies blocks one by one as they come in any order; that the whole has the digest which its
/// manifest claims is the claim of whoever made the manifest. Were blobs shared by that claim, a false manifest could make its
/// bytes stand for another resource's. What this digest covers was verified, every byte.
/// </summary>
internal static class TreeDigest
{
    public static Sha256Digest Of(Manifest manifest) => Of(manifest.Layout, manifest.BlockDigests);

    public static Sha256Digest Of(ResourceLayout layout, ReadOnlySpan<Sha256Digest> blockDigests)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> bytes = stackalloc byte[Sha256Digest.SizeBytes];
        BinaryPrimitives.WriteInt64BigEndian(bytes, layout.BlockBytes);
        BinaryPrimitives.WriteInt64BigEndian(bytes[8..], layout.Length);
        hash.AppendData(bytes[..16]);
        foreach (var digest in blockDigests)
        {
            digest.Write(bytes);
            hash.AppendData(bytes);
        }

        hash.GetHashAndReset(bytes);
        return Sha256Digest.Read(bytes);
    }
}
