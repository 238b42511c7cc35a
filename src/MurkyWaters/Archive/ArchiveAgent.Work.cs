using MurkyWaters.Raining;
using MurkyWaters.Store;
using PouringRain.Coding.Erasure;
using PouringRain.Protocol;
using PouringRain.Protocol.Archiving;

namespace MurkyWaters.Archive;

// What is done, verb by verb.
internal sealed partial class ArchiveAgent
{
    /// <summary>So long pieces rain that nobody fetches: a job that was left half way is begun anew.</summary>
    private const long IdleMintMs = 120_000;

    /// <summary>So long what was fetched of a piece and is not kept stays for who reads on.</summary>
    private const long IdlePartialMs = 30_000;

    private bool IsMinted(ArchiveOrder order)
    {
        lock (_gate)
        {
            return _mints.ContainsKey((order.Resource, order.Version, order.Coding));
        }
    }

    /// <summary>Reads the whole once, for the manifests of its pieces, and lets those rain.</summary>
    private void Mints(ArchiveOrder order, ErasureCode code, Work work)
    {
        if (FindWhole(order) is not { } entry || _store.TryLease(entry) is not { } lease)
        {
            throw new IOException("The whole is not here.");
        }

        Mint? mint = null;
        try
        {
            if (!PieceShape.TryCreate(order.Resource, entry.Resource.Manifest, code, out var shape))
            {
                throw new IOException("It cannot be cut into pieces.");
            }

            var maker = new PieceMaker(shape, (offset, bytes) => lease.Blob.Read(offset, bytes.Span));
            var manifests = maker.Describe(work.Add, _stopping.Token);
            mint = new Mint(maker, lease, [.. manifests.Select((_, index) => shape.IdOf(index))]) { SinceMs = _time.GetMilliseconds() };
            lock (_gate)
            {
                if (_isEnding || !_mints.TryAdd((order.Resource, order.Version, order.Coding), mint))
                {
                    mint = null;
                    return;
                }
            }

            for (var i = 0; i < manifests.Length; i++)
            {
                _store.Mints.Add(mint.Ids[i], new MintedContent(manifests[i], maker, i, _store.Encoders, _time));
            }
        }
        finally
        {
            if (mint is null)
            {
                lease.Dispose();
            }
        }
    }

    private void Unmint(ArchiveOrder order)
    {
        Mint? mint;
        lock (_gate)
        {
            _mints.Remove((order.Resource, order.Version, order.Coding), out mint);
        }

        Remove(mint);
    }

    private void RemoveIdleMints(long nowMs)
    {
        List<Mint> idle;
        lock (_gate)
        {
            var found = _mints.Where(mint => nowMs - Math.Max(mint.Value.SinceMs, _store.Mints.LastUseMs(mint.Value.Ids)) > IdleMintMs)
                .ToList();
            found.ForEach(mint => _mints.Remove(mint.Key));
            idle = [.. found.Select(mint => mint.Value)];
        }

        idle.ForEach(Remove);
    }

    /// <summary>What was fetched of pieces to be read goes when nobody reads it any more.</summary>
    private void RemoveIdlePartials(long nowMs)
    {
        foreach (var partial in _store.Partials.FindIdle())
        {
            if (partial.Manifest.Piece is not null && nowMs - partial.LastUseMs >= IdlePartialMs)
            {
                _store.Partials.TryEvict(partial);
            }
        }
    }

    private void Remove(Mint? mint)
    {
        foreach (var id in mint?.Ids ?? [])
        {
            _store.Mints.Remove(id);
        }

        mint?.Lease.Dispose();
    }

    /// <summary>Has a piece: made of the whole, if that is here, fetched from who has it or makes it, or made of other pieces.</summary>
    private async Task TakeAsync(ArchiveOrder order, ErasureCode code, Work work)
    {
        var id = PieceOf(order, order.Index);
        if (FindWhole(order) is { } whole && _store.TryLease(whole) is { } lease)
        {
            using (lease)
            {
                if (PieceShape.TryCreate(order.Resource, whole.Resource.Manifest, code, out var own))
                {
                    await PieceFile.WriteAsync(
                        _store, own, order.Index, (offset, bytes, _) => ReadChecked(own, lease.Blob, offset, bytes), work.Add,
                        _stopping.Token);
                    return;
                }
            }
        }

        if (_fetches.Keep(id, null, Retention.Kept, null) is not { } fetch)
        {
            throw new IOException("As many fetches run as may.");
        }

        while (!fetch.Completion.IsCompleted)
        {
            await Task.WhenAny(fetch.Completion, Task.Delay(TimeSpan.FromMilliseconds(200), _time, _stopping.Token));
            _stopping.Token.ThrowIfCancellationRequested();
            work.Add(fetch.Snapshot().ReceivedBytes - work.Bytes);
        }

        using (await _store.EnterAsync(id, CancellationToken.None))
        {
            if (_store.FindEntry(id) is { IsTombstone: false, Resource.Retention: Retention.Cached } cached)
            {
                await _store.ChangeRetentionAsync(cached, Retention.Kept);
            }
        }

        if (HasPiece(order, order.Index))
        {
            await PieceFile.VerifyAsync(_store, id, _store.FindEntry(id)!.Resource.Manifest);
            return;
        }

        await RepairAsync(order, work);
    }

    /// <summary>Makes a piece that nobody has any more of others.</summary>
    private async Task RepairAsync(ArchiveOrder order, Work work)
    {
        var there = await FindShapeAsync(order);
        var shape = there;
        if (there.Code.Name != order.Coding && !(there.Code == ErasureCodes.Parts && ErasureCodes.TryGet(order.Coding, out var wanted)
            && PieceShape.TryCreate(order.Resource, there.Parent, wanted, out shape)))
        {
            throw new IOException($"The pieces that there are, are of {there.Code.Name}.");
        }

        var began = _time.GetTimestamp();
        if (shape == there && await TryMendAsync(shape, order.Index, work))
        {
            return;
        }

        if (shape == there && Paths is { } paths
            && await paths.TryAsync(
                shape, order.Index, order.Piece, work.Add, bytes => PaceAsync(bytes, began, _stopping.Token), _stopping.Token))
        {
            return;
        }

        // Parts go when the pieces are there: then it is those that the piece is made of.
        var reader = await OpenPiecesAsync(there, shape);
        began = _time.GetTimestamp();
        await using (reader)
        {
            await PieceFile.WriteAsync(
                _store, shape, order.Index,
                async (offset, bytes, token) =>
                {
                    await reader.ReadExactlyAsync(offset, bytes, token);
                    await PaceAsync(work.Bytes * shape.Code.PartCount, began, token);
                },
                work.Add, _stopping.Token);
        }

        await CorrectVersionAsync(shape, order.Index);
        await _reading.ForgetCopiesAsync(there);
    }

    /// <summary>What was decoded of blocks that are what their digests say is right: where another version of the piece was noted here,
    /// that was told by somebody who lied, or had rot.</summary>
    private async Task CorrectVersionAsync(PieceShape shape, int index)
    {
        if (_store.Catalog.FindPieceVersions(shape.Id, shape.Parent.Version, shape.Code) is { } known && known[index] is { } noted
            && _store.FindEntry(shape.IdOf(index)) is { IsTombstone: false, Resource.Manifest.Version: var made } && made != noted)
        {
            known[index] = made;
            await _store.Catalog.NotePieceVersionsAsync(shape.Id, shape.Parent.Version, shape.Code.Name, known);
            ArchiveLog.VersionCorrected(_logger, index, shape.Id, made, noted);
        }
    }

    /// <summary>What the version is in pieces.</summary>
    /// <exception cref="IOException">None of them can be had.</exception>
    private async Task<PieceShape> FindShapeAsync(ArchiveOrder order) =>
        await _reading.FindAsync(order.Resource, order.Version.Tag, _stopping.Token) is { } shape && shape.Parent.Version == order.Version
            ? shape : throw new IOException("None of the pieces says what it is of.");

    /// <summary>Opens it out of them.</summary>
    /// <exception cref="IOException">There are too few.</exception>
    private async Task<ResourceReader> OpenPiecesAsync(PieceShape shape, PieceShape? other = null)
    {
        var opened = await _reading.OpenAsync(shape, new OpenOptions(), _stopping.Token);
        opened = opened.Reader is null && other is not null && other != shape
            ? await _reading.OpenAsync(other, new OpenOptions(), _stopping.Token) : opened;
        return opened.Reader
            ?? throw new IOException($"It cannot be had without the pieces {string.Join(", ", opened.MissingPieces ?? [])}.");
    }

    /// <summary>Repair is held to a number of bytes a second that come in for it.</summary>
    private async Task PaceAsync(long bytes, long began, CancellationToken cancellationToken)
    {
        if (_repairBytesPerSecondMax > 0)
        {
            var due = TimeSpan.FromSeconds((double)bytes / _repairBytesPerSecondMax) - _time.GetElapsedTime(began);
            if (due > TimeSpan.Zero)
            {
                await Task.Delay(due, _time, cancellationToken);
            }
        }
    }

    private static Task ReadChecked(PieceShape shape, Blob blob, long offset, Memory<byte> bytes)
    {
        blob.Read(offset, bytes.Span);
        shape.ThrowIfOther(offset, bytes.Span);
        return Task.CompletedTask;
    }

    /// <summary>Keeps of the resource what it is, and no bytes of it beside pieces.</summary>
    /// <returns>Why not; null when it is so now.</returns>
    private async Task<string?> ShrinkAsync(ArchiveOrder order, ErasureCode code)
    {
        Unmint(order);
        var manifest = _store.FindResource(order.Resource)?.Manifest;
        if (manifest?.Version != order.Version)
        {
            var shape = await _reading.FindAsync(order.Resource, order.Version.Tag, _stopping.Token);
            if (shape is null || shape.Parent.Version != order.Version)
            {
                return "None of the pieces says what it is of.";
            }

            manifest = shape.Parent;
        }

        if (!PieceShape.TryCreate(order.Resource, manifest, code, out _))
        {
            return "It cannot be cut into pieces.";
        }

        using (await _store.EnterAsync(order.Resource, CancellationToken.None))
        {
            var known = _store.FindResource(order.Resource);
            if (known is not null && known.Manifest.Version != order.Version && known.Manifest.IsNewerThan(manifest))
            {
                return "What is there is newer.";
            }

            if (_store.FindInPieces(order.Resource) is not var (same, coding) || same.Manifest.Version != order.Version
                || coding != order.Coding)
            {
                await _store.CommitInPiecesAsync(new StoredResource(order.Resource, manifest, Retention.Kept), order.Coding);
            }
        }

        return null;
    }

    private async Task RestoreAsync(ArchiveOrder order, Work work)
    {
        if (FindWhole(order) is { } cached)
        {
            using (await _store.EnterAsync(order.Resource, CancellationToken.None))
            {
                await _store.ChangeRetentionAsync(cached, Retention.Kept);
            }

            return;
        }

        var shape = await FindShapeAsync(order);
        var reader = await OpenPiecesAsync(shape);
        await using (reader)
        {
            await PieceFile.RestoreAsync(_store, order.Resource, reader, work.Add, _stopping.Token);
        }

        await _reading.ForgetCopiesAsync(shape);
    }

    /// <summary>Has no pieces any more. Whoever knew the resource as one in pieces, and has not its bytes, knows nothing of it
    /// then.</summary>
    private async Task DropAsync(ArchiveOrder order, ErasureCode code)
    {
        Unmint(order);
        using (await _store.EnterAsync(order.Resource, CancellationToken.None))
        {
            if (_store.FindInPieces(order.Resource) is var (known, coding) && known.Manifest.Version == order.Version
                && coding == order.Coding)
            {
                await _store.ForgetAsync(order.Resource);
            }
        }

        for (var i = 0; i < code.PieceCount; i++)
        {
            await ForgetPieceAsync(PieceOf(order, i));
        }
    }

    /// <summary>Removes pieces of a resource of which a newer version, or that it was deleted, is known here.</summary>
    public async Task RemoveOrphansAsync(ResourceId parent)
    {
        if (_store.FindResource(parent) is not { } known)
        {
            return;
        }

        var count = 0;
        foreach (var id in _store.Catalog.FindPiecesOf(parent))
        {
            if (_store.FindEntry(id) is { IsTombstone: false, Resource.Manifest: { Piece: { } role } manifest }
                && role.ParentVersion != known.Manifest.Version && known.Manifest.Stamp >= manifest.Stamp)
            {
                await ForgetPieceAsync(id);
                count++;
            }
        }

        if (count > 0)
        {
            ArchiveLog.Orphaned(_logger, parent, count);
        }
    }

    private async Task ForgetPieceAsync(ResourceId id)
    {
        using (await _store.EnterAsync(id, CancellationToken.None))
        {
            if (_store.FindEntry(id) is { } entry && (entry.IsTombstone || entry.Resource.Manifest.Piece is not null))
            {
                await _store.ForgetAsync(id);
            }

            foreach (var partial in _store.Partials.FindAll(id))
            {
                _store.Partials.TryEvict(partial);
            }
        }
    }
}
