using System.Diagnostics.CodeAnalysis;
using MurkyWaters.Raining;
using PouringRain.Protocol;

namespace MurkyWaters.Store;

/// <summary>The blobs that are on disk, and how many hold each of them. The last to let go removes the file.</summary>
internal sealed class BlobTable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<Sha256Digest, Blob> _blobs = [];
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

    /// <summary>Puts a flushed temporary file in its place, or drops it when the same bytes are there. The blob comes back held.</summary>
    public Blob Publish(string temporaryPath, Sha256Digest digest, long length)
    {
        Blob? blob;
        lock (_gate)
        {
            if (_blobs.TryGetValue(digest, out blob))
            {
                blob.Holds++;
            }
            else
            {
                blob = new Blob(digest, length, PathOf(digest)) { Holds = 1 };
                _files.Move(temporaryPath, blob.FilePath);
                _blobs.Add(digest, blob);
                temporaryPath = "";
            }
        }

        if (temporaryPath.Length > 0)
        {
            _files.Delete(temporaryPath);
        }

        // Also when the blob was there: another commit may have moved it a moment ago and not have flushed the folder yet.
        _files.FlushFolder(_files.Blobs);
        return blob;
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

    /// <summary>Lets go; the last one removes the file.</summary>
    public void Release(Blob blob)
    {
        string trash;
        lock (_gate)
        {
            if (--blob.Holds > 0)
            {
                return;
            }

            // Freeing the space of a big file takes a while, so it is renamed under the lock and removed after it.
            _blobs.Remove(blob.Digest);
            trash = _files.NextTemporaryPath();
            _files.Move(blob.FilePath, trash);
        }

        _encoders.Forget(blob);
        blob.CloseIdleHandle(long.MaxValue);
        _files.Delete(trash);
    }

    /// <summary>Puts verified bytes over those on disk, which went bad. The blob is held, so it stays where it is meanwhile.</summary>
    public void Mend(Blob blob, long offset, ReadOnlySpan<byte> bytes)
    {
        using (var file = StoreFiles.OpenToWrite(blob.FilePath))
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
                _files.Delete(path);
                count++;
            }
        }

        return count;
    }

    private string PathOf(Sha256Digest digest) => Path.Combine(_files.Blobs, digest.ToString());
}
