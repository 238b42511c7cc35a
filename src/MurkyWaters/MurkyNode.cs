using MurkyWaters.Archive;
using MurkyWaters.Backing;
using MurkyWaters.Cluster;
using MurkyWaters.Deploying;
using MurkyWaters.Fetching;
using MurkyWaters.Naming;
using MurkyWaters.Propagating;
using MurkyWaters.Replicating;
using MurkyWaters.Servers;
using MurkyWaters.Store;
using MurkyWaters.Uploading;
using PouringRain.Network;
using PouringRain.Protocol;

namespace MurkyWaters;

/// <summary>
/// A node of Murky Waters: the store on disk, the rain listeners that serve it, the shared fetches that fill it, replication with the
/// other nodes, and the tables that tell of all this. All that the gateway knows of the layers above it.
/// </summary>
public sealed partial class MurkyNode : IAsyncDisposable
{
    private readonly MurkyOptions _options;
    private readonly SealSettings? _seal;
    private readonly Microsoft.Extensions.Logging.ILogger _logger;
    private readonly ResourceStore _store;
    private readonly ServerTable _servers;
    private readonly List<RainListener> _listeners;
    private readonly SwarmTable _swarms;
    private readonly IRainTransport _transport;
    private readonly FetchTable _fetches;
    private readonly ClassicNotices _classic;
    private readonly PropagateInbox _inbox;
    private readonly Replicator _replicator;
    private readonly ClusterNodes _nodes;
    private readonly Deployments _deployments;
    private readonly PieceReading _reading;
    private readonly ArchiveAgent _agent;
    private readonly Archives _archives;
    private readonly PieceKeeper _keeper;
    private readonly FolderLister _folders;
    private readonly ArchivePolicy _policy;
    private readonly PendingUploads _uploads;
    private readonly FetchBudget _budget;
    private readonly WriteBehind? _writeBehind;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _heartbeat;

    /// <summary>The newest version kept here, whole or known as one in pieces, or a tombstone, or null.</summary>
    public StoredResource? Find(ResourceId id) => _store.FindResource(id);

    /// <summary>A page of what is kept here, tombstones left out.</summary>
    /// <exception cref="StoreException">The catalog cannot be read.</exception>
    public ResourcePage List(ResourceQuery query)
    {
        ArgumentNullException.ThrowIfNull(query);
        return _store.List(query);
    }

    /// <summary>Whether the disk has used up what should stay free: nothing can be taken in.</summary>
    public bool IsDiskFull => _store.Space.IsFull;

    /// <summary>Why the store takes nothing in, in a sentence, or null: its disk fails or may
    /// not be written. It comes back by itself.</summary>
    public string? StoreTrouble => _store.Files.Health.Trouble;

    /// <summary>Why nothing can be fetched from other nodes or propagated to them just now, or null.</summary>
    public string? NetworkTrouble => _transport.Trouble;

    /// <summary>Starts taking a resource in. Nothing is seen of it before <see cref="Upload.CommitAsync"/>.</summary>
    /// <exception cref="StoreFullException">The declared length does not fit.</exception>
    /// <exception cref="StoreException">The store takes nothing in just now.</exception>
    public Upload BeginUpload(UploadOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new StoreUpload(_store, options, _store.Options, TellClassic);
    }

    /// <summary>Starts taking a resource in over several requests; null when as many are under way as may be.</summary>
    /// <param name="options">What it is to become; the precondition is given at the commit.</param>
    /// <param name="note">What the caller wants to keep with it.</param>
    /// <param name="network">Whose it is, as of <see cref="PeerAddress.Network"/>: no one has more than half of the places.</param>
    /// <exception cref="StoreFullException">The declared length does not fit.</exception>
    /// <exception cref="StoreException">The store takes nothing in just now.</exception>
    public PendingUpload? TryBeginPendingUpload(UploadOptions options, string note, Bits128 network = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        return _uploads.TryCreate(options, note, network);
    }

    /// <summary>How many uploads in several requests may be under way at once, and how long one is kept after its last.</summary>
    public (int CountMax, TimeSpan Lifetime) PendingUploadLimits => (_options.UploadCountMax, _options.UploadLifetime);

    /// <summary>An upload in several requests; null when it was never there, was cancelled or has expired.</summary>
    public PendingUpload? FindPendingUpload(string token) => _uploads.Find(token);

    /// <summary>Finds a resource here, or in the rain (joining the fetch that is under way).</summary>
    public async Task<OpenResult> OpenAsync(ResourceId id, OpenOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        while (true)
        {
            if (options.Source != OpenSource.RainOnly)
            {
                // One that was replaced between the two calls is looked up again.
                while (_store.FindEntry(id) is { IsTombstone: false } entry)
                {
                    if (StoredReader.TryOpen(_store, entry, options) is { } reader)
                    {
                        return new OpenResult(OpenStatus.Found, reader, []);
                    }
                }
            }

            if (options.Source == OpenSource.Any && await _reading.TryOpenKnownAsync(id, options, cancellationToken) is { } inPieces)
            {
                if (inPieces.Reader is not null)
                {
                    return inPieces;
                }

                // It may have been turned back while this node was away.
                if (await _fetches.OpenAsync(id, options, cancellationToken) is not { } whole)
                {
                    continue;
                }

                return whole.Reader is not null ? whole : inPieces;
            }

            if (options.Source == OpenSource.LocalOnly)
            {
                return new OpenResult(_store.FindEntry(id) is null ? OpenStatus.NotCached : OpenStatus.Deleted, null, []);
            }

            // Of what was deleted here there may be a newer version elsewhere, so the rain is asked about that too.
            if (await OpenElsewhereAsync(id, options, cancellationToken) is { } result)
            {
                return result;
            }
        }
    }

    /// <summary>Writes a tombstone and propagates it. What is not here is looked for in the
    /// rain, for the others are to forget it too.</summary>
    /// <param name="id">The resource.</param>
    /// <param name="precondition">Asked with the version that is to go, or null when there is none; under the resource's lock. Null for a
    /// deletion without conditions.</param>
    /// <param name="cancellationToken">Ends the looking.</param>
    /// <exception cref="ClusterUnavailableException">The conditions cannot be decided just now.</exception>
    public async Task<DeleteResult> DeleteAsync(ResourceId id, Func<Manifest?, bool>? precondition, CancellationToken cancellationToken)
    {
        await using var write = precondition is not null && _store.ConditionalWrites is { } writes
            ? await writes.EnterAsync(id, precondition, cancellationToken) : null;
        OpenResult? search = null;
        Manifest? elsewhere = null;
        if (write is null && _store.FindResource(id) is not { Manifest.IsDeleted: false })
        {
            search = await OpenAsync(id, new OpenOptions { DemandLength = 0 }, cancellationToken);
            if (search.Reader is { } reader)
            {
                elsewhere = reader.Manifest;
                await reader.DisposeAsync();
            }
        }

        Manifest tombstone;
        using (await _store.EnterAsync(id, cancellationToken))
        {
            var known = _store.FindResource(id);
            var here = known?.Manifest;
            var newest = write is not null ? write.NewestOf(known)?.Manifest
                : elsewhere is null || here?.IsNewerThan(elsewhere) == true ? here
                : elsewhere;
            var current = newest is { IsDeleted: false } ? newest : null;
            if (current is null && search is { Status: not (OpenStatus.Found or OpenStatus.NotFound or OpenStatus.Deleted) })
            {
                return new DeleteResult(DeleteOutcome.NotFound, search);
            }

            if (write is { IsRefused: true } || precondition?.Invoke(current) == false)
            {
                return new DeleteResult(DeleteOutcome.PreconditionFailed, null);
            }

            if (current is null)
            {
                return new DeleteResult(DeleteOutcome.NotFound, search);
            }

            var elsewhereStamp = write?.NewestStamp ?? await _replicator.AskNewestAsync(id, cancellationToken);
            if (_store.NextStamp(newest, elsewhereStamp, isDeleted: true) is not { } stamp)
            {
                return new DeleteResult(DeleteOutcome.NoLaterVersion, null);
            }

            write?.ThrowIfLost();
            tombstone = Manifest.CreateTombstone(_options.Code, stamp);
            await _store.CommitTombstoneAsync(id, tombstone);
        }

        await (write?.SettleAsync(tombstone) ?? Task.CompletedTask);
        return new DeleteResult(DeleteOutcome.Deleted, null);
    }

    /// <summary>Counts the nodes that keep what is newest here (this one included) until <paramref name="replicas"/> do, the time is up, or
    /// no node is left that is to and answers; 1 does not wait. 0 when it is not here.</summary>
    public Task<int> CountReplicasAsync(ResourceId id, int replicas, TimeSpan limit, CancellationToken cancellationToken) =>
        _replicator.CountAsync(id, replicas, limit, cancellationToken);

    /// <summary>Keeps what is here from now on, if it was fetched for readers only, has the others told of it once more, and counts as
    /// <see cref="CountReplicasAsync"/>.</summary>
    /// <exception cref="StoreException">The store takes nothing in just now.</exception>
    public async Task<int> PropagateAsync(ResourceId id, int replicas, TimeSpan limit, CancellationToken cancellationToken)
    {
        using (await _store.EnterAsync(id, cancellationToken))
        {
            if (_store.FindEntry(id) is { IsTombstone: false, Resource.Retention: Retention.Cached } entry)
            {
                await _store.ChangeRetentionAsync(entry, Retention.Kept);
            }
            else if (_store.FindInPieces(id) is ({ Retention: Retention.Cached } inPieces, _))
            {
                await _store.ChangeRetentionInPiecesAsync(inPieces, Retention.Kept);
            }
        }

        _replicator.Nudge(id);
        return await CountReplicasAsync(id, replicas, limit, cancellationToken);
    }

    /// <summary>Tells the nodes of 2012 of a resource once more; their format has no answer that could be waited for.</summary>
    public void TellClassicNodes(ResourceId id) => _classic.Tell(id);

    /// <summary>Starts (or joins) a fetch into the store without a reader.</summary>
    public TransferSnapshot Prefetch(ResourceId id)
    {
        if (Find(id) is { Manifest.IsDeleted: false } resource)
        {
            return _fetches.NoteInstant(id, resource, "completed", "It was here already.");
        }

        return _fetches.Keep(id, null, Retention.Cached, null)?.Snapshot()
            ?? _fetches.NoteInstant(id, null, "busy", "As many fetches run as may.");
    }

    /// <summary>The servers known, with what was learnt of them.</summary>
    public IReadOnlyList<ServerSnapshot> Servers
    {
        get
        {
            _fetches.Sample();
            return _servers.Snapshot();
        }
    }

    /// <summary>Adds a server until the process ends, one of <see cref="ServersFile.CountMax"/> at most that are added so.</summary>
    /// <exception cref="ArgumentException">The host is no name and no address, or the port not 1 to 65535.</exception>
    public ServerAddition AddServer(string host, int port)
    {
        if (!ServerName.TryCreate(host, port, isClassic: false, out var name))
        {
            throw new ArgumentException($"{host}:{port} names no server.", nameof(host));
        }

        if (!_servers.Add(name, ServerOrigin.Api))
        {
            return _servers.Contains(name) ? ServerAddition.Known : ServerAddition.Full;
        }

        LookAround();
        return ServerAddition.Added;
    }

    /// <summary>Forgets a server; false when it was not known. One of servers.json comes back when that file is edited.</summary>
    public bool RemoveServer(string host, int port)
    {
        if (!ServerName.TryCreate(host, port, isClassic: false, out var name) || !_servers.Remove(name))
        {
            return false;
        }

        LookAround();
        return true;
    }

    /// <summary>Where this node rains, in the order of <see cref="MurkyOptions.Listen"/>, with the ports that were bound.</summary>
    public IReadOnlyList<System.Net.IPEndPoint> ListenEndPoints => [.. _listeners.Select(listener => listener.LocalEndPoint)];

    /// <summary>The subscriber tables of all listeners.</summary>
    public async Task<IReadOnlyList<NodeSubscriber>> GetSubscribersAsync()
    {
        var tables = await Task.WhenAll(_listeners.Select(listener => listener.GetSubscribersAsync()));
        return [.. tables.SelectMany((table, index) => table.Select(row => new NodeSubscriber(_listeners[index].LocalEndPoint, row)))];
    }

    /// <summary>What it has done since it started.</summary>
    public NodeFigures Figures
    {
        get
        {
            var (totals, running) = _fetches.Sum();
            var (blocks, time) = _transport.Work;
            var listeners = _listeners.Select(listener => listener.Figures).ToArray();
            return new NodeFigures
            {
                TransfersEnded = totals.Ended,
                TransfersRunning = running,
                DropletsReceived = totals.Droplets,
                BytesReceived = totals.Bytes,
                DropletsLost = totals.Lost,
                SymbolsNeeded = totals.Symbols,
                BlocksWorked = blocks,
                WorkTime = time,
                DropletsSent = listeners.Sum(listener => listener.Droplets),
                BytesSent = listeners.Sum(listener => listener.Bytes),
                BytesSentInCompany = listeners.Sum(listener => listener.CompanyBytes),
                Swarms = _swarms.Count,
                SwarmMembers = _swarms.MemberCount,
                DatagramsDropped = _seal?.Account.Dropped ?? new Dictionary<string, long>(),
                Subscribers = listeners.Sum(listener => listener.Subscribers),
                Resources = _store.Count,
                IsStoreReadOnly = StoreTrouble is not null,
                StoreErrors = _store.Files.Health.ErrorCounts,
                StoreQuarantined = _store.QuarantinedCount,
                StoreScrubbedBytes = _store.Scrub.ReadBytes,
                StoreScrubDamaged = _store.Scrub.DamagedCount,
            };
        }
    }

    /// <summary>What of its room is in use.</summary>
    public NodeRoom Room
    {
        get
        {
            var (bytes, count, waiting) = _budget.Used;
            return new NodeRoom
            {
                FetchBytes = bytes,
                FetchBytesMax = _budget.BytesMax,
                Fetches = count,
                FetchesMax = _budget.CountMax,
                FetchesWaiting = waiting,
                Transfers = _fetches.ActiveCount,
                TransfersMax = FetchTable.ActiveCountMax,
                Uploads = _uploads.Count,
                UploadsMax = _options.UploadCountMax,
                Subscribers = _listeners.Sum(listener => listener.Figures.Subscribers),
                SubscribersMax = (long)_options.SubscriberCountMax * _listeners.Count,
            };
        }
    }

    /// <summary>Running and recent fetches, newest first.</summary>
    public IReadOnlyList<TransferSnapshot> Transfers => _fetches.Transfers;
}
