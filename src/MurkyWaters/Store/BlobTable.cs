using System.Collections.Concurrent;
using MurkyWaters.Raining;
using PouringRain.Protocol;

namespace MurkyWaters.Store;

/// <summary>
/// The blobs' files: who has a lease of each, how one comes and when it goes. A file is removed when nothing in the store names it and the
/// last lease has ended. What is done to one file waits for its turn (<see cref="KeyedGates{TKey}"/> by digest), never for another's; no
/// lock is held while the disk works. Thread-safe.
/// </summary>
internal sealed partial class BlobTable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<Sha256Digest, Use> _uses = [];
    private readonly HashSet<Sha256Digest> _leftovers = [];
    private readonly Dictionary<Sha256Digest, int> _mending = [];
    private readonly HashSet<Sha256Digest> _gone = [];
    private readonly ConcurrentDictionary<Blob, bool> _open = new(ReferenceEqualityComparer.Instance);
    private readonly KeyedGates<Sha256Digest> _turns = new();
    private readonly StoreFiles _files;
    private readonly BlockEncoders _encoders;
    private readonly Func<Sha256Digest, bool> _isNamed;

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

    /// <summary>Takes back what could not be noted.</summary>
    public void ReturnGone(IReadOnlyList<Sha256Digest> gone)
    {
        lock (_gate)
        {
            _gone.UnionWith(gone);
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
            _encoders.Forget(blob.Digest);
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

            // The same bytes may be put under another id, and find the file as it should be.
            _files.Flush(file);
        }

        _encoders.Forget(blob.Digest);
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

            _encoders.Forget(digest);
            var isGone = _files.TryDiscard(PathOf(digest));
            if (isGone)
            {
                RemoveAbandonedNote(digest);
            }

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

    /// <summary>What is known of a blob that somebody has a lease of; under the lock.</summary>
    private sealed class Use
    {
        public int LeaseCount { get; set; }

        /// <summary>Whether a resource has let go of it meanwhile.</summary>
        public bool IsDropped { get; set; }
    }
}
