using Microsoft.Win32.SafeHandles;
using MurkyWaters.Raining;
using PouringRain.Protocol;

namespace MurkyWaters.Store;

/// <summary>
/// One version on its way in: three files named by id and version. <c>.record</c> is the manifest as a record, <c>.data</c> has verified
/// blocks at their offsets, <c>.journal</c> has one byte a block behind the id of the machine's run, set after the block was
/// written. Nothing is flushed while it rains: a process that is killed leaves both files in the page cache, in that order, so the
/// journal can be trusted as long as the machine runs. After another start of the machine every block that the journal names is
/// hashed once before use. Two fetches of one version may fill it together, since what they write is the same.
/// </summary>
internal sealed class PartialBlob : VerifiedBlocks
{
    private readonly StoreFiles _files;
    private readonly Lock _gate = new();
    private readonly string _bootId;
    private SafeFileHandle? _data;
    private SafeFileHandle? _journal;
    private FileStream? _sending;

    /// <summary>What another process left, and nobody has looked at in this one; null when there was none. As
    /// <see cref="VerifiedBlocks.CopyHeld"/>.</summary>
    private ulong[]? _recovered;
    private bool _isOnDisk;
    private bool _mustVerify;
    private long _lastUseMs;

    private PartialBlob(StoreFiles files, StoredResource resource, string bootId)
        : base(resource)
    {
        _files = files;
        _bootId = bootId;
        Touch();
        BasePath = Path.Combine(files.Partials, $"{resource.Id.Value:x16}-{resource.Manifest.Version}");
    }

    /// <summary>Whether its files are gone from their names and nobody new may find it; those who hold it still read it.</summary>
    public bool IsRetired { get; set; }

    /// <summary>When it was last written or read, or wanted of the rain, in milliseconds of the store's clock.</summary>
    public long LastUseMs => Math.Max(Volatile.Read(ref _lastUseMs), Content?.LastUseMs ?? 0);

    /// <summary>What it is rained as; null when nobody asks. Changed by <see cref="PartialTable"/> alone, under its lock.</summary>
    public PartialContent? Content { get; set; }

    public string DataPath => BasePath + ".data";

    private string BasePath { get; }

    private string RecordPath => BasePath + ".record";

    private string JournalPath => BasePath + ".journal";

    /// <summary>A version of which nothing is here yet. Makes no file before the first block.</summary>
    public static PartialBlob Create(StoreFiles files, ResourceId id, Manifest manifest, string bootId) =>
        new(files, new StoredResource(id, manifest, Retention.Cached), bootId);

    /// <summary>Takes in what another process left; null when it is of no use.</summary>
    public static PartialBlob? TryRecover(StoreFiles files, string recordPath, string bootId)
    {
        if (!ResourceRecord.TryParse(StoreFiles.ReadBytes(recordPath), out var resource) || resource.Manifest.IsDeleted)
        {
            return null;
        }

        var partial = new PartialBlob(files, resource, bootId);
        if (partial.RecordPath != recordPath || !StoreFiles.Exists(partial.DataPath) || !StoreFiles.Exists(partial.JournalPath))
        {
            return null;
        }

        var journal = StoreFiles.ReadBytes(partial.JournalPath);
        if (journal.Length < BootId.SizeBytes)
        {
            return null;
        }

        partial._isOnDisk = true;
        partial._mustVerify = bootId.Length == 0 || !journal.AsSpan(0, BootId.SizeBytes).SequenceEqual(BootId.Encode(bootId));
        var dataLength = StoreFiles.LengthOf(partial.DataPath) ?? 0;
        var layout = resource.Manifest.Layout;
        for (var i = 0; i < layout.BlockCount && BootId.SizeBytes + i < journal.Length; i++)
        {
            if (journal[BootId.SizeBytes + i] == 1 && layout.OffsetOf(i) + layout.BytesOf(i) <= dataLength)
            {
                partial.SetHeld(i);
            }
        }

        partial._recovered = partial.CopyHeld();
        return partial.HeldCount > 0 ? partial : null;
    }

    /// <summary>Opens the files if there are any, and hashes what cannot be trusted.
    /// Called before a fetch counts on what is here.</summary>
    public void Prepare()
    {
        lock (_gate)
        {
            if (!_mustVerify)
            {
                return;
            }

            OpenFiles();
            Parallel.For(
                0, Manifest.Layout.BlockCount, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, Verify);
            _files.Write(_journal!, BootId.Encode(_bootId), 0);
            _mustVerify = false;
        }
    }

    /// <summary>Whether a block that is held was verified by this process as it came.</summary>
    public bool IsFresh(int blockIndex) =>
        _recovered is not { } recovered || (Volatile.Read(ref recovered[blockIndex >> 6]) >> (blockIndex & 63) & 1) == 0;

    /// <summary>Compares a block once more, if it is held: one that is not what it should be is held no more. Needs a lease.</summary>
    public void Recheck(int blockIndex)
    {
        lock (_gate)
        {
            OpenFiles();
            Verify(blockIndex);
        }
    }

    /// <inheritdoc/>
    public override FileStream OpenToSend()
    {
        lock (_gate)
        {
            OpenFiles();
            Touch();
            return _sending!;
        }
    }

    /// <summary>Waits until the bytes are on the disk.</summary>
    /// <exception cref="StoreException">They are not.</exception>
    public void Flush()
    {
        // An empty resource has no block that would have made the file.
        var data = OpenFilesIfNeeded().Data;
        _files.Health.ThrowIfReadOnly();
        try
        {
            _files.Flush(data);
        }
        catch (StoreException)
        {
            IsLost = true;
            throw;
        }
    }

    /// <summary>Whether the disk has refused bytes that the journal says are there: it must not be gone on with.</summary>
    public bool IsLost { get; private set; }

    /// <summary>It was wanted, in milliseconds of the store's clock.</summary>
    public void NoteUse(long useMs) => Volatile.Write(ref _lastUseMs, Math.Max(useMs, Volatile.Read(ref _lastUseMs)));

    /// <summary>Closes the files; the next use opens them again.</summary>
    public override void Close()
    {
        lock (_gate)
        {
            _data?.Dispose();
            _journal?.Dispose();
            _sending?.Dispose();
            _data = _journal = null;
            _sending = null;
        }
    }

    /// <summary>Opens the files before their names go, for those who still read. When they
    /// cannot be opened, or are gone, those find out.</summary>
    public void KeepOpen()
    {
        try
        {
            if (_isOnDisk)
            {
                OpenFilesIfNeeded();
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A store that is read-only, or a process that has no more open files.
        }
    }

    /// <summary>Whether the bytes are where they are written: not when they are a blob by now.</summary>
    public bool HasData => !_isOnDisk || StoreFiles.Exists(DataPath);

    /// <summary>Removes the files' names (the data may be elsewhere by now). Open files stay readable until they are closed.</summary>
    public void RemoveFiles()
    {
        if (_isOnDisk)
        {
            DiscardFiles();
        }
    }

    /// <inheritdoc/>
    protected override void Keep(int blockIndex, ReadOnlySpan<byte> block)
    {
        var (data, journal) = OpenFilesIfNeeded();
        _files.Write(data, block, Manifest.Layout.OffsetOf(blockIndex));
        _files.Write(journal, [1], BootId.SizeBytes + blockIndex);
        if (_recovered is { } recovered)
        {
            Interlocked.And(ref recovered[blockIndex >> 6], ~(1ul << (blockIndex & 63)));
        }

        Touch();
    }

    /// <inheritdoc/>
    protected override int ReadHeld(long offset, Span<byte> destination)
    {
        Touch();
        return RandomAccess.Read(OpenFilesIfNeeded().Data, destination, offset);
    }

    private void DiscardFiles()
    {
        // The record first: without it the others mean nothing.
        _files.Discard(RecordPath);
        _files.Discard(JournalPath);
        _files.Discard(DataPath);
    }

    private void Touch() => Volatile.Write(ref _lastUseMs, _files.Time.GetMilliseconds());

    private (SafeFileHandle Data, SafeFileHandle Journal) OpenFilesIfNeeded()
    {
        lock (_gate)
        {
            OpenFiles();
            return (_data!, _journal!);
        }
    }

    private void OpenFiles()
    {
        if (_data is not null)
        {
            return;
        }

        SafeFileHandle? data = null;
        SafeFileHandle? journal = null;
        FileStream? sending = null;
        try
        {
            data = _isOnDisk ? _files.OpenToWrite(DataPath) : _files.Create(DataPath);
            sending = StoreFiles.OpenToSend(DataPath);
            journal = _isOnDisk ? _files.OpenToWrite(JournalPath) : _files.Create(JournalPath);
            if (!_isOnDisk)
            {
                _files.Write(journal, BootId.Encode(_bootId), 0);
                using var record = _files.Create(RecordPath);
                _files.Write(record, ResourceRecord.Encode(Resource), 0);
            }
        }
        catch
        {
            data?.Dispose();
            journal?.Dispose();
            sending?.Dispose();
            if (!_isOnDisk)
            {
                DiscardFiles();
            }

            throw;
        }

        (_data, _journal, _sending) = (data, journal, sending);
        _isOnDisk = true;
    }

    private void Verify(int blockIndex)
    {
        if (!HasBlock(blockIndex))
        {
            return;
        }

        var layout = Manifest.Layout;
        var count = layout.BytesOf(blockIndex);
        var buffer = System.Buffers.ArrayPool<byte>.Shared.Rent(count);
        try
        {
            var block = buffer.AsSpan(0, count);
            if (RandomAccess.Read(_data!, block, layout.OffsetOf(blockIndex)) == count
                && BlockDigest.Of(Manifest.BlockDigestAlgorithm, block) == Manifest.BlockDigests[blockIndex])
            {
                return;
            }
        }
        finally
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(buffer);
        }

        _files.Write(_journal!, [0], BootId.SizeBytes + blockIndex);
        ClearHeld(blockIndex);
    }
}
