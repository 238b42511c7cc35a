using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
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
using PouringRain.Protocol.Archiving;
using PouringRain.Protocol.Classic;
using PouringRain.Protocol.Deploying;
using PouringRain.Protocol.Naming;

namespace MurkyWaters;

/// <summary>Start, heartbeat, stop.</summary>
public sealed partial class MurkyNode
{
    private MurkyNode(
        MurkyOptions options, SealSettings? seal, ResourceStore store, ServerTable servers, List<RainListener> listeners, Inbound inbound,
        SwarmTable swarms, ILogger logger)
    {
        _options = options;
        _seal = seal;
        _store = store;
        _logger = logger;
        _servers = servers;
        _listeners = listeners;
        _swarms = swarms;
        _transport = options.Transport
            ?? new UdpRainTransport(new RainClientOptions
            {
                LoopCount = options.EffectiveReceiveLoopCount,
                Faults = options.Faults,
                Seal = seal,
                Logger = logger,
            }, logger);
        _classic = new ClassicNotices(store, _transport, servers, ClassicOptionsOf(options, seal), _stopping.Token);
        _uploads = new PendingUploads(store, options.UploadCountMax, options.UploadLifetime, TellClassic, logger);
        _nodes = new ClusterNodes(
            options.Cluster, store, servers, _transport, options.OpenRegistry?.Invoke(), inbound.TokenKey, options.Time, logger)
        {
            AddsPeers = options.AutoAddPeers,
            IsSealed = seal is not null,
        };
        _budget = new FetchBudget(options.FetchBytesMax, options.FetchCountMax, options.Fetch.WindowBytesMax, options.Time);
        var objects = options.BackEnd is { } backEnd ? new ObjectStore(backEnd, logger, options.Time) : null;
        var context = new FetchContext
        {
            Store = store,
            Transport = _transport,
            Objects = objects,
            Servers = servers,
            Logger = logger,
            Time = options.Time,
            Options = options.Fetch with
            {
                Swarm = new FetchSwarm
                {
                    Table = swarms,
                    Node = store.NodeId,
                    RainPort = options.ShareContent && listeners is [var first, ..] ? (ushort)first.LocalEndPoint.Port : (ushort)0,
                },
            },
            ShareContent = options.ShareContent,
            Budget = _budget,
            Patience = options.FetchPatience,
            RepairCeiling = FetchCeiling.Of(options.Cluster.RepairBytesPerSecondMax),
            Members = () => _nodes.RainOfOthers,
            OnStaleServers = id => _replicator!.Nudge(id),
        };
        _fetches = new FetchTable(options.FetchGrace is { } grace ? context with { Grace = grace } : context);
        _inbox = new PropagateInbox(
            store, _fetches, servers, options.InboxTimes, options.AutoAddPeers, isSealed: !options.Secret.IsEmpty, logger, _stopping.Token);
        _replicator = new Replicator(
            options.Cluster, store, _fetches, _transport, _nodes, inbound.TokenKey, options.Time, logger, _stopping.Token);
        var groups = new DeployGroups(options.Deploy, seal, store, logger);
        _deployments = new Deployments(
            store, new DeployAgent(store, _fetches, groups, options.Time, logger), _nodes, () => Nodes, _transport, groups, options.Time,
            logger);
        _folders = new FolderLister(store, _nodes, _transport, options.Time);
        _reading = new PieceReading(
            store, _fetches, options.Time, (id, index) => ArchiveLog.Lied(logger, id, index));
        _agent = new ArchiveAgent(store, _fetches, _reading, options.Cluster.RepairBytesPerSecondMax, options.Time, logger);
        var asking = new ArchiveAsking(store.NodeId, _agent, _nodes, _transport, options.Time);
        Coding = new CodingDesk(store, _reading, options.CodingNetwork, FindCodingPeer, options.Time, logger);
        var calls = new CodingCalls(store.NodeId, Coding, options.CodingNetwork, FindCodingPeer, options.Time);
        _agent.Paths = new PathRepair(store, calls, asking, FindCodingPeer, logger);
        _agent.IsWriting = piece => Coding.IsWriting(piece.ToString());
        _archives = new Archives(
            store, asking, _reading, _nodes, _replicator, new PartsChain(calls, logger), options.Time, logger);
        _keeper = new PieceKeeper(
            store, asking, _reading, _nodes, _archives, options.PieceLookInterval, options.Time, logger);
        _nodes.PiecesAlone = () => _keeper.Alone;
        _policy = new ArchivePolicy(
            store, _archives, _replicator, _nodes, options.ArchiveAfter, options.ArchiveBytesMin, options.Time, logger);
        Links = new ShareLinks(store.Files, store.NodeId, options.Time, logger);
        _replicator.Adopt = AdoptAsync;
        store.Changed += _keeper.NoteChanged;
        inbound.Open(
            _inbox, servers, _nodes, _replicator, new DeployDesk(store.NodeId, inbound.TokenKey, _deployments.Agent.Obey),
            new ArchiveDesk(store.NodeId, inbound.TokenKey, _agent.Obey),
            new FolderDesk(store.NodeId, inbound.TokenKey, _folders.ListHere));
        store.ConditionalWrites = _nodes.Turns is not { } turns ? null : new ConditionalWrites(
            turns, _replicator.SurveyAsync, (id, cancellation) => FindManifestAsync(id, OpenSource.RainOnly, cancellation),
            id => store.FindResource(id)?.Manifest, options.Time);
        store.Reopen = OpenAsync;
        store.Scrub.Start();
        _writeBehind = objects is null ? null : new WriteBehind(store, objects, logger, _stopping.Token);
        LookAround();
        _heartbeat = BeatAsync();
    }

    /// <summary>Opens the store (recovery included), binds the listeners, reads the servers list.</summary>
    /// <exception cref="IOException">The store's folder cannot be used.</exception>
    /// <exception cref="InvalidDataException">The servers list is no such list.</exception>
    /// <exception cref="System.Net.Sockets.SocketException">A listen endpoint cannot be bound.</exception>
    public static async Task<MurkyNode> StartAsync(MurkyOptions options, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(loggers);
        var logger = loggers.CreateLogger("MurkyWaters");
        var storeOptions = new StoreOptions
        {
            Path = options.StorePath,
            QuotaBytes = options.QuotaBytes,
            Code = options.Code,
            SymbolSize = options.SymbolSize,
            BlockSize = options.BlockSize,
            Time = options.Time,
            Space = options.Space,
            InlineBytes = options.InlineBytes,
            ScrubPeriod = options.ScrubPeriod,
            NotesReadsOfKept = options.ArchiveAfter > TimeSpan.Zero,
            ScrubBytesPerSecondMax = options.ScrubBytesPerSecondMax,
            IsBacked = options.BackEnd is not null,
            RainsPartials = options.ShareContent,
        };
        storeOptions = options.BackingDelay is { } delay ? storeOptions with { BackingDelay = delay } : storeOptions;
        var store = await Task.Run(() => ResourceStore.Open(storeOptions, logger), cancellationToken);
        var listeners = new List<RainListener>();
        var seal = options.CreateSeal();
        try
        {
            // Listeners come before all that sends, because a port of 0 is a number only when it is bound.
            var inbound = new Inbound();
            var swarms = new SwarmTable();
            Listen(options, seal, store, inbound, swarms, logger, listeners);
            var own = new OwnEndPoints(listeners.Select(listener => listener.LocalEndPoint));
            if (!storeOptions.IsBacked && store.Catalog.ReadBackingMark() is not null)
            {
                // What is put from now on is not queued: should there be an object store again, all is compared with it.
                await store.Catalog.NoteBackingMarkAsync(null);
            }

            var servers = await ServerTable.OpenAsync(options.ServersFile, own, logger, options.Time, cancellationToken);
            var node = new MurkyNode(options, seal, store, servers, listeners, inbound, swarms, logger);
            if (options.PropagateOnStartup)
            {
                foreach (var resource in store.EnumerateKept())
                {
                    node.TellClassic(resource);
                }
            }

            return node;
        }
        catch
        {
            foreach (var listener in listeners)
            {
                await listener.DisposeAsync();
            }

            store.Dispose();
            throw;
        }
    }

    /// <summary>Stops listeners and fetches; nothing kept is lost.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stopping.IsCancellationRequested)
        {
            return;
        }

        await _stopping.CancelAsync();
        await Task.WhenAll(_listeners.Select(listener => listener.DisposeAsync().AsTask()));
        await _deployments.DisposeAsync();
        await _keeper.DisposeAsync();
        await _policy.DisposeAsync();
        await _archives.DisposeAsync();
        await _fetches.DisposeAsync();
        await _agent.DisposeAsync();
        await Coding.DisposeAsync();
        await _inbox.StopAsync();
        await _replicator.DisposeAsync();
        await _nodes.DisposeAsync();
        await _transport.DisposeAsync();
        await _heartbeat;
        await _uploads.DisposeAsync();
        await (_writeBehind?.StopAsync() ?? Task.CompletedTask);
        await (_options.BackEnd?.DisposeAsync() ?? ValueTask.CompletedTask);
        _store.Dispose();
        _stopping.Dispose();
    }

    private static void Listen(
        MurkyOptions options, SealSettings? seal, ResourceStore store, Inbound inbound, SwarmTable swarms, ILogger logger,
        List<RainListener> listeners)
    {
        var rainOptions = new RainServerOptions
        {
            Ceiling = RainCeiling.Of(options.RateBytesPerSecondMax),
            SubscriberCountMax = options.SubscriberCountMax,
            TokenKey = inbound.TokenKey,
            Node = store.NodeId,
            Swarms = swarms,
            Consult = (now, from, request, answer) => inbound.Answer(now, from, seal is not null, request, answer),

            // A sealed node has the secret; of others the list has to say who they are.
            MayPropagate = seal is null ? inbound.IsTrusted : null,
        };
        var classic = options.ClassicAllow.Count == 0 ? null : new ClassicRain(
            ClassicOptionsOf(options, seal) with { Ceiling = rainOptions.Ceiling },
            new ClassicCatalog(store),
            request => inbound.Add(request.Resource, null, request.Source));
        foreach (var endPoint in options.Listen)
        {
            listeners.Add(new RainListener(
                endPoint, rainOptions, store, request => inbound.Add(request.Resource, request.Version, request.Source), options.Faults,
                classic,
                logger, seal, options.EffectiveReceiveLoopCount));
        }
    }

    /// <summary>Format 1 knows no seal, so a sealed node speaks it with nobody.</summary>
    private static ClassicServerOptions ClassicOptionsOf(MurkyOptions options, SealSettings? seal) =>
        new() { Allowed = seal is null ? [.. options.ClassicAllow] : [] };

    /// <summary>One beat a second calls everything that has timeouts.</summary>
    private async Task BeatAsync()
    {
        const int beatsPerHour = 3600;
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1), _options.Time);
        for (var beat = 1L; ; beat++)
        {
            try
            {
                await timer.WaitForNextTickAsync(_stopping.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            try
            {
                _store.Tick();
                _uploads.Tick();
                _servers.Tick();
                _transport.Tick();
                _fetches.Sample();
                _inbox.Tick();
                LookAround();
                _deployments.Tick();
                _agent.Tick();
                Coding.Tick();
                _archives.Tick();
                _keeper.Tick(_agent);
                _policy.Tick();
                _writeBehind?.Tick();
                FetchLost();
                if (beat % beatsPerHour == 0 && !_replicator.HasOthers)
                {
                    _store.RemoveOldTombstones();
                }
            }
            catch (Exception error)
            {
                // One beat that fails, on a disk that does, must not be the last.
                StoreLog.BeatFailed(_logger, error);
            }
        }
    }

    /// <summary>Who is there, and what follows from it.</summary>
    private void LookAround()
    {
        _nodes.Tick();
        _replicator.Tick();
    }

    /// <summary>Tells the nodes of 2012, who compare nothing.</summary>
    private void TellClassic(StoredResource resource) => _classic.Tell(resource.Id);

    /// <summary>What was kept here and is set aside is asked for, a few at a time.</summary>
    private void FetchLost()
    {
        const int countMax = 4;
        foreach (var id in _store.TakeLost(countMax))
        {
            _fetches.Keep(id, null, Retention.Kept, null);
        }
    }

    /// <summary>Where the listeners' requests go: nowhere until the node is up (they are repeated).</summary>
    private sealed class Inbound
    {
        private PropagateInbox? _inbox;
        private ServerTable? _servers;
        private ClusterNodes? _nodes;
        private Replicator? _replicator;
        private DeployDesk? _deployments;
        private ArchiveDesk? _archive;
        private FolderDesk? _folders;

        /// <summary>What the address tokens of this node are made with.</summary>
        public byte[] TokenKey { get; } = RandomNumberGenerator.GetBytes(32);

        public void Open(
            PropagateInbox inbox, ServerTable servers, ClusterNodes nodes, Replicator replicator, DeployDesk deployments,
            ArchiveDesk archive, FolderDesk folders)
        {
            Volatile.Write(ref _archive, archive);
            Volatile.Write(ref _folders, folders);
            Volatile.Write(ref _deployments, deployments);
            Volatile.Write(ref _replicator, replicator);
            Volatile.Write(ref _servers, servers);
            Volatile.Write(ref _nodes, nodes);
            Volatile.Write(ref _inbox, inbox);
        }

        /// <summary>Until the servers are known nobody is refused, and nothing done.</summary>
        public bool IsTrusted(PeerAddress source) => Volatile.Read(ref _servers)?.IsTrusted(source) ?? true;

        /// <summary>Who has the secret is believed; of others the list has to say who they are.</summary>
        public int Answer(Instant now, PeerAddress from, bool isSealed, ReadOnlySpan<byte> request, Span<byte> answer)
        {
            if (Volatile.Read(ref _nodes) is not { } nodes || Volatile.Read(ref _replicator) is not { } replicator)
            {
                return 0;
            }

            var length = nodes.Answer(now, from, place => isSealed || IsTrusted(place), request, answer);
            if (length == 0)
            {
                length = Volatile.Read(ref _deployments)?.Answer(now, from, IsNode, request, answer) ?? 0;
            }

            if (length == 0)
            {
                length = Volatile.Read(ref _archive)?.Answer(now, from, IsNode, request, answer) ?? 0;
            }

            if (length == 0)
            {
                length = Volatile.Read(ref _folders)?.Answer(now, from, IsNode, request, answer) ?? 0;
            }

            return length > 0 ? length : replicator.Answer(now, from, IsNode(from), request, answer);

            bool IsNode(PeerAddress asker) => isSealed || IsTrusted(asker) || nodes.IsKnown(asker);
        }

        public void Add(ResourceId id, Sha256Digest? version, PeerAddress source) => Volatile.Read(ref _inbox)?.Add(id, version, source);
    }
}
