using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using MurkyWaters.Store;
using PouringRain.Protocol;

namespace MurkyWaters.Raining;

/// <summary>
/// The blocks of a version that comes, as the rain sees them: which they are, in what order they came since somebody asked, and the file,
/// which it has open itself. So it hinders nobody from removing the file, goes on when that becomes a blob, and asks nobody who may be
/// waiting for the disk. Thread-safe; no lock is held while the disk works.
/// </summary>
internal sealed class PartialSource : IBlockSource
{
    private readonly Lock _gate = new();
    private readonly PartialBlob _partial;
    private readonly ulong[] _held;
    private readonly int[] _arrivals;
    private readonly BlockChecks _checks;
    private SafeFileHandle? _file;
    private int _heldCount;
    private uint _epoch = DrawEpoch();
    private bool _isClosed;

    /// <summary>Makes it, with no block held before it is opened.</summary>
    /// <param name="partial">What comes.</param>
    /// <param name="onBad">Told of a block that is not what it should be; on a worker.</param>
    /// <param name="time">The clock.</param>
    public PartialSource(PartialBlob partial, Action<int> onBad, TimeProvider time)
    {
        _partial = partial;
        Digest = TreeDigest.Of(partial.Manifest);
        _held = new ulong[(partial.Layout.BlockCount + 63) / 64];
        _arrivals = new int[partial.Layout.BlockCount];
        _checks = new BlockChecks(partial.Manifest, this, onBad, time);
    }

    /// <inheritdoc/>
    public Sha256Digest Digest { get; }

    /// <summary>What was compared: what this process has verified when it came, and of what an earlier one has left each block when it is
    /// first read.</summary>
    public BlockChecks Checks => _checks;

    /// <inheritdoc cref="IRainContent.HeldBlockCount"/>
    public int HeldCount => Volatile.Read(ref _heldCount);

    /// <inheritdoc cref="IRainContent.HeldEpoch"/>
    public uint Epoch => Volatile.Read(ref _epoch);

    /// <summary>Whether it has none of its blocks any more.</summary>
    public bool IsClosed => Volatile.Read(ref _isClosed);

    /// <summary>Takes what is here, and from then on what comes.</summary>
    /// <returns>Whether the file could be opened, if there is one.</returns>
    public bool TryOpen()
    {
        _partial.BlockHeld += TakeBlock;
        _partial.BlockLost += LoseBlock;
        return _partial.HeldCount == 0 || TryTakeAll();
    }

    /// <summary>Has none of its blocks any more, and every read fails from now on. Whoever made it calls this at its end.</summary>
    public void Close()
    {
        _partial.BlockHeld -= TakeBlock;
        _partial.BlockLost -= LoseBlock;
        SafeFileHandle? file;
        lock (_gate)
        {
            if (_isClosed)
            {
                return;
            }

            ChangeEpoch();
            Volatile.Write(ref _isClosed, true);
            Array.Clear(_held);
            Volatile.Write(ref _heldCount, 0);
            file = _file;
        }

        // Who is just reading has it open until then.
        file?.Dispose();
    }

    /// <inheritdoc/>
    public bool HasBlock(int blockIndex) => (Volatile.Read(ref _held[blockIndex >> 6]) >> (blockIndex & 63) & 1) != 0;

    /// <inheritdoc/>
    public void Read(long offset, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            int count;
            try
            {
                count = RandomAccess.Read(Volatile.Read(ref _file) ?? throw new IOException("There is no file yet."), destination, offset);
            }
            catch (ObjectDisposedException error)
            {
                throw new IOException("What was here in part is gone.", error);
            }

            if (count == 0)
            {
                throw new EndOfStreamException($"The file of {_partial.Resource.Id} ends before byte {offset}.");
            }

            destination = destination[count..];
            offset += count;
        }
    }

    /// <inheritdoc/>
    public BlockChecks.Finding Compare(Manifest manifest, int blockIndex)
    {
        try
        {
            return Volatile.Read(ref _file) is { } file ? BlockChecks.Compare(manifest, blockIndex, file) : BlockChecks.Finding.Unknown;
        }
        catch (ObjectDisposedException)
        {
            return BlockChecks.Finding.Unknown;
        }
    }

    /// <inheritdoc cref="IRainContent.CopyArrivals"/>
    public int CopyArrivals(int from, Span<int> blocks)
    {
        lock (_gate)
        {
            var count = from < 0 ? 0 : Math.Clamp(_heldCount - from, 0, blocks.Length);
            if (count > 0)
            {
                _arrivals.AsSpan(from, count).CopyTo(blocks);
            }

            return count;
        }
    }

    /// <inheritdoc cref="IRainContent.CopyHeld"/>
    public void CopyHeld(int firstBlock, Span<byte> bitmap)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(firstBlock);
        ArgumentOutOfRangeException.ThrowIfNotEqual(firstBlock % 8, 0);
        lock (_gate)
        {
            for (var i = 0; i < bitmap.Length; i++)
            {
                var block = firstBlock + (8L * i);
                bitmap[i] = block >> 6 < _held.Length ? (byte)(_held[block >> 6] >> (int)(block & 63)) : (byte)0;
            }
        }
    }

    private static uint DrawEpoch()
    {
        Span<byte> bytes = stackalloc byte[4];
        RandomNumberGenerator.Fill(bytes);
        return BitConverter.ToUInt32(bytes);
    }

    /// <summary>A block is on the disk: the first one finds that there is a file now. On the thread that wrote it.</summary>
    private void TakeBlock(int blockIndex)
    {
        if (Volatile.Read(ref _file) is null)
        {
            TryTakeAll();
        }
        else
        {
            Add(blockIndex);
        }
    }

    /// <summary>Opens the file, and takes all blocks that are in it; when it cannot be opened the next block tries again.</summary>
    private bool TryTakeAll()
    {
        try
        {
            var file = StoreFiles.OpenToRead(_partial.DataPath);
            var isMine = false;
            lock (_gate)
            {
                if (!_isClosed && _file is null)
                {
                    Volatile.Write(ref _file, file);
                    isMine = true;
                }
            }

            if (!isMine)
            {
                file.Dispose();
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }

        for (var i = 0; i < _arrivals.Length; i++)
        {
            if (_partial.HasBlock(i))
            {
                Add(i);
            }
        }

        return true;
    }

    private void Add(int blockIndex)
    {
        var bit = 1ul << (blockIndex & 63);
        lock (_gate)
        {
            // It may have been lost between its coming and this, and its loss been told.
            if (_isClosed || (_held[blockIndex >> 6] & bit) != 0 || !_partial.HasBlock(blockIndex))
            {
                return;
            }

            if (_partial.IsFresh(blockIndex))
            {
                _checks.NoteGood(blockIndex);
            }

            _arrivals[_heldCount] = blockIndex;
            Volatile.Write(ref _held[blockIndex >> 6], _held[blockIndex >> 6] | bit);
            Volatile.Write(ref _heldCount, _heldCount + 1);
        }
    }

    /// <summary>A block was not what it should be, and has to come again.</summary>
    private void LoseBlock(int blockIndex)
    {
        var bit = 1ul << (blockIndex & 63);
        lock (_gate)
        {
            if ((_held[blockIndex >> 6] & bit) == 0)
            {
                return;
            }

            ChangeEpoch();
            Volatile.Write(ref _held[blockIndex >> 6], _held[blockIndex >> 6] & ~bit);
            _checks.NoteLost(blockIndex);
            var at = Array.IndexOf(_arrivals, blockIndex, 0, _heldCount);
            Array.Copy(_arrivals, at + 1, _arrivals, at, _heldCount - at - 1);
            Volatile.Write(ref _heldCount, _heldCount - 1);
        }
    }

    /// <summary>Comes before what it is for: whoever sees that has another epoch from then on.</summary>
    private void ChangeEpoch()
    {
        uint epoch;
        do
        {
            epoch = DrawEpoch();
        }
        while (epoch == _epoch);
        Volatile.Write(ref _epoch, epoch);
    }
}
