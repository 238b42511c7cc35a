using PouringRain.Protocol;

namespace MurkyWaters.Store;

/// <content>How a file becomes a blob, until a resource names it.</content>
internal sealed partial class BlobTable
{
    private readonly PublicationNotes _notes;

    /// <summary>Blobs that no resource came to name and the disk did not let go back, and where they came from.</summary>
    private readonly Dictionary<Sha256Digest, string> _abandoned = [];

    /// <summary>Puts a flushed file in a blob's place, or leaves it when the same bytes are there (every one of them); others are set
    /// aside. Unless that is kept, it is undone.</summary>
    /// <exception cref="StoreException">The disk did not take it; the file is where it was.</exception>
    public Publication Publish(string path, Manifest manifest)
    {
        var (digest, length) = (TreeDigest.Of(manifest), manifest.Layout.Length);
        using var folder = _files.OpenFolder(_files.Blobs);
        var blob = At(digest, length);
        var lease = Lease(blob);
        var (isMoved, isReplaced) = (false, false);
        try
        {
            using (_turns.Enter(digest))
            {
                var isThere = StoreFiles.Exists(blob.FilePath);
                if (!isThere || BlockChecks.CompareAll(manifest, blob.FilePath!) != BlockChecks.Finding.Good)
                {
                    isReplaced = isThere && _files.TryQuarantine(blob.FilePath!);
                    CloseHandles(digest);
                    _encoders.Forget(digest);
                    _notes.Leave(digest, path);
                    _files.Move(path, blob.FilePath!);
                    isMoved = true;
                    lock (_gate)
                    {
                        _gone.Remove(digest);
                    }
                }
            }
        }
        catch
        {
            if (!StoreFiles.Exists(path))
            {
                // A disk that failed may have moved it all the same.
                new Publication(this, lease, path, isMoved: true, isReplaced).Dispose();
                throw;
            }

            _notes.Remove(digest, path);
            lease.Dispose();
            throw;
        }

        var publication = new Publication(this, lease, path, isMoved, isReplaced);
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

    /// <summary>At start: puts back what had become a blob and no resource's when the process before
    /// ended.</summary>
    /// <exception cref="StoreException">The disk does not take it.</exception>
    public void PutBack() => _notes.PutBack(_isNamed);

    private void RemoveAbandonedNote(Sha256Digest digest)
    {
        string? path;
        lock (_gate)
        {
            _abandoned.Remove(digest, out path);
        }

        if (path is not null)
        {
            _notes.Remove(digest, path);
        }
    }

    /// <summary>Takes back a publication: the file goes where it came from, unless somebody else has come to have the blob.</summary>
    private void Undo(Publication publication)
    {
        var blob = publication.Lease.Blob;
        using (_turns.Enter(blob.Digest))
        {
            bool isAlone;
            lock (_gate)
            {
                isAlone = _uses[blob.Digest].LeaseCount == 1;
            }

            // Whoever else wants to publish it waits for the turn, or has a lease already.
            var isAbandoned = false;
            if (publication.IsMoved && isAlone && !_isNamed(blob.Digest))
            {
                try
                {
                    _files.MoveBack(blob.FilePath!, publication.Path);
                }
                catch (StoreException)
                {
                    // It goes as any other that nobody names, and its note with it.
                    isAbandoned = true;
                    lock (_gate)
                    {
                        _abandoned[blob.Digest] = publication.Path;
                    }
                }
            }

            if (publication.IsMoved && !isAbandoned)
            {
                _notes.Remove(blob.Digest, publication.Path);
            }
        }

        Drop(blob);
        publication.Lease.Dispose();
    }

    /// <summary>A blob in its place, leased, until it is kept or disposed.</summary>
    internal sealed class Publication(BlobTable blobs, BlobLease lease, string path, bool isMoved, bool isReplaced) : IDisposable
    {
        private bool _isKept;

        /// <summary>Keeps it where it is meanwhile.</summary>
        public BlobLease Lease => lease;

        /// <summary>Where the file came from.</summary>
        public string Path => path;

        /// <summary>Whether the file is the blob's now.</summary>
        public bool IsMoved => isMoved;

        /// <summary>Whether a file that was not what it should be was set aside for it.</summary>
        public bool IsReplaced => isReplaced;

        /// <summary>Leaves it to the resource that names it by now.</summary>
        /// <param name="isSettled">Whether that is on the disk; if not the note stays until it is.</param>
        public void Keep(bool isSettled)
        {
            _isKept = true;
            blobs.RemoveAbandonedNote(lease.Blob.Digest);
            if (!isMoved)
            {
                blobs._files.Discard(path);
            }
            else if (isSettled)
            {
                blobs._notes.Remove(lease.Blob.Digest, path);
            }
            else
            {
                blobs._notes.RemoveLater(lease.Blob.Digest, path);
            }
        }

        /// <inheritdoc/>
        public void Dispose()
        {
            if (_isKept)
            {
                lease.Dispose();
            }
            else
            {
                _isKept = true;
                blobs.Undo(this);
            }
        }
    }
}
