using System.Buffers;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using PouringRain.Protocol;

namespace MurkyWaters.Store;

/// <summary>
/// An upload: block by block into a temporary file. While one block fills, the one before is hashed for the whole on one core, and
/// hashed for itself and written on another.
/// </summary>
internal sealed partial class StoreUpload : Upload
{
    /// <summary>Room set aside at a time when the sender did not say the length.</summary>
    private const long ReserveStepBytes = 64L * 1024 * 1024;

    private readonly ResourceStore _store;
    private readonly StoreOptions _defaults;
    private readonly Action<StoredResource>? _onStored;
    private readonly ResourceOrigin _origin;
    private readonly string _path;
    private readonly bool _isPending;
    private readonly IncrementalHash _wholeHash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly List<Sha256Digest> _blockDigests = [];
    private UploadOptions _options;
    private SafeFileHandle? _file;
    private byte[]? _filling;
    private byte[]? _working;
    private int _filled;
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
        if (options.Length is { } length)
        {
            Reserve(length);
        }

        try
        {
            _path = store.Files.NextTemporaryPath();
            _file = store.Files.Create(_path);
        }
        catch
        {
            ReleaseRoom(_reservedBytes);
            throw;
        }

        _filling = ArrayPool<byte>.Shared.Rent(BufferBytes);
    }

    private int BufferBytes => (int)Math.Min(_defaults.BlockSize, Math.Max(_options.Length ?? long.MaxValue, 1));

    /// <inheritdoc/>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        Resume();
        if (_options.Length is { } announced && _length + bytes.Length > announced)
        {
            // More than was announced is refused at the commit; that it was more is all there is to remember.
            _length = long.MaxValue / 2;
            return;
        }

        while (!bytes.IsEmpty)
        {
            var count = Math.Min(bytes.Length, _defaults.BlockSize - _filled);
            bytes.Span[..count].CopyTo(_filling.AsSpan(_filled));
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
    public override async Task<UploadResult> CommitAsync(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (_isEnded)
        {
            throw new InvalidOperationException("The upload is committed.");
        }

        Resume();
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

    private async ValueTask TurnAsync()
    {
        await _work;
        (_filling, _working) = (_working ?? ArrayPool<byte>.Shared.Rent(BufferBytes), _filling);
        var block = _working!;
        var count = _filled;
        var offset = _length - count;
        _filled = 0;
        if (_reservedBytes < count && !_isReadBack)
        {
            Reserve(Math.Max(ReserveStepBytes, count));
        }

        var whole = Task.Run(() => _wholeHash.AppendData(block.AsSpan(0, count)), CancellationToken.None);
        var own = Task.Run(() => Keep(block.AsSpan(0, count), offset), CancellationToken.None);
        _work = Task.WhenAll(whole, own);
    }

    private async Task<Sha256Digest> FinishBlocksAsync()
    {
        await _work;
        var isSingle = _blockDigests.Count == 0;
        _wholeHash.AppendData(_filling.AsSpan(0, _filled));
        var sha256 = ReadWholeHash();
        if (_filled > 0)
        {
            if (isSingle)
            {
                // One block: its digest is that of the whole.
                Write(_filling.AsSpan(0, _filled), 0);
                _blockDigests.Add(sha256);
            }
            else
            {
                Keep(_filling.AsSpan(0, _filled), _length - _filled);
            }
        }

        return sha256;
    }

    private Sha256Digest ReadWholeHash()
    {
        Span<byte> bytes = stackalloc byte[Sha256Digest.SizeBytes];
        _wholeHash.GetHashAndReset(bytes);
        return Sha256Digest.Read(bytes);
    }

    private void Keep(ReadOnlySpan<byte> block, long offset)
    {
        if (!_isReadBack)
        {
            Write(block, offset);
        }

        _blockDigests.Add(Sha256Digest.Of(block));
    }

    /// <summary>Gives back memory, file and room.</summary>
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
        _file?.Dispose();
        _file = null;
        ReleaseRoom(_reservedBytes);
    }

    private void Write(ReadOnlySpan<byte> block, long offset)
    {
        _store.Files.Write(_file!, block, offset);

        // What is written is no longer promised but used.
        ReleaseRoom(Math.Min(block.Length, _reservedBytes));
    }

    private void Flush()
    {
        _store.Files.Health.ThrowIfReadOnly();
        try
        {
            _store.Files.Flush(_file!);
        }
        catch (StoreException)
        {
            IsLost = true;
            throw;
        }
    }

    private void Reserve(long bytes)
    {
        if (!_store.Space.TryReserve(bytes))
        {
            throw new StoreFullException($"The disk has no room for {bytes} bytes.");
        }

        Interlocked.Add(ref _reservedBytes, bytes);
    }

    private void ReleaseRoom(long bytes)
    {
        _store.Space.Release(bytes);
        Interlocked.Add(ref _reservedBytes, -bytes);
    }
}
