using System.Collections.Concurrent;
using MurkyWaters.Raining;
using PouringRain.Protocol;

namespace MurkyWaters.Store;

/// <summary>
/// The blobs' files: who has a lease of each, how one comes and when it goes. A file is removed when nothing in the store names it and the
/// last lease has ended. What is done to one file waits for its turn (<see cref="KeyedGates{TKey}"/> by digest), never for another's; no
/// lock is held while the disk works. Thread-safe.
/// </summary>
internal sealed class BlobTable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<Sha256Digest, Use> _uses = [];
    private readonly HashSet<Sha256Digest> _leftovers = [];
    private readonly Dictionary<Sha256Digest, int> _mending = [];
    private readonly List<Sha256Digest> _gone = [];
    private readonly ConcurrentDictionary<Blob, bool> _open = new(ReferenceEqualityComparer.Instance);
    private readonly KeyedGates<Sha256Digest> _turns = new();
    private readonly StoreFiles _files;
    private readonly BlockEncoders _encoders;
    private readonly Func<Sha256Digest, bool> _isNamed;
    private readonly PublicationNotes _notes;

    /// <summary>Makes it.</summary>
    /// <param name="files">The store's folders.</param>
    /// <param name="encoders">Told of blobs that go or change.</param>
    /// <param name="isNamed">Whether a resource of the store has a blob as its bytes.</param>
    public BlobTable(StoreFiles files, BlockEncoders encoders, Func<Sha256Digest, bool> isNamed)
    {
        _files = files;
        _encoders = encoders;
        _isNamed = isNamed;
        _notes = new PublicationNotes(files);
    }

    /// <summary>The clock of what is read.</summary>
    public TimeProvider Time => _files.Time;

    /// <summary>The blob of a digest, whether its file is there or not.</summary>
    public Blob At(Sha256Digest digest, long length) => new(this, digest, length, PathOf(digest));

    /// <summary>Bytes in memory, as a blob: that of a small resource, of which there is no file.</summary>
    public Blob Of(Sha256Digest digest, ReadOnlyMemory<byte> bytes) => new(this, digest, bytes);

    /// <summary>Keeps a blob's file where it is. Whoever found the blob in an entry looks, when he has the lease, whether the entry is
    /// still that of the store: if not, the file may have gone before.</summary>
    public BlobLease Lease(Blob blob)
    {
        lock (_gate)
        {
            UseOf(blob.Digest).LeaseCount++;
        }

        return new BlobLease(this, blob);
    }

    /// <summary>Whether somebody has a lease.</summary>
    public bool IsLeased(Blob blob)
    {
        lock (_gate)
        {
            return _uses.ContainsKey(blob.Digest);
        }
    }

    /// <summary>Leases that somebody has, and fetches that are at mending a blob.</summary>
    public (int Leases, int Mending, int Turns) Holdings
    {
        get
        {
            lock (_gate)
            {
                return (_uses.Values.Sum(use => use.LeaseCount), _mending.Values.Sum(), _turns.Count);
            }
        }
    }

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
                    _encoders.Forget(blob);
                    _notes.Leave(digest, path);
                    _files.Move(path, blob.FilePath!);
                    isMoved = true;
                }
            }
        }
        catch
        {
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

    /// <summary>At start, before the temporary files are removed: puts back what had become a blob and no resource's when the process
    /// before ended.</summary>
    /// <exception cref="StoreException">The disk does not take it.</exception>
    public void PutBack() => _notes.PutBack(_isNamed);

    /// <summary>Removes the file of a blob that a resource has had as its bytes, if none has it now: as soon as its last lease has ended.
    /// What the disk does not let go is removed later.</summary>
    public void Drop(Blob blob)
    {
        lock (_gate)
        {
            if (_uses.TryGetValue(blob.Digest, out var use))
            {
                use.IsDropped = true;
                return;
            }
        }

        RemoveUnlessNamed(blob.Digest);
    }

    /// <summary>As <see cref="Drop"/>, when the disk takes what the store writes again.</summary>
    public void DropLater(Sha256Digest digest)
    {
        lock (_gate)
        {
            _leftovers.Add(digest);
        }
    }

    /// <summary>Digests of the files that were removed since this was asked last.</summary>
    public IReadOnlyList<Sha256Digest> TakeGone()
    {
        lock (_gate)
        {
            Sha256Digest[] gone = [.. _gone];
            _gone.Clear();
            return gone;
        }
    }

    /// <summary>Sets a file aside that nothing names or reads; false when something does, or the disk does not let it go.</summary>
    public bool TryQuarantine(Sha256Digest digest)
    {
        using (_turns.Enter(digest))
        {
            lock (_gate)
            {
                if (_uses.ContainsKey(digest))
                {
                    return false;
                }
            }

            return !_isNamed(digest) && _files.TryQuarantine(PathOf(digest));
        }
    }

    /// <summary>Sets the file of a blob aside that is not what it should be, if there is one; who has it open reads on. False when a fetch
    /// is at mending it, or the disk does not let it go.</summary>
    public bool TrySetAside(Blob blob)
    {
        using (_turns.Enter(blob.Digest))
        {
            lock (_gate)
            {
                if (_mending.ContainsKey(blob.Digest))
                {
                    return false;
                }
            }

            var isAside = !StoreFiles.Exists(blob.FilePath) || _files.TryQuarantine(blob.FilePath!);
            CloseHandles(blob.Digest);
            _encoders.Forget(blob);
            return isAside;
        }
    }

    /// <summary>Says that a fetch compares a blob with what rains and mends it; until that is undone it is not set aside.</summary>
    public void BeginMending(Sha256Digest digest)
    {
        // Who sets it aside has the turn: what is opened after this stays.
        using (_turns.Enter(digest))
        {
            lock (_gate)
            {
                _mending[digest] = _mending.GetValueOrDefault(digest) + 1;
            }
        }
    }

    /// <summary>Undoes <see cref="BeginMending"/>.</summary>
    public void EndMending(Sha256Digest digest)
    {
        lock (_gate)
        {
            if (--_mending[digest] is 0)
            {
                _mending.Remove(digest);
            }
        }
    }

    /// <summary>Once a second: removes what the disk did not let go, and what was to stay until it is well.</summary>
    public void RemoveLeftovers()
    {
        Sha256Digest[] leftovers;
        lock (_gate)
        {
            if (_leftovers.Count == 0 || _files.Health.Trouble is not null)
            {
                return;
            }

            leftovers = [.. _leftovers];
            _leftovers.Clear();
        }

        foreach (var digest in leftovers)
        {
            RemoveUnlessNamed(digest);
        }
    }

    /// <summary>Puts verified bytes over those on disk, which went bad. The caller has a lease,
    /// so the file stays where it is meanwhile.</summary>
    public void Mend(Blob blob, long offset, ReadOnlySpan<byte> bytes)
    {
        using (var file = _files.OpenToWrite(blob.FilePath!))
        {
            _files.Write(file, bytes, offset);
        }

        _encoders.Forget(blob);
    }

    /// <summary>Closes the handles of blobs that nobody has read since then.</summary>
    public void CloseIdleHandles(long idleSinceMs)
    {
        foreach (var (blob, _) in _open)
        {
            // Out of the table first: who opens it again meanwhile puts it in again.
            _open.TryRemove(blob, out _);
            if (!blob.TryCloseHandle(idleSinceMs))
            {
                _open.TryAdd(blob, true);
            }
        }
    }

    /// <summary>A blob has opened its handle.</summary>
    internal void NoteOpen(Blob blob) => _open.TryAdd(blob, true);

    /// <summary>A lease ends.</summary>
    internal void Release(Blob blob)
    {
        lock (_gate)
        {
            var use = _uses[blob.Digest];
            if (--use.LeaseCount > 0)
            {
                return;
            }

            _uses.Remove(blob.Digest);
            if (!use.IsDropped)
            {
                return;
            }
        }

        RemoveUnlessNamed(blob.Digest);
    }

    private string PathOf(Sha256Digest digest) => Path.Combine(_files.Blobs, digest.ToString());

    private Use UseOf(Sha256Digest digest)
    {
        if (!_uses.TryGetValue(digest, out var use))
        {
            _uses[digest] = use = new Use();
        }

        return use;
    }

    private void RemoveUnlessNamed(Sha256Digest digest)
    {
        using (_turns.Enter(digest))
        {
            lock (_gate)
            {
                if (_uses.TryGetValue(digest, out var use))
                {
                    use.IsDropped = true;
                    return;
                }
            }

            if (_isNamed(digest))
            {
                return;
            }

            _encoders.Forget(At(digest, 0));
            var isGone = _files.TryDiscard(PathOf(digest));
            lock (_gate)
            {
                if (isGone)
                {
                    _gone.Add(digest);
                }
                else
                {
                    _leftovers.Add(digest);
                }
            }
        }

        CloseHandles(digest);
    }

    private void CloseHandles(Sha256Digest digest)
    {
        foreach (var (blob, _) in _open)
        {
            if (blob.Digest == digest && blob.TryCloseHandle(long.MaxValue))
            {
                _open.TryRemove(blob, out _);
            }
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
            if (publication.IsMoved && isAlone && !_isNamed(blob.Digest))
            {
                try
                {
                    _files.MoveBack(blob.FilePath!, publication.Path);
                }
                catch (StoreException)
                {
                    // It goes as any other that nobody names.
                }
            }

            if (publication.IsMoved)
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

    /// <summary>What is known of a blob that somebody has a lease of; under the lock.</summary>
    private sealed class Use
    {
        public int LeaseCount { get; set; }

        /// <summary>Whether a resource has let go of it meanwhile.</summary>
        public bool IsDropped { get; set; }
    }
}
