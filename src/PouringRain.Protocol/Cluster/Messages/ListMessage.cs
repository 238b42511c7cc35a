using System.Buffers.Binary;

namespace PouringRain.Protocol.Cluster.Messages;

/// <summary>What the answerer has of a partition that both are to hold, in ascending order of ids, as much as fits.</summary>
/// <remarks>
/// <code>
/// asked                                        answered
///      0    2  the partition                        0    1  1 when the end of the partition is reached
///      2    1  1 tombstones, 2 what is not deleted  1    1  how many entries (n)
///      3    1  1 when what follows counts           2       the entries
///      4    8  only what comes after this id
/// </code>
/// </remarks>
internal struct ListMessage
{
    public const int SizeBytes = 12;

    public int Partition { get; set; }

    public bool IsOfTombstones { get; set; }

    public ResourceId? After { get; set; }

    public static bool TryParse(ReadOnlySpan<byte> body, out ListMessage message)
    {
        message = default;
        if (body.Length != SizeBytes || body[2] is not (1 or 2) || body[3] > 1
            || BinaryPrimitives.ReadUInt16BigEndian(body) >= ReplicaIndex.PartitionCount)
        {
            return false;
        }

        message = new ListMessage
        {
            Partition = BinaryPrimitives.ReadUInt16BigEndian(body),
            IsOfTombstones = body[2] == 1,
            After = body[3] == 1 ? new ResourceId(BinaryPrimitives.ReadUInt64BigEndian(body[4..])) : null,
        };
        return true;
    }

    /// <returns>The body's length.</returns>
    public readonly int Write(Span<byte> body)
    {
        BinaryPrimitives.WriteUInt16BigEndian(body, (ushort)Partition);
        body[2] = (byte)(IsOfTombstones ? 1 : 2);
        body[3] = (byte)(After is null ? 0 : 1);
        BinaryPrimitives.WriteUInt64BigEndian(body[4..], After?.Value ?? 0);
        return SizeBytes;
    }

    /// <summary>Reads an answer; the ids ascend.</summary>
    public static bool TryParseAnswer(ReadOnlySpan<byte> body, ResourceId? after, List<ToldEntry> entries, out bool isEnd)
    {
        entries.Clear();
        isEnd = false;
        if (body.Length < 2 || body[0] > 1)
        {
            return false;
        }

        isEnd = body[0] == 1;
        var count = body[1];
        var rest = body[2..];
        for (var i = 0; i < count; i++)
        {
            if (!ToldEntry.TryRead(ref rest, out var entry) || entry.Version.IsNone || (after is { } before && entry.Id <= before))
            {
                return false;
            }

            after = entry.Id;
            entries.Add(entry);
        }

        return rest.IsEmpty && (isEnd || count > 0);
    }
}
