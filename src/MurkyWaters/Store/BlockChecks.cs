using System.Buffers;
using Microsoft.Win32.SafeHandles;
using MurkyWaters.Raining;
using PouringRain.Protocol;

namespace MurkyWaters.Store;

/// <summary>
/// Which blocks of a file have been compared with their digests since the entry was read or the file was last written: each is compared the
/// first time it is read, whoever reads it. Thread-safe.
/// </summary>
internal sealed class BlockChecks
{
    /// <summary>How long a block that was not what it should be is not looked at again for the rain.</summary>
    private const int FailedLifeMs = 2000;

    private readonly Manifest _manifest;
    private readonly IBlockSource _source;
    private readonly Action<int> _onBad;
    private readonly TimeProvider _time;
    private readonly ulong[] _good;
    private readonly ulong[] _checking;
    private long _failedMs = long.MinValue / 2;
    private int _failedBlock = -1;
    private long _writtenTicks;

    /// <summary>Makes it, with no block compared.</summary>
    /// <param name="manifest">Has the digests.</param>
    /// <param name="source">A file.</param>
    /// <param name="onBad">Told of a block that is not what it should be, when the rain has found it; on a worker.</param>
    /// <param name="time">Says how long ago that was.</param>
    public BlockChecks(Manifest manifest, IBlockSource source, Action<int> onBad, TimeProvider time)
    {
        _manifest = manifest;
        _source = source;
        _onBad = onBad;
        _time = time;
        _good = new ulong[(manifest.Layout.BlockCount + 63) / 64];
        _checking = new ulong[_good.Length];
    }

    /// <summary>What comparing a block comes to.</summary>
    internal enum Finding
    {
        /// <summary>It is what it should be.</summary>
        Good,

        /// <summary>It is not, or the file is gone or ends before.</summary>
        Bad,

        /// <summary>It cannot be read just now: too many files are open, say.</summary>
        Unknown,
    }

    /// <summary>Whether a block was compared already, and was what it should be.</summary>
    public bool IsGood(int blockIndex) => (Volatile.Read(ref _good[blockIndex >> 6]) >> (blockIndex & 63) & 1) != 0;

    /// <summary>How many bytes at an offset, at most <paramref name="countMax"/>, stand in blocks that were compared.</summary>
    public int CountGood(long offset, int countMax)
    {
        var layout = _manifest.Layout;
        var count = 0;
        for (var block = layout.BlockAt(offset); count < countMax && block < layout.BlockCount && IsGood(block); block++)
        {
            count = (int)Math.Min(countMax, layout.OffsetOf(block) + layout.BytesOf(block) - offset);
        }

        return count;
    }

    /// <summary>Says when the file was last written: what was compared before that is compared again.</summary>
    public void NoteWritten(long ticks)
    {
        if (Interlocked.Exchange(ref _writtenTicks, ticks) != ticks)
        {
            Array.Clear(_good);
        }
    }

    /// <summary>Says that all blocks were compared as they were written, and when that was: they have just come, or been read.</summary>
    public void NoteAllGood(long writtenTicks)
    {
        Interlocked.Exchange(ref _writtenTicks, writtenTicks);
        Array.Fill(_good, ulong.MaxValue);
    }

    /// <summary>Says that a block was compared as it was written.</summary>
    public void NoteGood(int blockIndex) => Note(blockIndex, Finding.Good);

    /// <summary>Says that a block is not what it was.</summary>
    public void NoteLost(int blockIndex) => Interlocked.And(ref _good[blockIndex >> 6], ~(1ul << (blockIndex & 63)));

    /// <summary>Compares a block, unless that was done.</summary>
    public Finding Check(int blockIndex, SafeFileHandle file) =>
        IsGood(blockIndex) ? Finding.Good : Note(blockIndex, Compare(_manifest, blockIndex, file));

    /// <summary>Compares the bytes of a block that somebody has read.</summary>
    public bool Check(int blockIndex, ReadOnlySpan<byte> block)
    {
        var isGood = BlockDigest.Of(_manifest.BlockDigestAlgorithm, block) == _manifest.BlockDigests[blockIndex];
        Note(blockIndex, isGood ? Finding.Good : Finding.Bad);
        if (!isGood)
        {
            _onBad(blockIndex);
        }

        return isGood;
    }

    /// <summary>For the rain, whose loops must not wait for it: has a block compared on a worker.</summary>
    public SymbolReadResult Prepare(int blockIndex)
    {
        if (IsGood(blockIndex))
        {
            return SymbolReadResult.Ok;
        }

        if (Volatile.Read(ref _failedBlock) == blockIndex && _time.GetMilliseconds() - Volatile.Read(ref _failedMs) < FailedLifeMs)
        {
            return SymbolReadResult.Unavailable;
        }

        var bit = 1ul << (blockIndex & 63);
        if ((Interlocked.Or(ref _checking[blockIndex >> 6], bit) & bit) == 0)
        {
            ThreadPool.UnsafeQueueUserWorkItem(
                static state => state.Checks.CheckForRain(state.BlockIndex), (Checks: this, BlockIndex: blockIndex), preferLocal: false);
        }

        return SymbolReadResult.NotReady;
    }

    /// <summary>Whether a file has every byte of a version; every block is read.</summary>
    public static Finding CompareAll(Manifest manifest, string path)
    {
        try
        {
            using var file = StoreFiles.OpenToRead(path);
            if (RandomAccess.GetLength(file) != manifest.Layout.Length)
            {
                return Finding.Bad;
            }

            for (var i = 0; i < manifest.Layout.BlockCount; i++)
            {
                if (Compare(manifest, i, file) is not Finding.Good and var finding)
                {
                    return finding;
                }
            }

            return Finding.Good;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return FindingOf(error);
        }
    }

    /// <summary>Whether a block of a file is what it should be.</summary>
    public static Finding Compare(Manifest manifest, int blockIndex, string path)
    {
        try
        {
            using var file = StoreFiles.OpenToRead(path);
            return Compare(manifest, blockIndex, file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return FindingOf(error);
        }
    }

    /// <summary>Whether a block of an open file is what it should be.</summary>
    public static Finding Compare(Manifest manifest, int blockIndex, SafeFileHandle file)
    {
        var layout = manifest.Layout;
        var buffer = ArrayPool<byte>.Shared.Rent(layout.BytesOf(blockIndex));
        try
        {
            var block = buffer.AsSpan(0, layout.BytesOf(blockIndex));
            return FileReads.Fill(file, layout.OffsetOf(blockIndex), block) == block.Length
                && BlockDigest.Of(manifest.BlockDigestAlgorithm, block) == manifest.BlockDigests[blockIndex] ? Finding.Good : Finding.Bad;
        }
        catch (IOException error)
        {
            return FindingOf(error);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>A sector that cannot be read is as good as a wrong one; that too many files are open says nothing.</summary>
    public static Finding FindingOf(Exception error)
    {
        const int inputOutputError = 5;
        return error is FileNotFoundException or DirectoryNotFoundException or EndOfStreamException || error.HResult == inputOutputError
            ? Finding.Bad : Finding.Unknown;
    }

    private Finding Note(int blockIndex, Finding finding)
    {
        if (finding == Finding.Good)
        {
            Interlocked.Or(ref _good[blockIndex >> 6], 1ul << (blockIndex & 63));
        }
        else
        {
            Volatile.Write(ref _failedMs, _time.GetMilliseconds());
            Volatile.Write(ref _failedBlock, blockIndex);
        }

        return finding;
    }

    private void CheckForRain(int blockIndex)
    {
        var finding = Note(blockIndex, _source.Compare(_manifest, blockIndex));
        Interlocked.And(ref _checking[blockIndex >> 6], ~(1ul << (blockIndex & 63)));
        if (finding == Finding.Bad)
        {
            _onBad(blockIndex);
        }
    }
}
