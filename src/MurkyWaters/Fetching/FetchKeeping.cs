using MurkyWaters.Store;
using PouringRain.Protocol;

namespace MurkyWaters.Fetching;

/// <summary>What becomes of a fetch in the store: the version is sealed into it, a deletion noted, or what is here answers in place of the
/// rain.</summary>
internal sealed class FetchKeeping
{
    private readonly FetchContext _context;
    private readonly SharedFetch _fetch;

    public FetchKeeping(FetchContext context, SharedFetch fetch)
    {
        _context = context;
        _fetch = fetch;
    }

    private ResourceStore Store => _context.Store;

    /// <summary>Keeps the whole version, if it is to be kept.</summary>
    /// <exception cref="StoreException">The disk did not take it. Its readers read on what is open.</exception>
    public async Task<Result> SealAsync(VerifiedBlocks blocks)
    {
        using (await Store.EnterAsync(_fetch.Id, CancellationToken.None))
        {
            return await Task.Run(() => blocks is PartialBlob partial ? SealPartial(partial) : SealWhole((CheckedBlob)blocks));
        }
    }

    /// <summary>A deletion that was missed is made up for; of what never was here nothing is noted, unless a node asked for it.</summary>
    public async Task<FetchOutcome> ApplyTombstoneAsync(Manifest tombstone)
    {
        using (await Store.EnterAsync(_fetch.Id, CancellationToken.None))
        {
            var entry = Store.FindEntry(_fetch.Id);
            if (entry is null
                ? _fetch.KeptAs == Retention.Kept || _fetch.WantedVersion is not null
                : tombstone.IsNewerThan(entry.Resource.Manifest))
            {
                await Task.Run(() => Store.CommitTombstone(_fetch.Id, tombstone));
            }
        }

        return new FetchOutcome(OpenStatus.Deleted, null, "It was deleted.");
    }

    /// <summary>What to tell those who have no blocks.</summary>
    public FetchOutcome FindOutcome(FetchEndReason end)
    {
        var entry = Store.FindEntry(_fetch.Id);
        if (_fetch.Manifest is not null && entry is not null)
        {
            return new FetchOutcome(OpenStatus.Found, entry, "What is here is newer than what rains.");
        }

        var status = end switch
        {
            FetchEndReason.NotFound => OpenStatus.NotFound,
            FetchEndReason.Busy => OpenStatus.Busy,
            FetchEndReason.IntegrityFailure => OpenStatus.IntegrityFailure,
            FetchEndReason.NotUnderstood => OpenStatus.NotUnderstood,
            FetchEndReason.LocalFailure => OpenStatus.LocalFailure,
            FetchEndReason.NoNetwork => OpenStatus.NoNetwork,
            _ => OpenStatus.Unanswered,
        };
        return new FetchOutcome(
            entry is { IsTombstone: true } && status is (OpenStatus.NotFound or OpenStatus.Unanswered) ? OpenStatus.Deleted : status);
    }

    /// <summary>The same version is here (it was fetched although), or a newer one by now.</summary>
    private bool IsOutdated(VerifiedBlocks blocks, StoreEntry? entry)
    {
        if (entry is null || blocks.Manifest.IsNewerThan(entry.Resource.Manifest))
        {
            return false;
        }

        if (_fetch.KeptAs == Retention.Kept && entry.Resource is { Retention: Retention.Cached, Manifest.IsDeleted: false })
        {
            Store.ChangeRetention(entry, Retention.Kept);
        }

        return true;
    }

    /// <summary>Under the resource's gate, on a thread that may wait for the disk.</summary>
    private Result SealPartial(PartialBlob partial)
    {
        var entry = Store.FindEntry(_fetch.Id);
        var isMending = entry is not null && entry.Resource.Manifest.Version == partial.Manifest.Version && !Store.IsIntact(entry);
        if (!isMending && IsOutdated(partial, entry))
        {
            Store.Partials.Retire(partial);
            return new Result(IsHere: true);
        }

        var isKept = _fetch.KeptAs == Retention.Kept || Store.IsLost(_fetch.Id)
            || entry is { IsTombstone: false, Resource.Retention: Retention.Kept };

        // Of a resource in pieces everybody who reads it fetches eleven; kept by all of them they would be as many whole copies.
        var isShared = (_context.ShareContent && partial.Manifest.Piece is null) || _fetch.KeptAs is not null;
        if (!isKept && (!isShared || !Store.FitsQuota()))
        {
            // Whoever comes while somebody reads is still led here; then it is gone.
            Store.Partials.Retire(partial);
            return new Result(IsHere: false, null, isShared ? "It was not kept: the quota of what is fetched has no room for it." : null);
        }

        var whole = new StoredResource(_fetch.Id, partial.Manifest, isKept ? Retention.Kept : Retention.Cached);
        try
        {
            partial.Flush();
            Store.CommitBlob(whole, partial.DataPath);
        }
        catch (StoreException) when (partial.IsLost || !partial.HasData)
        {
            // Those who read it have it open; nobody else may go on with it. What failed otherwise is there to be sealed another time.
            Store.Partials.Retire(partial);
            throw;
        }

        Store.Partials.Retire(partial, isPublished: true);
        return new Result(IsHere: true, whole);
    }

    /// <summary>The bytes were here, and stay here as they did: under a newer manifest, if that is what came.</summary>
    private Result SealWhole(CheckedBlob whole)
    {
        var entry = Store.FindEntry(_fetch.Id);
        if (IsOutdated(whole, entry))
        {
            return new Result(IsHere: true);
        }

        if (entry is null || entry.Blob != whole.Blob)
        {
            // They were given up meanwhile.
            return new Result(IsHere: false);
        }

        var kept = whole.Resource with { Retention = _fetch.KeptAs == Retention.Kept ? Retention.Kept : entry.Resource.Retention };
        Store.CommitManifest(kept, whole.Blob);
        return new Result(IsHere: true, kept, "The bytes were here already, only their description was new.");
    }

    /// <summary>What came of sealing.</summary>
    /// <param name="IsHere">Whether nobody needs to be led to the fetch any more.</param>
    /// <param name="Kept">What was taken in, if it was.</param>
    /// <param name="Verdict">What to say of the fetch; null for what bounded its speed.</param>
    internal sealed record Result(bool IsHere, StoredResource? Kept = null, string? Verdict = null);
}
