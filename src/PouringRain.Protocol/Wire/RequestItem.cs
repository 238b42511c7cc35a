using System.Buffers.Binary;

namespace PouringRain.Protocol;

/// <summary>One request of a client's request log: <paramref name="Count"/> encoding symbols of a block, beginning with
/// <paramref name="FirstEsi"/>, every <paramref name="Step"/>-th. A count of 0 is a request withdrawn.</summary>
/// <param name="BlockNumber">The SBN, or <see cref="WireFormat.ManifestBlockNumber"/>.</param>
/// <param name="FirstEsi">24 bits.</param>
/// <param name="Step">1 to 255.</param>
/// <param name="Count">0 to 65535.</param>
internal readonly record struct RequestItem(uint BlockNumber, uint FirstEsi, byte Step, ushort Count)
{
    public const int SizeBytes = 10;
    public const uint EsiMax = 0xFF_FFFF;

    public static RequestItem Read(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadUInt32BigEndian(bytes),
        WireFormat.ReadUInt24(bytes[4..]),
        bytes[7],
        BinaryPrimitives.ReadUInt16BigEndian(bytes[8..]));

    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt32BigEndian(bytes, BlockNumber);
        WireFormat.WriteUInt24(bytes[4..], FirstEsi);
        bytes[7] = Step;
        BinaryPrimitives.WriteUInt16BigEndian(bytes[8..], Count);
    }

    /// <summary>The ESI of the symbol <paramref name="offset"/>.</summary>
    public uint EsiAt(int offset) => FirstEsi + ((uint)offset * Step);

    /// <summary>The same request without the symbols whose ESI is <paramref name="esiLimit"/> or more.</summary>
    public RequestItem Below(uint esiLimit)
    {
        var room = FirstEsi >= esiLimit ? 0u : ((esiLimit - 1 - FirstEsi) / Step) + 1;
        return this with { Count = (ushort)Math.Min(Count, room) };
    }
}
