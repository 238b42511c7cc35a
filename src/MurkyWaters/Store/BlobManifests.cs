using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using PouringRain.Protocol;

namespace MurkyWaters.Store;

/// <summary>
/// What the catalog says of each resource whose bytes are in a file, once more, in a small file of its own (<see cref="ResourceRecord"/>),
/// named by the blob's digest and the resource's id: a catalog that is lost is made anew of these. A version's file is written before its
/// row, and goes after the row has let go of it, that of a deleted resource before. None of it is waited for: the catalog is what counts,
/// by it they are put right at start, and what was written is flushed a moment later. Thread-safe; what is done of one resource is done
/// under its gate.
/// </summary>
internal sealed class BlobManifests(StoreFiles files)
{
    private readonly ConcurrentQueue<string> _unflushed = new();
    private int _isFolderChanged;

    /// <summary>Whether something is to be flushed.</summary>
    public bool IsUnflushed => !_unflushed.IsEmpty || Volatile.Read(ref _isFolderChanged) != 0;

    /// <summary>The name of the file of a resource that has a blob as its bytes.</summary>
    public static string NameOf(Sha256Digest digest, ResourceId id) =>
        string.Create(CultureInfo.InvariantCulture, $"{digest}.{id.Value:x16}");

    /// <summary>Reads such a name.</summary>
    public static bool TryParseName(string name, out Sha256Digest digest, out ResourceId id)
    {
        (digest, id) = (default, default);
        if (name.IndexOf('.', StringComparison.Ordinal) is var dot and > 0 && Sha256Digest.TryParseHex(name.AsSpan(0, dot), out digest)
            && ulong.TryParse(name.AsSpan(dot + 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
        {
            id = new ResourceId(value);
            return NameOf(digest, id) == name;
        }

        return false;
    }

    /// <summary>Reads a file; false when it is not whole.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static bool TryRead(string path, [NotNullWhen(true)] out StoredResource? resource) =>
        ResourceRecord.TryParse(StoreFiles.ReadBytes(path), out resource) && !resource.Manifest.IsDeleted;

    /// <summary>Where the file is.</summary>
    public string PathOf(Sha256Digest digest, ResourceId id) => Path.Combine(files.Manifests, NameOf(digest, id));

    /// <summary>Writes what is known of a resource, in place of what the file has.</summary>
    /// <exception cref="StoreException">The disk does not take it; what the file had it has.</exception>
    public void Write(StoredResource resource, Sha256Digest digest)
    {
        var (path, temporary) = (PathOf(digest, resource.Id), files.NextTemporaryPath());
        try
        {
            using (var file = files.Create(temporary))
            {
                files.Write(file, ResourceRecord.Encode(resource), 0);
            }

            files.Move(temporary, path);
        }
        catch (StoreException)
        {
            files.Discard(temporary);
            throw;
        }

        _unflushed.Enqueue(path);
        Volatile.Write(ref _isFolderChanged, 1);
    }

    /// <summary>Removes the file of a resource; false when the disk does not let it go.</summary>
    public bool TryRemove(Sha256Digest digest, ResourceId id)
    {
        var isGone = files.TryDiscard(PathOf(digest, id));
        Volatile.Write(ref _isFolderChanged, 1);
        return isGone;
    }

    /// <summary>Since when a file was written that a process which was killed may have written before a row that never came: a while
    /// before the last of all.</summary>
    public DateTime FindDoubtful()
    {
        var written = new DirectoryInfo(files.Manifests).EnumerateFiles().Select(file => file.LastWriteTimeUtc);
        return written.DefaultIfEmpty(DateTime.MaxValue).Max() - TimeSpan.FromMinutes(1);
    }

    /// <summary>Whether there is a file of the length that it should have (one is empty that the machine had no time for), and not of
    /// late.</summary>
    public bool IsThere(Sha256Digest digest, ResourceId id, long manifestBytes, DateTime doubtful) =>
        new FileInfo(PathOf(digest, id)) is { Exists: true } file && file.Length == ResourceRecord.BytesOf(manifestBytes)
        && file.LastWriteTimeUtc < doubtful;

    /// <summary>Whether the file says this of a resource.</summary>
    public bool IsRight(StoredResource resource, Sha256Digest digest)
    {
        try
        {
            return StoreFiles.ReadBytes(PathOf(digest, resource.Id)).AsSpan().SequenceEqual(ResourceRecord.Encode(resource));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Waits until what was written is on the disk.</summary>
    /// <exception cref="StoreException">It may not be.</exception>
    public void Flush()
    {
        for (var count = _unflushed.Count; count > 0 && _unflushed.TryDequeue(out var path); count--)
        {
            try
            {
                using var file = files.OpenToWrite(path);
                files.Flush(file);
            }
            catch (FileNotFoundException)
            {
                // It went meanwhile.
            }
            catch (StoreBusyException)
            {
                // Too many open files, say.
                _unflushed.Enqueue(path);
                throw;
            }
        }

        if (Interlocked.Exchange(ref _isFolderChanged, 0) != 0)
        {
            files.FlushFolder(files.Manifests);
        }
    }
}
