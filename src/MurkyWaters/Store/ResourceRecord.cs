using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using PouringRain.Protocol;

namespace MurkyWaters.Store;

/// <summary>
/// What the store keeps of a resource beside its bytes: a file named by the id. Integers big-endian: <c>"PRR1"</c>, retention (1),
/// three zero bytes, id (8), manifest length (4), manifest, SHA-256 of all before (32). A record whose checksum is wrong was torn
/// by a failing disk and counts as not written.
/// </summary>
internal static class ResourceRecord
{
    private const int HeaderBytes = 4 + 4 + 8 + 4;

    /// <summary>Bytes of one with a manifest of some length.</summary>
    public static long BytesOf(long manifestBytes) => HeaderBytes + manifestBytes + Sha256Digest.SizeBytes;

    public static byte[] Encode(StoredResource resource)
    {
        var manifest = resource.Manifest.Bytes.Span;
        var bytes = new byte[HeaderBytes + manifest.Length + Sha256Digest.SizeBytes];
        "PRR1"u8.CopyTo(bytes);
        bytes[4] = (byte)resource.Retention;
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(8), resource.Id.Value);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(16), manifest.Length);
        manifest.CopyTo(bytes.AsSpan(HeaderBytes));
        var end = HeaderBytes + manifest.Length;
        Sha256Digest.Of(bytes.AsSpan(0, end)).Write(bytes.AsSpan(end));
        return bytes;
    }

    public static bool TryParse(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out StoredResource? resource)
    {
        resource = null;
        if (bytes.Length < HeaderBytes + Sha256Digest.SizeBytes || !bytes.StartsWith("PRR1"u8) || bytes[4] > (byte)Retention.Cached)
        {
            return false;
        }

        var end = bytes.Length - Sha256Digest.SizeBytes;
        if (BinaryPrimitives.ReadInt32BigEndian(bytes[16..]) != end - HeaderBytes
            || Sha256Digest.Of(bytes[..end]) != Sha256Digest.Read(bytes[end..])
            || !Manifest.TryParse(bytes[HeaderBytes..end], out var manifest))
        {
            return false;
        }

        resource = new StoredResource(new ResourceId(BinaryPrimitives.ReadUInt64BigEndian(bytes[8..])), manifest, (Retention)bytes[4]);
        return true;
    }
}
