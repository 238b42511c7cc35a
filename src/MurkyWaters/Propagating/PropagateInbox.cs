using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using MurkyWaters.Fetching;
using MurkyWaters.Servers;
using MurkyWaters.Store;
using PouringRain.Protocol;

namespace MurkyWaters.Propagating;

/// <summary>What other nodes ask this one to fetch and keep. A node repeats its question until this one holds the version, so what does
/// not fit is dropped, and what is under way is not begun twice.</summary>
internal sealed class PropagateInbox
{
    private const int WaitingCountMax = 10_000;

    /// <summary>Fetches for other nodes at once.</summary>
    private const int WorkerCount = 8;

    private readonly ResourceStore _store;
    private readonly FetchTable _fetches;
    private readonly ServerTable _servers;
    private readonly bool _autoAddPeers;
    private readonly bool _isSealed;
    private readonly ILogger _logger;
    private readonly Channel<Request> _waiting = Channel.CreateBounded<Request>(new BoundedChannelOptions(WaitingCountMax));
    private readonly HashSet<(ResourceId Id, Sha256Digest? Version)> _underWay = [];
    private readonly Lock _gate = new();
    private readonly Task[] _workers;

    public PropagateInbox(ResourceStore store, FetchTable fetches, ServerTable servers, bool autoAddPeers, bool isSealed, ILogger logger)
    {
        _store = store;
        _fetches = fetches;
        _servers = servers;
        _autoAddPeers = autoAddPeers;
        _isSealed = isSealed;
        _logger = logger;
        _workers = [.. Enumerable.Range(0, WorkerCount).Select(_ => Task.Run(WorkAsync))];
    }

    /// <summary>Takes a request; never waits. <paramref name="version"/> is null in format 1, which has no versions.</summary>
    public void Add(ResourceId id, Sha256Digest? version, PeerAddress source)
    {
        lock (_gate)
        {
            if (_underWay.Count >= WaitingCountMax || !_underWay.Add((id, version)))
            {
                return;
            }

            if (!_waiting.Writer.TryWrite(new Request(id, version, source)))
            {
                _underWay.Remove((id, version));
            }
        }
    }

    /// <summary>Takes no more; ends when the running ones have.</summary>
    public Task StopAsync()
    {
        _waiting.Writer.TryComplete();
        while (_waiting.Reader.TryRead(out _))
        {
        }

        return Task.WhenAll(_workers);
    }

    private async Task WorkAsync()
    {
        await foreach (var request in _waiting.Reader.ReadAllAsync())
        {
            try
            {
                await HandleAsync(request);
            }
            catch (Exception error)
            {
                PropagationLog.RequestFailed(_logger, error, request.Id, request.Source.ToString());
            }

            lock (_gate)
            {
                _underWay.Remove((request.Id, request.Version));
            }
        }
    }

    private async Task HandleAsync(Request request)
    {
        if (_autoAddPeers)
        {
            _servers.AddPeer(request.Source, isClassic: request.Version is null, _isSealed);
        }

        using (await _store.EnterAsync(request.Id, CancellationToken.None))
        {
            var entry = _store.FindEntry(request.Id);
            if (request.Version is null ? entry is { IsTombstone: false } : entry?.Resource.Manifest.Version == request.Version)
            {
                if (entry is { IsTombstone: false, Resource.Origin: ResourceOrigin.Fetched })
                {
                    // Fetched for a reader before; asked for by a node it is to stay.
                    _store.ChangeOrigin(entry, ResourceOrigin.Put);
                }

                return;
            }
        }

        var fetch = _fetches.Keep(request.Id, request.Version, ResourceOrigin.Put, request.Source, isSourceClassic: request.Version is null);
        if (fetch is not null)
        {
            await fetch.Completion;
        }
    }

    private readonly record struct Request(ResourceId Id, Sha256Digest? Version, PeerAddress Source);
}
