using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using MurkyWaters.Fetching;
using MurkyWaters.Servers;
using MurkyWaters.Store;
using PouringRain.Protocol;

namespace MurkyWaters.Propagating;

/// <summary>What other nodes ask this one to fetch and keep. A node repeats its question until this one holds the version, so what does
/// not fit is dropped, and what is under way is not begun twice. Those of 2012 ask once.</summary>
internal sealed class PropagateInbox
{
    private const int WaitingCountMax = 10_000;

    /// <summary>Fetches for other nodes at once.</summary>
    private const int WorkerCount = 8;

    /// <summary>How often a place is looked for, and for how long each time.</summary>
    private const int ClassicAttemptCountMax = 30;

    private static readonly TimeSpan ClassicPause = TimeSpan.FromSeconds(1);

    private readonly ResourceStore _store;
    private readonly FetchTable _fetches;
    private readonly ServerTable _servers;
    private readonly bool _autoAddPeers;
    private readonly bool _isSealed;
    private readonly ILogger _logger;
    private readonly Channel<Request> _waiting = Channel.CreateBounded<Request>(new BoundedChannelOptions(WaitingCountMax));
    private readonly HashSet<Request> _underWay = [];
    private readonly CancellationToken _stopping;
    private readonly Lock _gate = new();
    private readonly Task[] _workers;

    public PropagateInbox(
        ResourceStore store, FetchTable fetches, ServerTable servers, bool autoAddPeers, bool isSealed, ILogger logger, CancellationToken stopping)
    {
        _stopping = stopping;
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
        var request = new Request(id, version, source);
        lock (_gate)
        {
            if (_underWay.Count >= WaitingCountMax || !_underWay.Add(request.Key))
            {
                return;
            }

            if (!_waiting.Writer.TryWrite(request))
            {
                _underWay.Remove(request.Key);
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
                _underWay.Remove(request.Key);
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

        if (request.Version is null)
        {
            await KeepClassicAsync(request);
        }
        else if (_fetches.Keep(request.Id, request.Version, ResourceOrigin.Put, request.Source) is { } fetch)
        {
            await fetch.Completion;
        }
    }

    /// <summary>Nobody asks again: what finds no place waits for one, and when the fetch that it joined, which does not know the asking node,
    /// finds nothing, there is another.</summary>
    private async Task KeepClassicAsync(Request request)
    {
        for (var attempt = 0; attempt < ClassicAttemptCountMax; attempt++)
        {
            if (_fetches.Keep(request.Id, null, ResourceOrigin.Put, request.Source, isSourceClassic: true) is { } fetch)
            {
                await fetch.Completion;
                if (fetch.AsksClassic(request.Source) || _store.FindEntry(request.Id) is { IsTombstone: false })
                {
                    return;
                }
            }
            else
            {
                try
                {
                    await Task.Delay(ClassicPause, _stopping);
                }
                catch (OperationCanceledException)
                {
                    return;
                }
            }
        }
    }

    private readonly record struct Request(ResourceId Id, Sha256Digest? Version, PeerAddress Source)
    {
        /// <summary>What is not to be begun twice. A version is the same whoever asks for it; in format 1 each node means its own.</summary>
        public Request Key => Version is null ? this : this with { Source = default };
    }
}
