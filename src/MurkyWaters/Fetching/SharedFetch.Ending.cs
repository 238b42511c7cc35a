using MurkyWaters.Store;
using PouringRain.Protocol;

namespace MurkyWaters.Fetching;

/// <summary>How a fetch ends: sealed into the store, answered by what is here, or failed.</summary>
internal sealed partial class SharedFetch
{
    /// <summary>Keeps the whole version, if it is to be kept. True when nobody needs to be led to this fetch any more.</summary>
    private async Task<bool> SealAsync()
    {
        var partial = _partial!;
        StoredResource? kept = null;
        bool isHere;
        using (await _context.Store.EnterAsync(Id, CancellationToken.None))
        {
            isHere = await Task.Run(() => Seal(partial, out kept));
        }

        if (kept is not null && _context.OnStaleServer is { } onStaleServer)
        {
            PeerAddress[] staleServers;
            lock (_gate)
            {
                staleServers = [.. _staleServers];
            }

            foreach (var server in staleServers)
            {
                onStaleServer(kept, server);
            }
        }

        return isHere;
    }

    /// <summary>Under the resource's gate, on a thread that may wait for the disk.</summary>
    /// <exception cref="StoreException">The disk did not take it. It is passed through, then: its readers read it to the end.</exception>
    private bool Seal(VerifiedBlocks blocks, out StoredResource? kept)
    {
        kept = null;
        var store = _context.Store;
        var entry = store.FindEntry(Id);
        var partial = blocks as PartialBlob;
        if (entry is not null && !blocks.Manifest.IsNewerThan(entry.Resource.Manifest))
        {
            // The same version is here (it was fetched although), or a newer one by now.
            if (_keep == ResourceOrigin.Put && entry.Resource is { Origin: ResourceOrigin.Fetched, Manifest.IsDeleted: false })
            {
                store.ChangeOrigin(entry, ResourceOrigin.Put);
            }

            if (partial is not null)
            {
                store.Partials.Retire(partial);
            }

            return true;
        }

        if (partial is null)
        {
            return SealWhole((CheckedBlob)blocks, entry, out kept);
        }

        var isPut = _keep == ResourceOrigin.Put || entry is { IsTombstone: false, Resource.Origin: ResourceOrigin.Put };
        if (!isPut && ((!_context.ShareContent && _keep is null) || !store.FitsQuota()))
        {
            // Whoever comes while somebody reads is still led here; then it is gone.
            store.Partials.Retire(partial);
            return false;
        }

        var whole = new StoredResource(Id, partial.Manifest, isPut ? ResourceOrigin.Put : ResourceOrigin.Fetched);
        try
        {
            partial.Flush();
            store.CommitBlob(whole, partial.DataPath);
        }
        catch (StoreException) when (partial.IsLost || !partial.HasData)
        {
            // Those who read it have it open; nobody else may go on with it. What failed otherwise is there to be sealed another time.
            store.Partials.Retire(partial);
            throw;
        }

        kept = whole;
        store.Partials.Retire(partial);
        return true;
    }

    /// <summary>The bytes were here, and stay here as they did: under a newer manifest, if that is what came.</summary>
    private bool SealWhole(CheckedBlob whole, StoreEntry? entry, out StoredResource? kept)
    {
        kept = null;
        if (entry is null || entry.Blob != whole.Blob)
        {
            // They were given up meanwhile.
            return false;
        }

        kept = whole.Resource with { Origin = _keep == ResourceOrigin.Put ? ResourceOrigin.Put : entry.Resource.Origin };
        _context.Store.CommitManifest(kept, whole.Blob);
        _verdict = "The bytes were here already, only their description was new.";
        return true;
    }

    private async Task FinishAsync(FetchEndReason end)
    {
        var outcome = new FetchOutcome(OpenStatus.LocalFailure);
        try
        {
            outcome = await FindOutcomeAsync(end);
        }
        catch (Exception error)
        {
            FetchLog.TransferBroken(_context.Logger, error, Number, Id);
        }

        TaskCompletionSource[] waiters;
        VerifiedBlocks? partial;
        lock (_gate)
        {
            _isClosed = true;
            _isOver = true;
            _end = Manifest is { IsDeleted: true } ? FetchEndReason.NotFound : outcome.Stored is not null ? FetchEndReason.Completed : end;
            waiters = [.. _waiters.Values];
            _waiters.Clear();
            partial = _partial;
        }

        // Out of the table before anybody learns of the end, so that who asks again gets a new fetch.
        try
        {
            _onEnded(this);
        }
        catch (Exception error)
        {
            // Its readers must learn of the end all the same.
            FetchLog.TransferBroken(_context.Logger, error, Number, Id);
        }

        _found.TrySetResult(outcome);
        foreach (var waiter in waiters)
        {
            waiter.TrySetResult();
        }

        if (partial is not null)
        {
            partial.BlockHeld -= OnBlockHeld;
            if (partial is PartialBlob arrived && _context.Store.FindEntry(Id) is { } entry && !arrived.Manifest.IsNewerThan(entry.Resource.Manifest))
            {
                // What is here whole needs no part to go on with.
                _context.Store.Partials.Retire(arrived);
            }

            _context.Store.Partials.Release(partial);
        }

        var snapshot = Snapshot();
        FetchLog.TransferEnded(
            _context.Logger, Number, Id, snapshot.State, snapshot.ReceivedBytes, snapshot.ElapsedMs, snapshot.DropletsReceived,
            snapshot.Sources.Count(source => source.Droplets > 0), snapshot.Overhead, snapshot.Verdict);
    }

    private async Task<FetchOutcome> FindOutcomeAsync(FetchEndReason end)
    {
        if (_found.Task.IsCompleted)
        {
            return await _found.Task;
        }

        if (Manifest is { IsDeleted: true } tombstone)
        {
            _verdict = "It was deleted.";
            await ApplyTombstoneAsync(tombstone);
            return new FetchOutcome(OpenStatus.Deleted);
        }

        var entry = _context.Store.FindEntry(Id);
        if (Manifest is not null && entry is not null)
        {
            _verdict = "What is here is newer than what rains.";
            return new FetchOutcome(OpenStatus.Found, entry);
        }

        var status = end switch
        {
            FetchEndReason.NotFound => OpenStatus.NotFound,
            FetchEndReason.Busy => OpenStatus.Busy,
            FetchEndReason.IntegrityFailure => OpenStatus.IntegrityFailure,
            FetchEndReason.LocalFailure => OpenStatus.LocalFailure,
            FetchEndReason.NoNetwork => OpenStatus.NoNetwork,
            _ => OpenStatus.Unanswered,
        };
        return new FetchOutcome(entry is { IsTombstone: true } && status is (OpenStatus.NotFound or OpenStatus.Unanswered) ? OpenStatus.Deleted : status);
    }

    /// <summary>A deletion that was missed is made up for; of what never was here nothing is noted, unless a node asked for it.</summary>
    private async Task ApplyTombstoneAsync(Manifest tombstone)
    {
        using (await _context.Store.EnterAsync(Id, CancellationToken.None))
        {
            var entry = _context.Store.FindEntry(Id);
            if (entry is null ? _keep == ResourceOrigin.Put || WantedVersion is not null : tombstone.IsNewerThan(entry.Resource.Manifest))
            {
                await Task.Run(() => _context.Store.CommitTombstone(Id, tombstone));
            }
        }
    }
}
