using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using MurkyWaters.Store;
using PouringRain.Network;
using PouringRain.Protocol;

namespace MurkyWaters;

/// <summary>
/// A node of Murky Waters: the store on disk, the rain listeners that serve it, the shared fetches that fill it, propagation to the
/// other nodes, and the tables that tell of all this. All that the gateway knows of the layers above it.
/// </summary>
public sealed class MurkyNode : IAsyncDisposable
{
    private readonly MurkyOptions _options;
    private readonly StoreOptions _storeOptions;
    private readonly ResourceStore _store;
    private readonly List<RainListener> _listeners = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _heartbeat;

    private MurkyNode(MurkyOptions options, StoreOptions storeOptions, ResourceStore store)
    {
        _options = options;
        _storeOptions = storeOptions;
        _store = store;
        _heartbeat = BeatAsync();
    }

    /// <summary>Opens the store (recovery included), binds the listeners, reads the servers list.</summary>
    /// <exception cref="IOException">The store's folder cannot be used.</exception>
    /// <exception cref="System.Net.Sockets.SocketException">A listen endpoint cannot be bound.</exception>
    public static async Task<MurkyNode> StartAsync(MurkyOptions options, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(loggers);
        var storeOptions = new StoreOptions
        {
            Path = options.StorePath,
            QuotaBytes = options.QuotaBytes,
            Code = options.Code,
            SymbolSize = options.SymbolSize,
            BlockSize = options.BlockSize,
        };
        var logger = loggers.CreateLogger("MurkyWaters");
        var store = await Task.Run(() => ResourceStore.Open(storeOptions, logger), cancellationToken);
        var node = new MurkyNode(options, storeOptions, store);
        try
        {
            node.Listen();
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }

        return node;
    }

    /// <summary>The newest version kept here whole, or a tombstone, or null.</summary>
    public StoredResource? Find(ResourceId id) => _store.FindEntry(id)?.Resource;

    /// <summary>A page of what is kept here, in order of ids, tombstones left out.</summary>
    public ResourcePage List(ResourceId? after, int limit) => _store.List(after, limit);

    /// <summary>Starts taking a resource in. Nothing is seen of it before <see cref="Upload.CommitAsync"/>.</summary>
    /// <exception cref="StoreFullException">The declared length does not fit.</exception>
    public Upload BeginUpload(UploadOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new StoreUpload(_store, options, _storeOptions);
    }

    /// <summary>Finds a resource here, or in the rain (joining the fetch that is under way).</summary>
    public Task<OpenResult> OpenAsync(ResourceId id, OpenOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        cancellationToken.ThrowIfCancellationRequested();
        if (options.Source != OpenSource.RainOnly)
        {
            while (_store.FindEntry(id) is { } entry)
            {
                if (entry.IsTombstone)
                {
                    return Task.FromResult(new OpenResult(OpenStatus.Deleted, null, []));
                }

                if (StoredReader.TryOpen(_store, entry) is { } reader)
                {
                    return Task.FromResult(new OpenResult(OpenStatus.Found, reader, []));
                }
            }
        }

        return Task.FromResult(new OpenResult(options.Source == OpenSource.LocalOnly ? OpenStatus.NotCached : OpenStatus.NotFound, null, []));
    }

    /// <summary>Writes a tombstone and propagates it. NotFound when there is nothing to delete here.</summary>
    public async Task<DeleteOutcome> DeleteAsync(ResourceId id, Func<StoredResource?, bool> precondition, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(precondition);
        using var gate = await _store.EnterAsync(id, cancellationToken);
        var entry = _store.FindEntry(id);
        var current = entry is null || entry.IsTombstone ? null : entry.Resource;
        if (!precondition(current))
        {
            return DeleteOutcome.PreconditionFailed;
        }

        if (current is null)
        {
            return DeleteOutcome.NotFound;
        }

        var tombstone = Manifest.CreateTombstone(_options.Code, _store.NextStamp(current.Manifest));
        await Task.Run(() => _store.CommitTombstone(id, tombstone), CancellationToken.None);
        return DeleteOutcome.Deleted;
    }

    /// <summary>Asks the other nodes to fetch and keep what is here, and counts those that hold it (this one included) until
    /// <paramref name="replicas"/> do or the time is up; 1 does not wait.</summary>
    public Task<int> PropagateAsync(ResourceId id, int replicas, TimeSpan limit, CancellationToken cancellationToken) =>
        Task.FromResult(_store.FindEntry(id) is { IsTombstone: false } ? 1 : 0);

    /// <summary>Starts (or joins) a fetch into the store without a reader.</summary>
    public TransferSnapshot Prefetch(ResourceId id) => throw new NotImplementedException();

    /// <summary>The servers known, with what was learnt of them.</summary>
    public IReadOnlyList<ServerSnapshot> Servers { get; } = [];

    /// <summary>Adds a server until the process ends; false when it was known.</summary>
    public bool AddServer(string host, int port) => throw new NotImplementedException();

    /// <summary>Forgets a server; false when it was not known.</summary>
    public bool RemoveServer(string host, int port) => throw new NotImplementedException();

    /// <summary>The subscriber tables of all listeners.</summary>
    public async Task<IReadOnlyList<SubscriberSnapshot>> GetSubscribersAsync()
    {
        var tables = await Task.WhenAll(_listeners.Select(listener => listener.GetSubscribersAsync()));
        return [.. tables.SelectMany(table => table)];
    }

    /// <summary>Running and recent fetches, newest first.</summary>
    public IReadOnlyList<TransferSnapshot> Transfers { get; } = [];

    /// <summary>Stops listeners and fetches; nothing kept is lost.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stopping.IsCancellationRequested)
        {
            return;
        }

        await _stopping.CancelAsync();
        foreach (var listener in _listeners)
        {
            await listener.DisposeAsync();
        }

        await _heartbeat;
        _store.Dispose();
        _stopping.Dispose();
    }

    private void Listen()
    {
        var rainOptions = new RainServerOptions
        {
            RateBytesPerSecondMax = _options.RateBytesPerSecondMax,
            SubscriberCountMax = _options.SubscriberCountMax,
            TokenKey = RandomNumberGenerator.GetBytes(32),
        };
        foreach (var endPoint in _options.Listen)
        {
            _listeners.Add(new RainListener(endPoint, rainOptions, _store, OnPropagate, _options.Faults));
        }
    }

    private static void OnPropagate(PropagateRequest request)
    {
    }

    /// <summary>One beat a second calls everything that has timeouts.</summary>
    private async Task BeatAsync()
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
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

            _store.Tick();
            if (beat % 3600 == 0)
            {
                _store.RemoveOldTombstones();
            }
        }
    }
}
