using System.Buffers;
using MurkyWaters.Store;
using PouringRain.Protocol;

namespace MurkyWaters.Fetching;

/// <summary>
/// What a fetch has of its version. Blocks are kept on the disk; once that takes nothing more, they pass through memory, a few at a time:
/// each until all who read have passed it. Thread-safe.
/// </summary>
internal sealed class FetchBlocks : IHeldBlocks
{
    private readonly Lock _gate = new();
    private readonly Dictionary<int, byte[]> _passing = [];
    private readonly Action<int> _onHeld;
    private ulong[]? _passed;
    private long _passedBytes;
    private int _passedCount;
    private int _takenCount;
    private int _passingMax;

    /// <param name="disk">The blocks on the disk.</param>
    /// <param name="onHeld">Told of each block that can be read from memory now.</param>
    public FetchBlocks(VerifiedBlocks disk, Action<int> onHeld)
    {
        Disk = disk;
        _onHeld = onHeld;
    }

    /// <summary>The blocks on the disk.</summary>
    public VerifiedBlocks Disk { get; }

    public Manifest Manifest => Disk.Manifest;

    /// <inheritdoc/>
    public ResourceLayout Layout => Disk.Layout;

    /// <inheritdoc/>
    public int TakenCount => Disk.HeldCount + Volatile.Read(ref _takenCount);

    /// <summary>Blocks that came, be it that they have passed.</summary>
    public int CameCount => Disk.HeldCount + Volatile.Read(ref _passedCount);

    /// <summary>The bytes of those.</summary>
    public long CameBytes => Disk.HeldBytes + Interlocked.Read(ref _passedBytes);

    /// <inheritdoc/>
    public bool IsComplete => Disk.IsComplete;

    /// <summary>Whether what comes from now on is not kept.</summary>
    public bool IsPassing => Volatile.Read(ref _passed) is not null;

    /// <inheritdoc/>
    public bool HasBlock(int blockIndex)
    {
        if (Disk.HasBlock(blockIndex))
        {
            return true;
        }

        if (!IsPassing)
        {
            return false;
        }

        lock (_gate)
        {
            return _passing.ContainsKey(blockIndex);
        }
    }

    /// <inheritdoc/>
    public bool IsInMemory(int blockIndex)
    {
        lock (_gate)
        {
            return _passing.ContainsKey(blockIndex);
        }
    }

    /// <summary>A copy of which blocks can be read: bit i of word i / 64.</summary>
    public ulong[] CopyHeld()
    {
        var held = Disk.CopyHeld();
        lock (_gate)
        {
            foreach (var block in _passing.Keys)
            {
                held[block >> 6] |= 1ul << (block & 63);
            }
        }

        return held;
    }

    /// <summary>A copy of which blocks came.</summary>
    public ulong[] CopyCame()
    {
        var came = Disk.CopyHeld();
        lock (_gate)
        {
            for (var i = 0; _passed is not null && i < came.Length; i++)
            {
                came[i] |= _passed[i];
            }
        }

        return came;
    }

    /// <summary>From now on nothing goes to the disk; false when that was so already.</summary>
    public bool BeginPassing()
    {
        lock (_gate)
        {
            if (_passed is not null)
            {
                return false;
            }

            Volatile.Write(ref _passed, new ulong[(Layout.BlockCount + 63) / 64]);
            return true;
        }
    }

    /// <summary>How many blocks may be in memory at once: none at first.</summary>
    public void Allow(int passingMax)
    {
        lock (_gate)
        {
            _passingMax = passingMax;
        }
    }

    /// <summary>Takes a block into memory; false when as many are there as may. Then it has to come once more.</summary>
    public bool TryTake(int blockIndex, ReadOnlySpan<byte> block)
    {
        lock (_gate)
        {
            if (_passing.Count >= _passingMax || _passing.ContainsKey(blockIndex))
            {
                return false;
            }

            var buffer = ArrayPool<byte>.Shared.Rent(block.Length);
            block.CopyTo(buffer);
            _passing.Add(blockIndex, buffer);
            _takenCount++;
            var bit = 1ul << (blockIndex & 63);
            if ((_passed![blockIndex >> 6] & bit) == 0)
            {
                _passed[blockIndex >> 6] |= bit;
                _passedCount++;
                _passedBytes += block.Length;
            }
        }

        _onHeld(blockIndex);
        return true;
    }

    /// <summary>Lets a block go from memory.</summary>
    public void Drop(int blockIndex)
    {
        lock (_gate)
        {
            if (_passing.Remove(blockIndex, out var buffer))
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }

    /// <summary>How many bytes can be read at an offset in one go, at most
    /// <paramref name="countMax"/>; 0 when its block is not here.</summary>
    /// <param name="offset">Where.</param>
    /// <param name="countMax">At least 1.</param>
    /// <param name="isOnDisk">Whether they are in the file.</param>
    public int CountAt(long offset, int countMax, out bool isOnDisk)
    {
        var count = Disk.CountAt(offset, countMax);
        isOnDisk = count > 0;
        if (isOnDisk || !IsPassing)
        {
            return count;
        }

        var block = Layout.BlockAt(offset);
        return IsInMemory(block) ? (int)Math.Min(countMax, Layout.OffsetOf(block) + Layout.BytesOf(block) - offset) : 0;
    }

    /// <summary>Reads what is here at an offset; 0 when its block is not.</summary>
    public int Read(long offset, Span<byte> destination)
    {
        var count = Disk.Read(offset, destination);
        if (count > 0 || !IsPassing)
        {
            return count;
        }

        var block = Layout.BlockAt(offset);
        var at = (int)(offset - Layout.OffsetOf(block));
        lock (_gate)
        {
            if (!_passing.TryGetValue(block, out var buffer))
            {
                return 0;
            }

            count = Math.Min(destination.Length, Layout.BytesOf(block) - at);
            buffer.AsSpan(at, count).CopyTo(destination);
            return count;
        }
    }
}
