using System.Buffers.Binary;
using System.Text;

namespace PouringRain.Protocol;

/// <summary>A server's offer of one version: enough of its manifest to ask for symbols before the manifest is there.</summary>
/// <remarks>
/// <code>
/// offset size
///      0    6  header
///      6    1  flags: 1 every block is held, 2 the address was validated, 4 the version is a tombstone
///      7   32  version
///     39    8  stamp, milliseconds
///     47    8  length of the resource
///     55    4  bytes of a block, and one more when the layout grows
///     59    2  T
///     61    4  bytes of the manifest
///     65    4  what of its node's ceiling the server's subscribers may have, bytes a second, 0 for no ceiling
///     69   16  address token
///     85    4  client's time, echoed
///     89    4  number of the SUBSCRIBE answered
///     93    1  bytes of the code's name (n, 1 to 32)
///     94    n  the code's name
/// </code>
/// </remarks>
internal struct OfferMessage
{
    public const int FixedBytes = 94;
    public const int BytesMax = FixedBytes + Manifest.CodeBytesMax;

    private const byte CompleteFlag = 1, ValidatedFlag = 2, DeletedFlag = 4, AllFlags = 7;

    public uint SubscriptionId { get; set; }

    public bool IsComplete { get; set; }

    public bool IsAddressValidated { get; set; }

    public bool IsDeleted { get; set; }

    public Sha256Digest Version { get; set; }

    public long Stamp { get; set; }

    public long Length { get; set; }

    /// <summary>As <see cref="ResourceLayout.ToldBlockBytes"/>.</summary>
    public int BlockBytes { get; set; }

    public int SymbolSize { get; set; }

    public int ManifestBytes { get; set; }

    public uint CeilingBytesPerSecond { get; set; }

    public Bits128 Token { get; set; }

    public uint ClientTime { get; set; }

    public uint Number { get; set; }

    /// <summary>Reads a datagram; <paramref name="code"/> is a view of the code's name in UTF-8.</summary>
    public static bool TryParse(ReadOnlySpan<byte> datagram, out OfferMessage message, out ReadOnlySpan<byte> code)
    {
        message = default;
        code = default;
        if (datagram.Length < FixedBytes || !WireFormat.Is(datagram, MessageType.Offer) || datagram[6] > AllFlags
            || datagram[93] is 0 or > Manifest.CodeBytesMax || datagram.Length != LengthOf(datagram))
        {
            return false;
        }

        var length = BinaryPrimitives.ReadInt64BigEndian(datagram[47..]);
        var blockBytes = BinaryPrimitives.ReadUInt32BigEndian(datagram[55..]);
        var symbolSize = BinaryPrimitives.ReadUInt16BigEndian(datagram[59..]);
        var manifestBytes = BinaryPrimitives.ReadUInt32BigEndian(datagram[61..]);
        var stamp = BinaryPrimitives.ReadInt64BigEndian(datagram[39..]);
        if (!ResourceLayout.IsPossible(length, blockBytes, symbolSize) || manifestBytes is 0 or > int.MaxValue
            || !Manifest.IsStamp(stamp, (datagram[6] & DeletedFlag) != 0))
        {
            return false;
        }

        code = datagram[FixedBytes..];
        var flags = datagram[6];
        message = new OfferMessage
        {
            SubscriptionId = BinaryPrimitives.ReadUInt32BigEndian(datagram[2..]),
            IsComplete = (flags & CompleteFlag) != 0,
            IsAddressValidated = (flags & ValidatedFlag) != 0,
            IsDeleted = (flags & DeletedFlag) != 0,
            Version = Sha256Digest.Read(datagram[7..]),
            Stamp = stamp,
            Length = length,
            BlockBytes = (int)blockBytes,
            SymbolSize = symbolSize,
            ManifestBytes = (int)manifestBytes,
            CeilingBytesPerSecond = BinaryPrimitives.ReadUInt32BigEndian(datagram[65..]),
            Token = Bits128.Read(datagram[69..]),
            ClientTime = BinaryPrimitives.ReadUInt32BigEndian(datagram[85..]),
            Number = BinaryPrimitives.ReadUInt32BigEndian(datagram[89..]),
        };
        return true;
    }

    /// <summary>The length of what starts like an offer, of which <see cref="FixedBytes"/> are there.</summary>
    public static int LengthOf(ReadOnlySpan<byte> datagram) => FixedBytes + datagram[93];

    /// <summary>The offer of a manifest.</summary>
    public static OfferMessage Of(Manifest manifest, bool isComplete) => new()
    {
        IsComplete = isComplete,
        IsDeleted = manifest.IsDeleted,
        Version = manifest.Version,
        Stamp = manifest.Stamp,
        Length = manifest.Layout.Length,
        BlockBytes = manifest.Layout.ToldBlockBytes,
        SymbolSize = manifest.Layout.SymbolSize,
        ManifestBytes = manifest.Bytes.Length,
    };

    /// <returns>The datagram's length.</returns>
    public readonly int Write(Span<byte> datagram, string code)
    {
        WireFormat.WriteHeader(datagram, MessageType.Offer, SubscriptionId);
        datagram[6] = (byte)((IsComplete ? CompleteFlag : 0) | (IsAddressValidated ? ValidatedFlag : 0) | (IsDeleted ? DeletedFlag : 0));
        Version.Write(datagram[7..]);
        BinaryPrimitives.WriteInt64BigEndian(datagram[39..], Stamp);
        BinaryPrimitives.WriteInt64BigEndian(datagram[47..], Length);
        BinaryPrimitives.WriteInt32BigEndian(datagram[55..], BlockBytes);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[59..], (ushort)SymbolSize);
        BinaryPrimitives.WriteInt32BigEndian(datagram[61..], ManifestBytes);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[65..], CeilingBytesPerSecond);
        Token.Write(datagram[69..]);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[85..], ClientTime);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[89..], Number);
        var codeBytes = Encoding.UTF8.GetBytes(code, datagram[FixedBytes..]);
        datagram[93] = (byte)codeBytes;
        return FixedBytes + codeBytes;
    }
}
