using PouringRain.Protocol;

namespace MurkyWaters.Store;

/// <summary>The blocks of one version that were verified as a fetch brought them: which they are, and where they are read from.
/// Thread-safe.</summary>
internal abstract class VerifiedBlocks
{
    private readonly ulong[] _held;
    private int _heldCount;
    private long _heldBytes;

    protected VerifiedBlocks(StoredResource resource)
    {
        Resource = resource;
        _held = new ulong[(resource.Manifest.Layout.BlockCount + 63) / 64];
    }

    /// <summary>Raised with the index of a block that is held now, on the thread that wrote it.</summary>
    public event Action<int>? BlockHeld;

    /// <summary>Raised with the index of a block that was held and is held no more, since it is not what it should be; on any
    /// thread.</summary>
    public event Action<int>? BlockLost;

    public StoredResource Resource { get; }

    public Manifest Manifest => Resource.Manifest;

    public ResourceLayout Layout => Resource.Manifest.Layout;

    /// <summary>How many leases there are; changed by <see cref="PartialTable"/> alone, under its lock.</summary>
    public int LeaseCount { get; set; }

    /// <summary>Whether it is to be kept as if it had been put, outside the quota.</summary>
    public bool IsExempt { get; set; }

    public bool IsComplete => HeldCount == Manifest.Layout.BlockCount;

    public int HeldCount => Volatile.Read(ref _heldCount);

    public long HeldBytes => Interlocked.Read(ref _heldBytes);

    public bool HasBlock(int blockIndex) => (Volatile.Read(ref _held[blockIndex >> 6]) >> (blockIndex & 63) & 1) != 0;

    /// <summary>A copy of what is held: bit i of word i / 64.</summary>
    public ulong[] CopyHeld()
    {
        var copy = new ulong[_held.Length];
        for (var i = 0; i < copy.Length; i++)
        {
            copy[i] = Volatile.Read(ref _held[i]);
        }

        return copy;
    }

    /// <summary>Keeps a verified block.</summary>
    /// <exception cref="IOException">The disk is full or failing.</exception>
    public void Write(int blockIndex, ReadOnlySpan<byte> block)
    {
        if (HasBlock(blockIndex))
        {
            return;
        }

        Keep(blockIndex, block);
        if (SetHeld(blockIndex))
        {
            BlockHeld?.Invoke(blockIndex);
        }
    }

    /// <summary>How many bytes are held at an offset: as far as the blocks are held, at most <paramref name="countMax"/>; 0 when the block
    /// at the offset is not held.</summary>
    public int CountAt(long offset, int countMax)
    {
        var layout = Manifest.Layout;
        var count = 0;
        for (var block = layout.BlockAt(offset); count < countMax && block < layout.BlockCount && HasBlock(block); block++)
        {
            count = (int)Math.Min(countMax, layout.OffsetOf(block) + layout.BytesOf(block) - offset);
        }

        return count;
    }

    /// <summary>Reads held bytes, as many as <see cref="CountAt"/> says.</summary>
    public int Read(long offset, Span<byte> destination)
    {
        var count = CountAt(offset, destination.Length);
        return count == 0 ? 0 : ReadHeld(offset, destination[..count]);
    }

    /// <summary>The file, for the system to send from: open as long as there is a lease.</summary>
    public abstract FileStream OpenToSend();

    /// <summary>Closes the files, when there is no lease any more.</summary>
    public abstract void Close();

    /// <summary>Has a block where it can be read from.</summary>
    protected abstract void Keep(int blockIndex, ReadOnlySpan<byte> block);

    /// <summary>Reads bytes that are held.</summary>
    protected abstract int ReadHeld(long offset, Span<byte> destination);

    protected bool SetHeld(int blockIndex)
    {
        var bit = 1ul << (blockIndex & 63);
        if ((Interlocked.Or(ref _held[blockIndex >> 6], bit) & bit) != 0)
        {
            return false;
        }

        Interlocked.Add(ref _heldBytes, Manifest.Layout.BytesOf(blockIndex));
        Interlocked.Increment(ref _heldCount);
        return true;
    }

    protected void ClearHeld(int blockIndex)
    {
        Interlocked.And(ref _held[blockIndex >> 6], ~(1ul << (blockIndex & 63)));
        Interlocked.Add(ref _heldBytes, -Manifest.Layout.BytesOf(blockIndex));
        Interlocked.Decrement(ref _heldCount);
        BlockLost?.Invoke(blockIndex);
    }
}
