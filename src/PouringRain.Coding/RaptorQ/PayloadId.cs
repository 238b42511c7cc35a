using System.Buffers.Binary;

namespace PouringRain.Coding.RaptorQ;

/// <summary>The FEC payload ID of RFC 6330, section 3.2: which symbol a packet starts with.</summary>
/// <param name="SourceBlockNumber">SBN.</param>
/// <param name="EncodingSymbolId">ESI, 24 bits.</param>
public readonly record struct PayloadId(byte SourceBlockNumber, uint EncodingSymbolId)
{
    /// <summary>Bytes on the wire.</summary>
    public const int Size = 4;

    /// <summary>Reads a payload ID; every four bytes are one.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There are less than <see cref="Size"/> bytes.</exception>
    public static PayloadId Read(ReadOnlySpan<byte> source)
    {
        var value = BinaryPrimitives.ReadUInt32BigEndian(source);
        return new PayloadId((byte)(value >> 24), value & RaptorQCode.MaxEncodingSymbolId);
    }

    /// <summary>Writes the payload ID.</summary>
    /// <exception cref="InvalidOperationException">The ESI has more than 24 bits.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no room for <see cref="Size"/> bytes.</exception>
    public void Write(Span<byte> destination)
    {
        if (EncodingSymbolId > RaptorQCode.MaxEncodingSymbolId)
        {
            throw new InvalidOperationException($"Encoding symbol identifier {EncodingSymbolId} has more than 24 bits.");
        }

        BinaryPrimitives.WriteUInt32BigEndian(destination, ((uint)SourceBlockNumber << 24) | EncodingSymbolId);
    }
}
