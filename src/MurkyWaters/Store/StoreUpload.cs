using System.Buffers;
using Microsoft.Win32.SafeHandles;
using MurkyWaters.Cluster;
using PouringRain.Protocol;

namespace MurkyWaters.Store;

/// <summary>
/// An upload: buffer by buffer into a temporary file, hashed on the way (<see cref="UploadPipeline"/>). What fits one buffer is hashed and
/// written at the end, in one go, and what is small needs no file at all. The buffer grows with what comes. When nothing comes for a while
/// (<see cref="RestAsync"/>), what is in it goes the same way; so an upload that waits holds no more than its hashes, and of the disk no
/// more than it has brought. The size of the blocks may depend on the length: while that is unknown they are hashed as if it were large,
/// and anew from the file when it was not.
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
    private readonly Retention _retention;
    private readonly string _path;
    private readonly bool _isPending;
    private bool _isCreated;
    private UploadOptions _options;
    private SafeFileHandle? _file;
    private UploadPipeline? _pipeline;
    private byte[]? _filling;
    private int _filled;
    private bool _isDirty;
    private long _length;
    private long _reservedBytes;
    private BlockDigest[] _blockDigests = [];
    private bool _isEnded;
    private bool _isDisposed;

    /// <summary>Begins an upload.</summary>
    /// <param name="store">Where it goes.</param>
    /// <param name="options">What it is to become.</param>
    /// <param name="defaults">What it becomes where the options say nothing.</param>
    /// <param name="onStored">Called with what is stored after a commit that stored something, or found the same bytes there.</param>
    /// <param name="retention">Whether it is kept, or cached: fetched by a way that ends in an upload.</param>
    public StoreUpload(
        ResourceStore store, UploadOptions options, StoreOptions defaults, Action<StoredResource>? onStored = null,
        Retention retention = Retention.Kept)
    {
        if (!defaults.TryLayOut(options.Length ?? 0, out _))
        {
            throw new ArgumentException("The length, block size and symbol size make no layout.", nameof(options));
        }

        _store = store;
        _options = options;
        _defaults = defaults;
        _onStored = onStored;
        _retention = retention;
        store.Files.Health.ThrowIfReadOnly();
        if (options.Length is { } length && !store.TryMakeRoom(length, countsForQuota: false))
        {
            throw new StoreFullException($"The disk has no room for {length} bytes.");
        }

        _path = store.Files.NextTemporaryPath();
    }

    /// <summary>Bytes of memory that it holds for what came and is not in the file.</summary>
    internal int BufferBytes => (_filling?.Length ?? 0) + (_pipeline?.BufferBytes ?? 0);

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
            var count = Math.Min(bytes.Length, _defaults.UploadBufferBytes - _filled);
            Grow(_filled + count);
            bytes.Span[..count].CopyTo(_filling.AsSpan(_filled));
            _filled += count;
            _length += count;
            bytes = bytes[count..];
            if (_filled == _defaults.UploadBufferBytes)
            {
                cancellationToken.ThrowIfCancellationRequested();
                await HandOnAsync(isWritten: false);
            }
        }
    }

    /// <inheritdoc/>
    public override async ValueTask RestAsync()
    {
        if (!_isDisposed && !_isEnded)
        {
            await SettleAsync();
            Rest();
        }
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

        var sha256 = await FinishHashesAsync();
        if (_options.ExpectedSha256 is { } expected && expected != sha256)
        {
            return new UploadResult(UploadOutcome.DigestMismatch, null);
        }

        var id = _options.Id ?? new ResourceId(sha256.Tag);
        await using var write = _options.Precondition is { } condition && _store.ConditionalWrites is { } writes
            ? await writes.EnterAsync(
                id, found => condition(found is null ? null : new StoredResource(id, found, _retention)), cancellationToken)
            : null;
        var result = await CommitAtGateAsync(id, sha256, write, cancellationToken);
        if (write is not null && result.Outcome is UploadOutcome.Created or UploadOutcome.Replaced)
        {
            await write.SettleAsync(result.Resource!.Manifest);
        }

        return result;
    }

    /// <summary>Whether the disk has refused bytes that were written to the file: what is in it must not be trusted.</summary>
    public bool IsLost { get; private set; }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        _isEnded = true;
        if (!_isDisposed)
        {
            _isDisposed = true;
            if (_pipeline is not null)
            {
                await _pipeline.SettleAsync();
                _pipeline.Dispose();
            }

            Rest();
            if (_isCreated && !_isPending)
            {
                _store.Files.Discard(_path);
            }
        }
    }

    /// <summary>Whether it has come to its end without a file.</summary>
    private bool IsInMemory => !_isCreated && !_isPending && _store.IsInline(_length);

    private async Task<UploadResult> CommitAtGateAsync(
        ResourceId id, Sha256Digest sha256, ConditionalWrite? write, CancellationToken cancellationToken)
    {
        using var gate = await _store.EnterAsync(id, cancellationToken);
        var elsewhere = write?.NewestStamp ?? (_store.AskNewest is { } ask ? await ask(id, cancellationToken) : long.MinValue);

        // Flushing waits for the disk: not on the caller's thread. What is small waits for others to do so.
        var result = IsInMemory
            ? await CommitAsync(id, sha256, elsewhere, write)
            : await Task.Run(() => CommitAsync(id, sha256, elsewhere, write), CancellationToken.None);
        if (result.Outcome is UploadOutcome.Created or UploadOutcome.Replaced or UploadOutcome.Unchanged)
        {
            _onStored?.Invoke(result.Resource!);
        }

        return result;
    }

    private async Task<UploadResult> CommitAsync(ResourceId id, Sha256Digest sha256, long elsewhere, ConditionalWrite? write)
    {
        var ground = WriteGround.Of(_store, id, write);
        if (ground.Refuse(write, _options.Precondition, _options.Path) is { } refusal)
        {
            return refusal;
        }

        var (entry, known, newest) = ground;
        var current = ground.Current;
        write?.ThrowIfLost();
        var described = Describe(newest?.Manifest, sha256);
        if (current is not null && elsewhere <= current.Manifest.Stamp && IsSame(current.Manifest, sha256, described))
        {
            if (entry is null)
            {
                // It is in pieces.
                return new UploadResult(UploadOutcome.Unchanged, current);
            }

            if (!_store.IsIntact(entry))
            {
                await PlaceAsync(current with { Retention = current.Retention == Retention.Kept ? Retention.Kept : _retention });
                return new UploadResult(UploadOutcome.Unchanged, _store.FindEntry(id)?.Resource ?? current);
            }

            // What was fetched before and is put now is to stay.
            var kept = _retention == Retention.Cached || current.Retention == Retention.Kept
                ? current
                : _store.ChangeRetention(entry, Retention.Kept);
            return new UploadResult(UploadOutcome.Unchanged, kept);
        }

        if (_store.NextStamp(known?.Manifest, elsewhere) is not { } stamp)
        {
            return new UploadResult(UploadOutcome.NoLaterVersion, current);
        }

        if (!_defaults.TryLayOut(_length, out var layout))
        {
            return new UploadResult(UploadOutcome.TooLong, current);
        }

        var manifest = Manifest.Create(
            layout,
            described.Code,
            stamp,
            sha256,
            described.ContentType,
            described.FileName,
            _blockDigests,
            (described.IsAttachment ? ManifestFlags.Attachment : 0)
                | (IsSameSecond(known?.Manifest, stamp) ? ManifestFlags.DateWeak : 0),
            path: described.Path);
        var resource = new StoredResource(id, manifest, current?.Retention == Retention.Kept ? Retention.Kept : _retention);
        await PlaceAsync(resource);
        return new UploadResult(newest is null ? UploadOutcome.Created : UploadOutcome.Replaced, resource);
    }

    /// <summary>Makes what came the bytes of a version.</summary>
    private async Task PlaceAsync(StoredResource resource)
    {
        if (IsInMemory)
        {
            await _store.CommitBytesAsync(resource, _filling.AsSpan(0, (int)_length).ToArray());
        }
        else
        {
            Flush();
            _file!.Dispose();
            await _store.CommitBlobAsync(resource, _path);
        }
    }

    /// <summary>Whether a version was made in the second of a stamp: HTTP's dates are whole seconds.</summary>
    internal static bool IsSameSecond(Manifest? previous, long stamp) =>
        previous is not null && Math.DivRem(previous.Stamp, 1000).Quotient == Math.DivRem(stamp, 1000).Quotient;

    private Description Describe(Manifest? current, Sha256Digest sha256) =>
        current is not null && HasBytes(current, sha256)
            ? Description.OfSame(Description.Of(current), _options)
            : Description.OfOther(current is null ? null : Description.Of(current), _options, _defaults.Code);

    private bool HasBytes(Manifest manifest, Sha256Digest sha256) => manifest.Sha256 == sha256 && manifest.Layout.Length == _length;

    private bool IsSame(Manifest manifest, Sha256Digest sha256, Description described) =>
        HasBytes(manifest, sha256) && described == Description.Of(manifest);

    /// <summary>Has what is in the buffer hashed, and written where it is not in the file yet.</summary>
    private ValueTask HandOnAsync(bool isWritten)
    {
        if (_pipeline is null)
        {
            _pipeline = new UploadPipeline(
                _defaults.BlockBytesOf(_options.Length), Write, Environment.ProcessorCount > 1, _defaults.BlocksGrow(_options.Length));
        }

        var (buffer, count) = (_filling!, _filled);
        (_filling, _filled) = (null, 0);
        return _pipeline.AddAsync(buffer, count, _length - count, isWritten);
    }

    /// <summary>Waits until all that came is hashed and in the file.</summary>
    private async ValueTask SettleAsync()
    {
        if (_filled > 0)
        {
            await HandOnAsync(isWritten: false);
        }

        if (_pipeline is not null)
        {
            await _pipeline.DrainAsync();
        }
    }

    private async ValueTask<Sha256Digest> FinishHashesAsync()
    {
        var blockBytes = _defaults.BlockBytesOf(_length);
        if (_pipeline is null)
        {
            using var blocks = new BlockDigester(blockBytes, _defaults.BlocksGrow(_length));
            blocks.Append(_filling.AsSpan(0, _filled));
            _blockDigests = blocks.Finish().ToArray();
            if (_filled > 0 && !IsInMemory)
            {
                Write(_filling.AsSpan(0, _filled), 0);
            }

            return Sha256Digest.Of(_filling.AsSpan(0, _filled));
        }

        await SettleAsync();
        _blockDigests = _pipeline.BlockBytes == blockBytes && _pipeline.IsGrowing == _defaults.BlocksGrow(_length)
            ? _pipeline.FinishBlocks()
            : await Task.Run(() => HashBlocksOfFile(blockBytes));
        return _pipeline.FinishWhole();
    }

    private BlockDigest[] HashBlocksOfFile(int blockBytes)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Math.Max(blockBytes, _defaults.UploadBufferBytes));
        try
        {
            using var blocks = new BlockDigester(blockBytes, _defaults.BlocksGrow(_length));
            var step = Math.Max(1, _defaults.UploadBufferBytes / blockBytes) * blockBytes;
            for (var offset = 0L; offset < _length; offset += step)
            {
                var bytes = buffer.AsSpan(0, (int)Math.Min(step, _length - offset));
                ReadExactly(bytes, offset);
                blocks.Append(bytes);
            }

            return blocks.Finish().ToArray();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Makes room in memory for as many bytes.</summary>
    private void Grow(int count)
    {
        if (_filling is { } buffer && buffer.Length >= count)
        {
            return;
        }

        var larger = ArrayPool<byte>.Shared.Rent(
            Math.Max(count, Math.Min(_defaults.UploadBufferBytes, Math.Max(BufferBytesMin, 2 * (_filling?.Length ?? 0)))));
        if (_filling is { } smaller)
        {
            smaller.AsSpan(0, _filled).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(smaller);
        }

        _filling = larger;
    }

    private SafeFileHandle OpenFile()
    {
        if (_file is null)
        {
            _file = _isCreated || _isPending ? _store.Files.OpenToWrite(_path) : _store.Files.Create(_path);
            _isCreated = true;
        }

        return _file;
    }

    /// <summary>Gives back memory, file and room. What came is in the file, or of no more use.</summary>
    private void Rest()
    {
        if (_filling is not null)
        {
            ArrayPool<byte>.Shared.Return(_filling);
            (_filling, _filled) = (null, 0);
        }

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
            if (!_store.TryReserve(bytes))
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
