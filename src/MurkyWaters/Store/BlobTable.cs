using System.Diagnostics.CodeAnalysis;
using MurkyWaters.Raining;
using PouringRain.Protocol;

namespace MurkyWaters.Store;

/// <summary>The blobs that are on disk, and how many hold each of them. The last to let go removes the file.</summary>
internal sealed class BlobTable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<Sha256Digest, Blob> _blobs = [];
    private readonly HashSet<Sha256Digest> _leftovers = [];
    private readonly StoreFiles _files;
    private readonly BlockEncoders _encoders;

    public BlobTable(StoreFiles files, BlockEncoders encoders)
    {
        _files = files;
        _encoders = encoders;
    }

    /// <summary>Takes in a blob found at start; false when there is no file of its length.</summary>
    public bool TryAdopt(Sha256Digest digest, long length, [NotNullWhen(true)] out Blob? blob)
    {
        lock (_gate)
        {
            if (!_blobs.TryGetValue(digest, out blob))
            {
                var file = new FileInfo(PathOf(digest));
                if (!file.Exists || file.Length != length)
                {
                    return false;
                }

                blob = new Blob(digest, length, file.FullName);
                _blobs.Add(digest, blob);
            }

            blob.Holds++;
            return true;
        }
    }

    /// <summary>Puts a flushed file in a blob's place, or leaves it when the same bytes are there. Unless that is kept, it is undone.</summary>
    /// <exception cref="StoreException">The disk did not take it; the file is where it was.</exception>
    public Publication Publish(string path, Sha256Digest digest, long length)
    {
        using var folder = _files.OpenFolder(_files.Blobs);
        Blob? blob;
        var isMoved = false;
        lock (_gate)
        {
            if (_blobs.TryGetValue(digest, out blob))
            {
                blob.Holds++;
            }
            else
            {
                blob = new Blob(digest, length, PathOf(digest)) { Holds = 1 };
                _files.Move(path, blob.FilePath);
                _blobs.Add(digest, blob);
                isMoved = true;
            }
        }

        var publication = new Publication(this, blob, path, isMoved);
        try
        {
            // Also when the blob was there: another commit may have moved it a moment ago and not have flushed the folder yet.
            _files.FlushFolder(folder);
            return publication;
        }
        catch
        {
            publication.Dispose();
            throw;
        }
    }

    /// <summary>Holds a blob once more, unless it is gone.</summary>
    public bool TryHold(Blob blob)
    {
        lock (_gate)
        {
            if (blob.Holds == 0)
            {
                return false;
            }

            blob.Holds++;
            return true;
        }
    }

    /// <summary>Lets go; the last one removes the file. One that the disk does not let go is removed later.</summary>
    public void Release(Blob blob)
    {
        string? trash;
        lock (_gate)
        {
            if (--blob.Holds > 0)
            {
                return;
            }

            _blobs.Remove(blob.Digest);
            trash = TryTrash(blob.Digest);
        }

        _encoders.Forget(blob);
        blob.CloseIdleHandle(long.MaxValue);
        if (trash is not null)
        {
            _files.Discard(trash);
        }
    }

    /// <summary>Once a second: removes what the disk did not let go.</summary>
    public void RemoveLeftovers()
    {
        List<string>? trash = null;
        lock (_gate)
        {
            if (_leftovers.Count == 0 || _files.Health.Trouble is not null)
            {
                return;
            }

            Sha256Digest[] leftovers = [.. _leftovers];
            _leftovers.Clear();
            foreach (var digest in leftovers)
            {
                if (!_blobs.ContainsKey(digest) && File.Exists(PathOf(digest)) && TryTrash(digest) is { } path)
                {
                    (trash ??= []).Add(path);
                }
            }
        }

        trash?.ForEach(_files.Discard);
    }

    /// <summary>Puts verified bytes over those on disk, which went bad. The blob is held, so it stays where it is meanwhile.</summary>
    public void Mend(Blob blob, long offset, ReadOnlySpan<byte> bytes)
    {
        using (var file = _files.OpenToWrite(blob.FilePath))
        {
            _files.Write(file, bytes, offset);
        }

        _encoders.Forget(blob);
    }

    /// <summary>Closes the handles of blobs that nobody has read since then.</summary>
    public void CloseIdleHandles(long idleSinceMs)
    {
        Blob[] blobs;
        lock (_gate)
        {
            blobs = [.. _blobs.Values];
        }

        foreach (var blob in blobs)
        {
            blob.CloseIdleHandle(idleSinceMs);
        }
    }

    /// <summary>Removes the files that no record names, as a crash between two steps leaves them.</summary>
    public int RemoveOrphans()
    {
        var count = 0;
        foreach (var path in Directory.EnumerateFiles(_files.Blobs))
        {
            if (!Sha256Digest.TryParseHex(Path.GetFileName(path), out var digest) || !_blobs.ContainsKey(digest))
            {
                _files.Discard(path);
                count++;
            }
        }

        return count;
    }

    private string PathOf(Sha256Digest digest) => Path.Combine(_files.Blobs, digest.ToString());

    /// <summary>Freeing the space of a big file takes a while, so it is renamed under the lock and removed after it. Null when the disk does
    /// not take that: then it stays, as a file that nobody names.</summary>
    private string? TryTrash(Sha256Digest digest)
    {
        var trash = _files.NextTemporaryPath();
        try
        {
            _files.Move(PathOf(digest), trash);
            return trash;
        }
        catch (StoreException)
        {
            _leftovers.Add(digest);
            return null;
        }
    }

    /// <summary>Takes back a publication: the file goes where it came from, unless somebody else has come to hold the blob.</summary>
    private void Undo(Publication publication)
    {
        var blob = publication.Blob;
        lock (_gate)
        {
            if (publication.IsMoved && blob.Holds == 1)
            {
                try
                {
                    _files.MoveBack(blob.FilePath, publication.Path);
                    blob.Holds = 0;
                    _blobs.Remove(blob.Digest);
                    return;
                }
                catch (StoreException)
                {
                    // It is let go as any other.
                }
            }
        }

        Release(blob);
    }

    /// <summary>A blob in its place, held once, until it is kept or disposed.</summary>
    internal sealed class Publication(BlobTable blobs, Blob blob, string path, bool isMoved) : IDisposable
    {
        private bool _isKept;

        public Blob Blob => blob;

        /// <summary>Where the file came from.</summary>
        public string Path => path;

        /// <summary>Whether the file is the blob's now.</summary>
        public bool IsMoved => isMoved;

        /// <summary>Leaves it to who holds the blob by now.</summary>
        public void Keep()
        {
            _isKept = true;
            if (!isMoved)
            {
                blobs._files.Discard(path);
            }
        }

        /// <inheritdoc/>
        public void Dispose()
        {
            if (!_isKept)
            {
                _isKept = true;
                blobs.Undo(this);
            }
        }
    }
}
