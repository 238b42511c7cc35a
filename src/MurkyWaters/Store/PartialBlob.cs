using Microsoft.Win32.SafeHandles;
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
    private bool _isOnDisk;
    private bool _mustVerify;
    private long _lastUseMs = Environment.TickCount64;

    private PartialBlob(StoreFiles files, StoredResource resource, string bootId)
        : base(resource)
    {
        _files = files;
        _bootId = bootId;
        BasePath = Path.Combine(files.Partials, $"{resource.Id.Value:x16}-{resource.Manifest.Version}");
    }

    /// <summary>Whether its files are gone from their names and nobody new may find it; those who hold it still read it.</summary>
    public bool IsRetired { get; set; }

    public long LastUseMs => Volatile.Read(ref _lastUseMs);

    public string DataPath => BasePath + ".data";

    private string BasePath { get; }

    private string RecordPath => BasePath + ".record";

    private string JournalPath => BasePath + ".journal";

    /// <summary>A version of which nothing is here yet. Makes no file before the first block.</summary>
    public static PartialBlob Create(StoreFiles files, ResourceId id, Manifest manifest, string bootId) =>
        new(files, new StoredResource(id, manifest, ResourceOrigin.Fetched), bootId);

    /// <summary>Takes in what another process left; null when it is of no use.</summary>
    public static PartialBlob? TryRecover(StoreFiles files, string recordPath, string bootId)
    {
        if (!ResourceRecord.TryParse(File.ReadAllBytes(recordPath), out var resource) || resource.Manifest.IsDeleted)
        {
            return null;
        }

        var partial = new PartialBlob(files, resource, bootId);
        if (partial.RecordPath != recordPath || !File.Exists(partial.DataPath) || !File.Exists(partial.JournalPath))
        {
            return null;
        }

        var journal = File.ReadAllBytes(partial.JournalPath);
        if (journal.Length < BootId.SizeBytes)
        {
            return null;
        }

        partial._isOnDisk = true;
        partial._mustVerify = bootId.Length == 0 || !journal.AsSpan(0, BootId.SizeBytes).SequenceEqual(BootId.Encode(bootId));
        var dataLength = new FileInfo(partial.DataPath).Length;
        var layout = resource.Manifest.Layout;
        for (var i = 0; i < layout.BlockCount && BootId.SizeBytes + i < journal.Length; i++)
        {
            if (journal[BootId.SizeBytes + i] == 1 && layout.OffsetOf(i) + layout.BytesOf(i) <= dataLength)
            {
                partial.SetHeld(i);
            }
        }

        return partial.HeldCount > 0 ? partial : null;
    }

    /// <summary>Opens the files if there are any, and hashes what cannot be trusted. Called before a fetch counts on what is here.</summary>
    public void Prepare()
    {
        lock (_gate)
        {
            if (!_mustVerify)
            {
                return;
            }

            OpenFiles();
            Parallel.For(0, Manifest.Layout.BlockCount, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, Verify);
            RandomAccess.Write(_journal!, BootId.Encode(_bootId), 0);
            _mustVerify = false;
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
    public void Flush()
    {
        // An empty resource has no block that would have made the file.
        _files.Flush(OpenFilesIfNeeded().Data);
    }

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

    /// <summary>Opens the files before their names go, for those who still read.</summary>
    public void KeepOpen()
    {
        if (_isOnDisk)
        {
            OpenFilesIfNeeded();
        }
    }

    /// <summary>Removes the files' names (the data may be elsewhere by now). Open files stay readable until they are closed.</summary>
    public void RemoveFiles()
    {
        if (_isOnDisk)
        {
            // The record first: without it the others mean nothing.
            _files.Delete(RecordPath);
            _files.Delete(JournalPath);
            _files.Delete(DataPath);
        }
    }

    /// <inheritdoc/>
    protected override void Keep(int blockIndex, ReadOnlySpan<byte> block)
    {
        var (data, journal) = OpenFilesIfNeeded();
        RandomAccess.Write(data, block, Manifest.Layout.OffsetOf(blockIndex));
        RandomAccess.Write(journal, [1], BootId.SizeBytes + blockIndex);
        Touch();
    }

    /// <inheritdoc/>
    protected override int ReadHeld(long offset, Span<byte> destination)
    {
        Touch();
        return RandomAccess.Read(OpenFilesIfNeeded().Data, destination, offset);
    }

    private void Touch() => Volatile.Write(ref _lastUseMs, Environment.TickCount64);

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

        if (_isOnDisk)
        {
            _data = StoreFiles.OpenToWrite(DataPath);
            _journal = StoreFiles.OpenToWrite(JournalPath);
            _sending = StoreFiles.OpenToSend(DataPath);
            return;
        }

        _isOnDisk = true;
        _data = _files.Create(DataPath);
        _sending = StoreFiles.OpenToSend(DataPath);
        _journal = _files.Create(JournalPath);
        _files.Write(_journal, BootId.Encode(_bootId), 0);
        using var record = _files.Create(RecordPath);
        _files.Write(record, ResourceRecord.Encode(Resource), 0);
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
            if (RandomAccess.Read(_data!, block, layout.OffsetOf(blockIndex)) == count && Sha256Digest.Of(block) == Manifest.BlockDigests[blockIndex])
            {
                return;
            }
        }
        finally
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(buffer);
        }

        RandomAccess.Write(_journal!, [0], BootId.SizeBytes + blockIndex);
        ClearHeld(blockIndex);
    }
}
