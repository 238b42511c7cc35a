using System.Buffers;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using PouringRain.Protocol;

namespace MurkyWaters.Store;

/// <summary>
/// An upload: block by block into a temporary file. While one block fills, the one before is hashed for the whole on one core, and
/// hashed for itself and written on another. The buffer grows with what comes. When nothing comes for a while
/// (<see cref="RestAsync"/>), what came of the block goes to the file and the rest of it follows there as it comes; such a block is read
/// back once, to be hashed. So an upload that waits holds no more than its hashes, and of the disk no more than it has brought.
/// </summary>
internal sealed partial class StoreUpload : Upload
{
    /// <summary>Room set aside at a time, where there is as much: whatever was announced, room is taken as the bytes come.</summary>
    private const long ReserveStepBytes = 1024 * 1024;

    /// <summary>The smallest buffer: what comes of a small resource in one piece.</summary>
    private const int BufferBytesMin = 16 * 1024;

    private readonly ResourceStore _store;
    private readonly StoreOptions _defaults;
    private readonly Action<StoredResource>? _onStored;
    private readonly ResourceOrigin _origin;
    private readonly string _path;
    private readonly bool _isPending;
    private readonly IncrementalHash _wholeHash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly List<BlockDigest> _blockDigests = [];
    private UploadOptions _options;
    private SafeFileHandle? _file;
    private byte[]? _filling;
    private byte[]? _working;
    private int _filled;
    private bool _isDirect;
    private bool _isDirty;
    private long _length;
    private long _reservedBytes;
    private Task _work = Task.CompletedTask;
    private bool _isEnded;
    private bool _isDisposed;

    /// <summary>Begins an upload.</summary>
    /// <param name="store">Where it goes.</param>
    /// <param name="options">What it is to become.</param>
    /// <param name="defaults">What it becomes where the options say nothing.</param>
    /// <param name="onStored">Called with what is stored after a commit that stored something, or found the same bytes there.</param>
    /// <param name="origin">Whether it is put, or fetched by a way that ends in an upload.</param>
    public StoreUpload(
        ResourceStore store, UploadOptions options, StoreOptions defaults, Action<StoredResource>? onStored = null, ResourceOrigin origin = ResourceOrigin.Put)
    {
        if (!ResourceLayout.TryCreate(options.Length ?? 0, defaults.BlockSize, defaults.SymbolSize, out _))
        {
            throw new ArgumentException("The length, block size and symbol size make no layout.", nameof(options));
        }

        _store = store;
        _options = options;
        _defaults = defaults;
        _onStored = onStored;
        _origin = origin;
        if (options.Length is { } length && !store.Space.HasRoomFor(length))
        {
            throw new StoreFullException($"The disk has no room for {length} bytes.");
        }

        _path = store.Files.NextTemporaryPath();
        _file = store.Files.Create(_path);
    }

    /// <summary>Bytes of memory that it holds for what came and is not in the file.</summary>
    internal int BufferBytes => (_filling?.Length ?? 0) + (_working?.Length ?? 0);

    /// <inheritdoc/>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (_options.Length is { } announced && _length + bytes.Length > announced)
        {
            // More than was announced is refused at the commit; that it was more is all there is to remember.
            _length = long.MaxValue / 2;
            return;
        }

        while (!bytes.IsEmpty)
        {
            var count = Math.Min(bytes.Length, _defaults.BlockSize - _filled);
            if (_isDirect)
            {
                Write(bytes.Span[..count], _length);
            }
            else
            {
                Grow(_filled + count);
                bytes.Span[..count].CopyTo(_filling.AsSpan(_filled));
            }

            _filled += count;
            _length += count;
            bytes = bytes[count..];
            if (_filled == _defaults.BlockSize)
            {
                cancellationToken.ThrowIfCancellationRequested();
                await TurnAsync();
            }
        }
    }

    /// <inheritdoc/>
    public override async ValueTask RestAsync()
    {
        await _work;
        if (_isDisposed || _isEnded)
        {
            return;
        }

        if (_filled > 0 && !_isDirect)
        {
            await Task.Run(WriteFilled);
        }

        Rest();
    }

    /// <inheritdoc/>
    public override async Task<UploadResult> CommitAsync(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (_isEnded)
        {
            throw new InvalidOperationException("The upload is committed.");
        }

        _isEnded = true;
        if (_options.Length is { } announced && announced != _length)
        {
            return new UploadResult(UploadOutcome.LengthMismatch, null);
        }

        var sha256 = await FinishBlocksAsync();
        if (_options.ExpectedSha256 is { } expected && expected != sha256)
        {
            return new UploadResult(UploadOutcome.DigestMismatch, null);
        }

        var id = _options.Id ?? new ResourceId(sha256.Tag);
        using var gate = await _store.EnterAsync(id, cancellationToken);

        // Flushing waits for the disk: not on the caller's thread.
        var result = await Task.Run(() => Commit(id, sha256), CancellationToken.None);
        if (result.Outcome is UploadOutcome.Created or UploadOutcome.Replaced or UploadOutcome.Unchanged)
        {
            _onStored?.Invoke(result.Resource!);
        }

        return result;
    }

    /// <summary>Whether the disk has refused bytes that were written to the file: what is in it must not be trusted.</summary>
    public bool IsLost { get; private set; }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        _isEnded = true;
        await _work.ContinueWith(static _ => { }, TaskScheduler.Default);
        if (!_isDisposed)
        {
            _isDisposed = true;
            Rest();
            _wholeHash.Dispose();
            if (!_isPending)
            {
                _store.Files.Discard(_path);
            }
        }
    }

    private UploadResult Commit(ResourceId id, Sha256Digest sha256)
    {
        var entry = _store.FindEntry(id);
        var current = entry is null || entry.IsTombstone ? null : entry.Resource;
        if (_options.Precondition is { } precondition && !precondition(current))
        {
            return new UploadResult(UploadOutcome.PreconditionFailed, current);
        }

        var described = Describe(current?.Manifest, sha256);
        if (current is not null && IsSame(current.Manifest, sha256, described))
        {
            // What was fetched before and is put now is to stay.
            var kept = _origin == ResourceOrigin.Fetched || current.Origin == ResourceOrigin.Put ? current : _store.ChangeOrigin(entry!, ResourceOrigin.Put);
            return new UploadResult(UploadOutcome.Unchanged, kept);
        }

        var stamp = _store.NextStamp(entry?.Resource.Manifest);
        if (stamp > Manifest.StampMax)
        {
            return new UploadResult(UploadOutcome.NoLaterVersion, current);
        }

        if (!ResourceLayout.TryCreate(_length, _defaults.BlockSize, _defaults.SymbolSize, out var layout))
        {
            return new UploadResult(UploadOutcome.TooLong, current);
        }

        Flush();
        _file!.Dispose();
        var manifest = Manifest.Create(
            layout,
            described.Code,
            stamp,
            sha256,
            described.ContentType,
            described.FileName,
            System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_blockDigests),
            (described.IsAttachment ? ManifestFlags.Attachment : 0) | (IsSameSecond(entry?.Resource.Manifest, stamp) ? ManifestFlags.DateWeak : 0));
        var resource = new StoredResource(id, manifest, current?.Origin == ResourceOrigin.Put ? ResourceOrigin.Put : _origin);
        _store.CommitBlob(resource, _path);
        return new UploadResult(current is null ? UploadOutcome.Created : UploadOutcome.Replaced, resource);
    }

    /// <summary>Whether a version was made in the second of a stamp: HTTP's dates are whole seconds.</summary>
    private static bool IsSameSecond(Manifest? previous, long stamp) =>
        previous is not null && Math.DivRem(previous.Stamp, 1000).Quotient == Math.DivRem(stamp, 1000).Quotient;

    private Description Describe(Manifest? current, Sha256Digest sha256) =>
        current is not null && HasBytes(current, sha256)
            ? Description.OfSame(Description.Of(current), _options)
            : Description.OfOther(current is null ? null : Description.Of(current), _options, _defaults.Code);

    private bool HasBytes(Manifest manifest, Sha256Digest sha256) => manifest.Sha256 == sha256 && manifest.Layout.Length == _length;

    private bool IsSame(Manifest manifest, Sha256Digest sha256, Description described) =>
        HasBytes(manifest, sha256) && described == Description.Of(manifest);

    /// <summary>Hands on the block that is full.</summary>
    private async ValueTask TurnAsync()
    {
        await _work;
        var isWritten = _isDirect;
        if (isWritten)
        {
            ReadFilled();
        }

        StartWork(isWritten);
    }

    /// <summary>Has the block in <see cref="_filling"/> hashed, and written where it is not in the file yet. The one before is done.</summary>
    private void StartWork(bool isWritten)
    {
        (_filling, _working) = (_working, _filling);
        var block = _working!;
        var count = _filled;
        var offset = _length - count;
        _filled = 0;
        var whole = Task.Run(() => _wholeHash.AppendData(block.AsSpan(0, count)), CancellationToken.None);
        var own = Task.Run(() => Keep(block.AsSpan(0, count), offset, isWritten), CancellationToken.None);
        _work = Task.WhenAll(whole, own);
    }

    private async Task<Sha256Digest> FinishBlocksAsync()
    {
        await _work;
        var isWritten = _isDirect;
        if (isWritten)
        {
            ReadFilled();
        }

        _wholeHash.AppendData(_filling.AsSpan(0, _filled));
        var sha256 = ReadWholeHash();
        if (_filled > 0)
        {
            Keep(_filling.AsSpan(0, _filled), _length - _filled, isWritten);
        }

        return sha256;
    }

    private Sha256Digest ReadWholeHash()
    {
        Span<byte> bytes = stackalloc byte[Sha256Digest.SizeBytes];
        _wholeHash.GetHashAndReset(bytes);
        return Sha256Digest.Read(bytes);
    }

    private void Keep(ReadOnlySpan<byte> block, long offset, bool isWritten)
    {
        if (!isWritten)
        {
            Write(block, offset);
        }

        _blockDigests.Add(BlockDigest.Of(BlockDigestAlgorithm.Blake3, block));
    }

    /// <summary>Makes room in memory for as many bytes of the block.</summary>
    private void Grow(int count)
    {
        if (_filling is { } buffer && buffer.Length >= count)
        {
            return;
        }

        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(count, Math.Min(_defaults.BlockSize, Math.Max(BufferBytesMin, 2 * (_filling?.Length ?? 0)))));
        if (_filling is { } smaller)
        {
            smaller.AsSpan(0, _filled).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(smaller);
        }

        _filling = larger;
    }

    /// <summary>Takes the bytes of the block back from the file.</summary>
    private void ReadFilled()
    {
        Grow(_filled);
        ReadExactly(_filling.AsSpan(0, _filled), _length - _filled);
        _isDirect = false;
    }

    /// <summary>Puts the bytes of the block into the file.</summary>
    private void WriteFilled() => Write(_filling.AsSpan(0, _filled), _length - _filled);

    private SafeFileHandle OpenFile() => _file ??= _store.Files.OpenToWrite(_path);

    /// <summary>Gives back memory, file and room. What came of the block is in the file, or of no more use.</summary>
    private void Rest()
    {
        foreach (var buffer in (ReadOnlySpan<byte[]?>)[_filling, _working])
        {
            if (buffer is not null)
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }

        _filling = _working = null;
        _isDirect = _filled > 0;
        _file?.Dispose();
        _file = null;
        ReleaseRoom(_reservedBytes);
    }

    private void Write(ReadOnlySpan<byte> block, long offset)
    {
        if (_reservedBytes < block.Length)
        {
            Reserve(block.Length - _reservedBytes);
        }

        _isDirty = true;
        _store.Files.Write(OpenFile(), block, offset);

        // What is written is no longer promised but used.
        ReleaseRoom(block.Length);
    }

    private void Flush()
    {
        _store.Files.Health.ThrowIfReadOnly();
        try
        {
            _store.Files.Flush(OpenFile());
            _isDirty = false;
        }
        catch (StoreException)
        {
            IsLost = true;
            throw;
        }
    }

    private void Reserve(long bytes)
    {
        var step = Math.Max(bytes, ReserveStepBytes);
        if (!_store.Space.TryReserve(step))
        {
            step = bytes;
            if (!_store.Space.TryReserve(bytes))
            {
                throw new StoreFullException($"The disk has no room for {bytes} bytes.");
            }
        }

        Interlocked.Add(ref _reservedBytes, step);
    }

    private void ReleaseRoom(long bytes)
    {
        _store.Space.Release(bytes);
        Interlocked.Add(ref _reservedBytes, -bytes);
    }
}
