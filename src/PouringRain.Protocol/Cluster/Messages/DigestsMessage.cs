using System.Buffers.Binary;

namespace PouringRain.Protocol.Cluster.Messages;

/// <summary>Digests of what asker and answerer are both to hold, of a run of partitions, and of which they differ.</summary>
/// <remarks>
/// <code>
/// asked              answered
///      0    2  the first partition      0    1  how many digests were compared (n)
///      2    1  partitions a digest      1  n/8  a bit for each, the first the least: they differ
///      3    1  how many digests (n)
///      4  8*n  the digests
/// </code>
/// A digest is the sum, modulo 2^64, of a hash of (id, stamp, tag) of every kept copy of what both are to hold and of every tombstone that
/// is newer than what either has forgotten.
/// </remarks>
internal static class DigestsMessage
{
    /// <summary>The most digests of one question.</summary>
    public const int CountMax = 128;

    public static int Write(Span<byte> body, int first, int span, ReadOnlySpan<ulong> digests)
    {
        BinaryPrimitives.WriteUInt16BigEndian(body, (ushort)first);
        body[2] = (byte)span;
        body[3] = (byte)digests.Length;
        for (var i = 0; i < digests.Length; i++)
        {
            BinaryPrimitives.WriteUInt64BigEndian(body[(4 + (8 * i))..], digests[i]);
        }

        return 4 + (8 * digests.Length);
    }

    public static bool TryParse(ReadOnlySpan<byte> body, out int first, out int span, out ReadOnlySpan<byte> digests)
    {
        (first, span) = (0, 0);
        digests = default;
        if (body.Length < 4 || body[2] == 0 || body[3] is 0 or > CountMax || body.Length != 4 + (8 * body[3]))
        {
            return false;
        }

        first = BinaryPrimitives.ReadUInt16BigEndian(body);
        span = body[2];
        digests = body[4..];
        return first + (span * body[3]) <= ReplicaIndex.PartitionCount;
    }

    public static int WriteAnswer(Span<byte> body, ReadOnlySpan<bool> differ)
    {
        var length = 1 + ((differ.Length + 7) / 8);
        body[..length].Clear();
        body[0] = (byte)differ.Length;
        for (var i = 0; i < differ.Length; i++)
        {
            body[1 + (i / 8)] |= (byte)((differ[i] ? 1 : 0) << (i % 8));
        }

        return length;
    }

    /// <summary>Reads which differ.</summary>
    /// <param name="body">The body.</param>
    /// <param name="differ">Has as many places as digests were asked.</param>
    public static bool TryParseAnswer(ReadOnlySpan<byte> body, Span<bool> differ)
    {
        if (body.IsEmpty || body[0] != differ.Length || body.Length != 1 + ((differ.Length + 7) / 8))
        {
            return false;
        }

        for (var i = 0; i < differ.Length; i++)
        {
            differ[i] = (body[1 + (i / 8)] >> (i % 8) & 1) != 0;
        }

        return true;
    }
}
