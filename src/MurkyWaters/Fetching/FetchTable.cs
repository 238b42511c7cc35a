using PouringRain.Protocol;

namespace MurkyWaters.Fetching;

/// <summary>The fetches of a node: finds the one to join, or starts it, and remembers those that are over.</summary>
internal sealed class FetchTable : IAsyncDisposable
{
    private readonly FetchContext _context;
    private readonly TransferLog _log = new();
    private readonly TransferTotals _totals = new();
    private readonly Lock _gate = new();
    private readonly Dictionary<ResourceId, List<SharedFetch>> _fetches = [];
    private bool _isStopped;

    /// <summary>Fetches that ask, rain or stand in line. One that asks has some 20 kB, and its window only as there is room.</summary>
    public const int ActiveCountMax = 1024;

    public FetchTable(FetchContext context) => _context = context;

    /// <summary>Running and recent transfers, newest first.</summary>
    public IReadOnlyList<TransferSnapshot> Transfers
    {
        get
        {
            // The log first: one that ends in between is then seen as running, not missed.
            var ended = _log.ToArray();
            var running = Running();
            var numbers = running.Select(fetch => fetch.Number).ToHashSet();
            return [.. running.Select(fetch => fetch.Snapshot())
                .Concat(ended.Where(transfer => !numbers.Contains(transfer.Id)))
                .OrderByDescending(transfer => transfer.Id)];
        }
    }

    /// <summary>Sums over all transfers since the start, running ones among them, and how many those are.</summary>
    public (TransferTotals Totals, int Running) Sum()
    {
        TransferTotals totals;
        SharedFetch[] running;
        lock (_gate)
        {
            totals = new TransferTotals(_totals);
            running = [.. _fetches.Values.SelectMany(list => list)];
        }

        foreach (var fetch in running)
        {
            totals.Add(fetch.Snapshot());
        }

        return (totals, running.Length);
    }

    /// <summary>Fetches that ask, rain or stand in line.</summary>
    public int ActiveCount => Running().Count(fetch => fetch.IsActive);

    /// <summary>Finds a resource in the rain; null when a fetch has ended since the store
    /// was looked at, and the store has it now.</summary>
    public async Task<OpenResult?> OpenAsync(ResourceId id, OpenOptions options, CancellationToken cancellationToken)
    {
        var isRainOnly = options.Source == OpenSource.RainOnly;
        var offset = options.DemandLength <= 0 ? 0 : options.DemandOffset;
        var isHere = false;
        FetchReader? reader = null;
        var fetch = FindOrStart(
            id,
            fetch => CanJoin(fetch, isRainOnly) && (reader = fetch.TryJoin(offset, options.DemandLength)) is not null,
            () => Make(id, null, isRainOnly, null, network: options.Network),
            options.Network,
            () => isHere = !isRainOnly && _context.Store.FindEntry(id) is { IsTombstone: false });
        return isHere ? null
            : fetch is null ? new OpenResult(OpenStatus.Busy, null, [])
            : await fetch.OpenAsync(reader!, cancellationToken);
    }

    /// <summary>Starts or joins a fetch without a reader; null when there are too many.</summary>
    public SharedFetch? Keep(
        ResourceId id, Sha256Digest? version, Retention retention, PeerAddress? source, bool isSourceClassic = false) =>
        FindOrStart(
        id,
        fetch => (version is null ? CanJoin(fetch, isRainOnly: false) : version == (fetch.Manifest?.Version ?? fetch.WantedVersion))
            && fetch.TryKeep(retention),
        () => Make(id, version, isRainOnly: false, source, isSourceClassic, source?.Network ?? default),
        source?.Network ?? default,
        () => false);

    /// <summary>Starts a fetch of the newest that some nodes have, to be kept, and asks nobody else; or joins one that is under way. Null
    /// when there are too many. One that mends is held to the ceiling of repair, for as long as nobody reads it and nobody else has it
    /// kept.</summary>
    public SharedFetch? KeepFrom(ResourceId id, IReadOnlyList<PeerAddress> sources, bool isMending) => FindOrStart(
        id,
        fetch => CanJoin(fetch, isRainOnly: false) && fetch.TryKeep(Retention.Kept, isMending),
        () => new SharedFetch(_context, _log.NextNumber(), id, null, false, null, false, default, OnEnded) { Sources = sources },
        default,
        () => false);

    /// <summary>Starts or joins a fetch of a version without a reader, to be had as one that was prefetched; null when there are too
    /// many.</summary>
    /// <param name="id">The resource.</param>
    /// <param name="version">The version.</param>
    /// <param name="pace">What it is held to, if it is started here; null for nothing.</param>
    /// <returns>The fetch, and whether it was started here.</returns>
    public (SharedFetch Fetch, bool IsOwn)? Have(ResourceId id, Sha256Digest version, FetchCeiling? pace)
    {
        SharedFetch? own = null;
        var fetch = FindOrStart(
            id,
            fetch => version == (fetch.Manifest?.Version ?? fetch.WantedVersion) && fetch.TryKeep(Retention.Cached),
            () => own = new SharedFetch(_context, _log.NextNumber(), id, version, false, null, false, default, OnEnded) { Pace = pace },
            default,
            () => false);
        return fetch is null ? null : (fetch, fetch == own);
    }

    /// <summary>Starts or joins a fetch that learns what a version is, with a reader that wants none of its bytes; null when there are too
    /// many.</summary>
    public (SharedFetch Fetch, FetchReader Reader)? Look(ResourceId id, Sha256Digest version, PeerAddress source)
    {
        FetchReader? reader = null;
        var fetch = FindOrStart(
            id,
            fetch => version == (fetch.Manifest?.Version ?? fetch.WantedVersion) && (reader = fetch.TryJoin(0, 0)) is not null,
            () => Make(id, version, isRainOnly: false, source, network: source.Network),
            source.Network,
            () => false);
        return fetch is null ? null : (fetch, reader!);
    }

    /// <summary>A transfer that needed no rain, for the table.</summary>
    public TransferSnapshot NoteInstant(ResourceId id, StoredResource? resource, string state, string verdict)
    {
        var transfer = new TransferSnapshot
        {
            Id = _log.NextNumber(),
            Resource = id,
            FileName = resource?.Manifest.FileName,
            State = state,
            Length = resource?.Manifest.Layout.Length,
            ReceivedBytes = resource?.Manifest.Layout.Length ?? 0,
            DecodedBlocks = resource?.Manifest.Layout.BlockCount ?? 0,
            Blocks = resource?.Manifest.Layout.BlockCount ?? 0,
            SymbolsNeeded = 0,
            DropletsReceived = 0,
            Overhead = 0,
            ElapsedMs = 0,
            Verdict = verdict,
            Sources = [],
        };
        _log.Add(transfer);
        return transfer;
    }

    /// <summary>Takes a sample of every running fetch, by which the table of servers is brought up to date.</summary>
    public void Sample()
    {
        foreach (var fetch in Running())
        {
            fetch.Sample();
        }
    }

    /// <summary>Ends all fetches; what they have stays on disk.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _isStopped = true;
        }

        var running = Running();
        foreach (var fetch in running)
        {
            fetch.Stop();
        }

        await Task.WhenAll(running.Select(fetch => fetch.Completion));
    }

    /// <summary>The fetch joined or started; null when none is needed any more, or there are too many. A fetch leaves the table after its
    /// end is in the store, so that what is neither here nor there was never fetched.</summary>
    private SharedFetch? FindOrStart(
        ResourceId id, Func<SharedFetch, bool> tryJoin, Func<SharedFetch> make, Bits128 network, Func<bool> isHere)
    {
        lock (_gate)
        {
            if (_fetches.TryGetValue(id, out var fetches))
            {
                for (var i = fetches.Count - 1; i >= 0; i--)
                {
                    if (tryJoin(fetches[i]))
                    {
                        return fetches[i];
                    }
                }
            }

            if (isHere() || _isStopped || !HasPlaceFor(network))
            {
                return null;
            }

            var made = make();
            tryJoin(made);
            if (fetches is null)
            {
                _fetches[id] = fetches = [];
            }

            // What cannot be started must not be found; what ends at once waits for this lock.
            made.Start();
            fetches.Add(made);
            return made;
        }
    }

    /// <summary>Whether a fetch is of use to a new reader: not when its version was replaced or deleted here meanwhile, and for a reader
    /// who insists on rain only while it rains.</summary>
    private bool CanJoin(SharedFetch fetch, bool isRainOnly)
    {
        var entry = _context.Store.FindEntry(fetch.Id);
        return (fetch.Manifest is not { } manifest || entry is null || !entry.Resource.Manifest.IsNewerThan(manifest))
            && (!isRainOnly || fetch.IsActive);
    }

    private SharedFetch Make(
        ResourceId id, Sha256Digest? version, bool isRainOnly, PeerAddress? source, bool isSourceClassic = false,
        Bits128 network = default) =>
        new(_context, _log.NextNumber(), id, version, isRainOnly, source, isSourceClassic, network, OnEnded);

    /// <summary>A network may have as many places as it leaves to others: half of all, were it alone, a quarter beside it, and so on.
    /// Under the lock.</summary>
    private bool HasPlaceFor(Bits128 network)
    {
        if (_fetches.Count < ActiveCountMax / 2)
        {
            return true;
        }

        var active = _fetches.Values.SelectMany(list => list).Where(fetch => fetch.IsActive).ToList();
        return active.Count < ActiveCountMax && active.Count(fetch => fetch.Network == network) < ActiveCountMax - active.Count;
    }

    private void OnEnded(SharedFetch fetch)
    {
        var snapshot = fetch.Snapshot();
        _log.Add(snapshot);
        lock (_gate)
        {
            _totals.Add(snapshot);
            _totals.Ended[snapshot.State] = _totals.Ended.GetValueOrDefault(snapshot.State) + 1;
            if (_fetches.TryGetValue(fetch.Id, out var fetches) && fetches.Remove(fetch) && fetches.Count == 0)
            {
                _fetches.Remove(fetch.Id);
            }
        }
    }

    private SharedFetch[] Running()
    {
        lock (_gate)
        {
            return [.. _fetches.Values.SelectMany(list => list)];
        }
    }
}
