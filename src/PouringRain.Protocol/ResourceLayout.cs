using System.Diagnostics.CodeAnalysis;
using System.Numerics;

namespace PouringRain.Protocol;

/// <summary>
/// How a resource's bytes lie in source blocks and symbols: all length arithmetic is here. Every block but the last holds
/// <see cref="BlockBytes"/> bytes; a block of n bytes has K = ceil(n / T) symbols, the last one padded with zeros when coded.
/// An empty resource has no blocks. In a growing layout the bytes of the first block are cut again: into one block of
/// <see cref="FirstBlockBytes"/>, another of as many, and then each twice as long as the one before, so that a reader gets its first byte
/// when a dozen symbols are there.
/// </summary>
public sealed record ResourceLayout
{
    /// <summary>Bounds of T: the least is far below any path, the most fits a UDP datagram with its headers.</summary>
    public const int SymbolSizeMin = 16, SymbolSizeMax = 60_000;

    /// <summary>T where nothing else is set: 22 cache lines, with which a sealed droplet over IPv6 fills 1500 bytes.</summary>
    public const int UsualSymbolSize = 1408;

    /// <summary>T of small symbols, where larger datagrams do not pass: 18 cache lines, with which a sealed droplet over IPv6 has 1244 of
    /// the 1280 bytes that every path must carry (RFC 8200, section 5).</summary>
    public const int SmallSymbolSize = 1152;

    /// <summary>The most bytes of a source block.</summary>
    public const int BlockBytesMax = 64 * 1024 * 1024;

    /// <summary>The most symbols of a source block: the limit of RFC 6330, which every code keeps.</summary>
    public const int SymbolCountMax = 56_403;

    /// <summary>The most source blocks. A manifest has 32 bytes for each: 32 MiB at most, of which whoever fetches it holds three copies
    /// for a moment. That is 1 TiB in blocks of 1 MiB, 64 TiB in the largest.</summary>
    public const int BlockCountMax = 1 << 20;

    /// <summary>Into how many blocks <see cref="AutoBlockBytes"/> cuts.</summary>
    public const int AutoBlockCount = 1024;

    /// <summary>Its bounds.</summary>
    public const int AutoBlockBytesMin = 64 * 1024, AutoBlockBytesMax = 1024 * 1024;

    /// <summary>Bytes of the first block of a growing layout: twelve symbols of the usual size, which fit a first flight beside the
    /// manifest of 1 GiB.</summary>
    public const int FirstBlockBytes = 16 * 1024;

    private ResourceLayout(long length, int blockBytes, int symbolSize, bool isGrowing)
    {
        Length = length;
        BlockBytes = blockBytes;
        SymbolSize = symbolSize;
        IsGrowing = isGrowing;
        BlockCount = length == 0 ? 0 : IndexAt(length - 1) + 1;
    }

    /// <summary>The resource's bytes.</summary>
    public long Length { get; }

    /// <summary>Bytes of every source block but the last, and but for those that the first is cut into when it grows.</summary>
    public int BlockBytes { get; }

    /// <summary>Whether the first blocks are small.</summary>
    public bool IsGrowing { get; }

    /// <summary>What messages say for the bytes of a block: of a growing layout one more. Who does not know of such layouts takes the
    /// message as ever, gets the manifest, and there finds a flag that it does not know.</summary>
    public int ToldBlockBytes => BlockBytes + (IsGrowing ? 1 : 0);

    /// <summary>T: bytes of a symbol.</summary>
    public int SymbolSize { get; }

    /// <summary>Source blocks; 0 when the resource is empty.</summary>
    public int BlockCount { get; }

    /// <summary>K of a block of <see cref="BlockBytes"/>, or of all there is when that is less; at least 1.</summary>
    public int SymbolsOfLargest => (int)Math.Max(1, (Math.Min(BlockBytes, Length) + SymbolSize - 1) / SymbolSize);

    /// <summary>Blocks more than there would be if the first did not grow.</summary>
    private int GrowthCount => IsGrowing ? GrowthCountOf(BlockBytes) : 0;

    /// <summary>Makes a layout, or says no when a value is out of its bounds.</summary>
    public static bool TryCreate(long length, long blockBytes, long symbolSize, [NotNullWhen(true)] out ResourceLayout? layout) =>
        TryCreate(length, blockBytes, symbolSize, isGrowing: false, out layout);

    /// <summary>Makes a layout that grows or does not, or says no when a value is out of its bounds.</summary>
    public static bool TryCreate(
        long length, long blockBytes, long symbolSize, bool isGrowing, [NotNullWhen(true)] out ResourceLayout? layout)
    {
        var isPossible = isGrowing
            ? MayGrow(blockBytes) && length > FirstBlockBytes && length <= LengthMaxOf(blockBytes, symbolSize, isGrowing)
            : IsPossible(length, blockBytes, symbolSize);
        layout = isPossible ? new ResourceLayout(length, (int)blockBytes, (int)symbolSize, isGrowing) : null;
        return layout is not null;
    }

    /// <summary>Makes a layout of what messages say: see <see cref="ToldBlockBytes"/>. What is too short to grow has blocks of just as
    /// many bytes.</summary>
    public static bool TryCreateTold(long length, long toldBytes, long symbolSize, [NotNullWhen(true)] out ResourceLayout? layout) =>
        (MayGrow(toldBytes - 1) && TryCreate(length, toldBytes - 1, symbolSize, isGrowing: true, out layout))
        || TryCreate(length, toldBytes, symbolSize, out layout);

    /// <summary>Whether blocks of a size can begin small: it is a power of two, and worth it.</summary>
    public static bool MayGrow(long blockBytes) =>
        blockBytes is >= AutoBlockBytesMin and < BlockBytesMax && BitOperations.IsPow2(blockBytes);

    /// <summary>Whether the values are within their bounds.</summary>
    public static bool IsPossible(long length, long blockBytes, long symbolSize) => length >= 0
        && length <= LengthMaxOf(blockBytes, symbolSize);

    /// <summary>The longest resource in blocks and symbols of these sizes, by the blocks there may be and by the manifest that names them,
    /// which rains as one block; -1 when the sizes are out of their bounds.</summary>
    public static long LengthMaxOf(long blockBytes, long symbolSize)
    {
        if (symbolSize is < SymbolSizeMin or > SymbolSizeMax || blockBytes < symbolSize || blockBytes > BlockBytesMax
            || (blockBytes + symbolSize - 1) / symbolSize > SymbolCountMax)
        {
            return -1;
        }

        var named = ((SymbolCountMax * symbolSize) - Manifest.HeadBytesMax) / BlockDigest.SizeBytes;
        return Math.Min(BlockCountMax, named) * blockBytes;
    }

    /// <summary>As <see cref="LengthMaxOf(long, long)"/>, of a layout that grows, which has some blocks more.</summary>
    public static long LengthMaxOf(long blockBytes, long symbolSize, bool isGrowing) =>
        LengthMaxOf(blockBytes, symbolSize) is var max && isGrowing && max > 0 ? max - (GrowthCountOf(blockBytes) * blockBytes) : max;

    /// <summary>A size of blocks that suits a length: about <see cref="AutoBlockCount"/> of them, each a power of two, from
    /// <see cref="AutoBlockBytesMin"/> to <see cref="AutoBlockBytesMax"/>, or to as many symbols as a block may have. What is small begins
    /// to come out early and is fetched from many; what is large needs no larger manifest than that.</summary>
    public static int AutoBlockBytes(long length, int symbolSize)
    {
        var suiting = Math.Clamp(length / AutoBlockCount, AutoBlockBytesMin, AutoBlockBytesMax);
        return 1 << BitOperations.Log2((ulong)Math.Min(suiting, (long)symbolSize * SymbolCountMax));
    }

    /// <summary>The same blocks cut into small symbols: of <see cref="SmallSymbolSize"/> bytes, or as many more as it takes that neither a
    /// block nor the manifest has more symbols than there may be. Itself when its symbols are as small already.</summary>
    public ResourceLayout WithSmallSymbols(int manifestBytes)
    {
        var least = (Math.Max(BlockBytes, manifestBytes) + SymbolCountMax - 1) / SymbolCountMax;
        var size = Math.Max(SmallSymbolSize, least);
        return size < SymbolSize ? new ResourceLayout(Length, BlockBytes, size, IsGrowing) : this;
    }

    /// <summary>Bytes of the block <paramref name="blockIndex"/>, without padding.</summary>
    public int BytesOf(int blockIndex)
    {
        var offset = OffsetOf(blockIndex);
        var most = !IsGrowing || offset >= BlockBytes ? BlockBytes : Math.Max((int)offset, FirstBlockBytes);
        return (int)Math.Min(most, Length - offset);
    }

    /// <summary>K of the block <paramref name="blockIndex"/>.</summary>
    public int SymbolsOf(int blockIndex) => (BytesOf(blockIndex) + SymbolSize - 1) / SymbolSize;

    /// <summary>Where the block <paramref name="blockIndex"/> starts in the resource.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such block.</exception>
    public long OffsetOf(int blockIndex)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(blockIndex);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(blockIndex, BlockCount);
        var growth = GrowthCount;
        return blockIndex > growth ? (long)(blockIndex - growth) * BlockBytes
            : blockIndex == 0 ? 0
            : (long)FirstBlockBytes << (blockIndex - 1);
    }

    /// <summary>The block that holds the byte at <paramref name="offset"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such byte.</exception>
    public int BlockAt(long offset)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(offset, Length);
        return IndexAt(offset);
    }

    private static int GrowthCountOf(long blockBytes) => BitOperations.Log2((ulong)blockBytes / FirstBlockBytes);

    private int IndexAt(long offset) =>
        !IsGrowing || offset >= BlockBytes ? (int)(offset / BlockBytes) + GrowthCount
        : offset < FirstBlockBytes ? 0
        : 1 + BitOperations.Log2((uint)offset / FirstBlockBytes);
}
