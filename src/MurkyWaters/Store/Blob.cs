using Microsoft.Win32.SafeHandles;
using MurkyWaters.Raining;
using PouringRain.Protocol;

namespace MurkyWaters.Store;

/// <summary>
/// The bytes of a resource: one content-addressed file, which <see cref="BlobTable"/> makes and removes, or a few bytes in memory. Its
/// bytes never change (but for those that went bad, see <see cref="BlobTable.Mend"/>), so that many read through one handle, opened when
/// needed and closed when idle. Two of the same digest are equal.
/// </summary>
internal sealed class Blob : IEquatable<Blob>, IBlockSource
{
    private readonly Lock _gate = new();
    private readonly BlobTable _table;
    private SafeFileHandle? _handle;
    private long _lastReadMs;

    /// <summary>Made by <see cref="BlobTable.At"/>, which says where it is.</summary>
    internal Blob(BlobTable table, Sha256Digest digest, long length, string path)
    {
        _table = table;
        Digest = digest;
        Length = length;
        FilePath = path;
    }

    /// <summary>Made by <see cref="BlobTable.Of"/>.</summary>
    internal Blob(BlobTable table, Sha256Digest digest, ReadOnlyMemory<byte> bytes)
    {
        _table = table;
        Digest = digest;
        Length = bytes.Length;
        InlineBytes = bytes;
    }

    /// <summary>The tree digest, its name.</summary>
    public Sha256Digest Digest { get; }

    public long Length { get; }

    /// <summary>Where it is; null when it is in memory.</summary>
    public string? FilePath { get; }

    /// <summary>Whether it is in memory.</summary>
    public bool IsInline => FilePath is null;

    /// <summary>The bytes of one that is in memory.</summary>
    public ReadOnlyMemory<byte> InlineBytes { get; }

    public static bool operator ==(Blob? left, Blob? right) => left is null ? right is null : left.Equals(right);

    public static bool operator !=(Blob? left, Blob? right) => !(left == right);

    /// <inheritdoc/>
    public bool Equals(Blob? other) => other is not null && Digest == other.Digest;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Blob);

    /// <inheritdoc/>
    public override int GetHashCode() => Digest.GetHashCode();

    /// <summary>All are.</summary>
    public bool HasBlock(int blockIndex) => true;

    /// <summary>Fills the destination from an offset.</summary>
    /// <exception cref="IOException">The file is gone, too short or unreadable.</exception>
    public void Read(long offset, Span<byte> destination)
    {
        if (IsInline)
        {
            InlineBytes.Span.Slice((int)offset, destination.Length).CopyTo(destination);
            return;
        }

        while (!destination.IsEmpty)
        {
            int count;
            try
            {
                count = RandomAccess.Read(OpenHandle(), destination, offset);
            }
            catch (ObjectDisposedException)
            {
                // The idle handle was closed between the two calls; the next one opens it again.
                continue;
            }

            if (count == 0)
            {
                throw new EndOfStreamException($"The blob {Digest} ends before byte {offset}.");
            }

            destination = destination[count..];
            offset += count;
        }
    }

    /// <summary>By its name, under which there may be no file any more, or another.</summary>
    public BlockChecks.Finding Compare(Manifest manifest, int blockIndex) => BlockChecks.Compare(manifest, blockIndex, FilePath!);

    /// <summary>Reads what one call of the system gives.</summary>
    public async ValueTask<int> ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        if (IsInline)
        {
            var count = (int)Math.Min(destination.Length, Length - offset);
            InlineBytes.Slice((int)offset, count).CopyTo(destination);
            return count;
        }

        while (true)
        {
            try
            {
                return await RandomAccess.ReadAsync(OpenHandle(), destination, offset, cancellationToken);
            }
            catch (ObjectDisposedException)
            {
                // As above.
            }
        }
    }

    /// <summary>Whether the file is there and of its length.</summary>
    public bool IsWhole() => IsInline || StoreFiles.LengthOf(FilePath!) == Length;

    /// <summary>When the file was last written, in ticks; something else when it is gone.</summary>
    public long WrittenTicks => StoreFiles.WrittenAt(FilePath!).Ticks;

    /// <summary>Closes the handle when nothing was read for a while; whether none is open now.</summary>
    public bool TryCloseHandle(long idleSinceMs)
    {
        lock (_gate)
        {
            if (_handle is not null && _lastReadMs < idleSinceMs)
            {
                _handle.Dispose();
                _handle = null;
            }

            return _handle is null;
        }
    }

    private SafeFileHandle OpenHandle()
    {
        _lastReadMs = _table.Time.GetMilliseconds();
        var handle = Volatile.Read(ref _handle);
        if (handle is not null)
        {
            return handle;
        }

        lock (_gate)
        {
            if (_handle is null)
            {
                _handle = StoreFiles.OpenToRead(FilePath!);
                _table.NoteOpen(this);
            }

            return _handle;
        }
    }
}
