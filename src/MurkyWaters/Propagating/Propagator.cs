using Microsoft.Extensions.Logging;
using MurkyWaters.Fetching;
using MurkyWaters.Servers;
using MurkyWaters.Store;
using PouringRain.Protocol;

namespace MurkyWaters.Propagating;

/// <summary>Tells the other nodes of versions and counts who holds them. Every address that is known is told, for who is behind it shows in
/// the answer alone; what is counted are nodes, each once, however many addresses it has. Thread-safe.</summary>
internal sealed class Propagator
{
    /// <summary>Resources of which the holders are remembered.</summary>
    private const int CampaignCountMax = 10_000;

    private readonly ResourceStore _store;
    private readonly IRainTransport _transport;
    private readonly ServerTable _servers;
    private readonly PropagationTimes _times;
    private readonly ClassicNotices _classic;
    private readonly ILogger _logger;
    private readonly CancellationToken _stopping;
    private readonly Lock _gate = new();
    private readonly Dictionary<PeerAddress, NodeQueue> _queues = [];
    private readonly Dictionary<ResourceId, Campaign> _campaigns = [];
    private readonly Queue<ResourceId> _campaignAges = new();

    public Propagator(
        ResourceStore store, IRainTransport transport, ServerTable servers, PropagationTimes times, ClassicNotices classic, ILogger logger,
        CancellationToken stopping)
    {
        _store = store;
        _transport = transport;
        _servers = servers;
        _times = times;
        _classic = classic;
        _logger = logger;
        _stopping = stopping;
    }

    /// <summary>Tells every other node of a version, those of 2012 with them, in the background.</summary>
    public void Announce(StoredResource resource)
    {
        _classic.Tell(resource.Id);
        Start(resource);
    }

    /// <summary>Tells the nodes of 2012 alone.</summary>
    public void TellClassic(ResourceId id) => _classic.Tell(id);

    /// <summary>Tells every other node of a version, in the background.</summary>
    public void Start(StoredResource resource)
    {
        if (_servers.Own.RainPort is null || _servers.OtherNodes() is not { Count: > 0 } nodes)
        {
            return;
        }

        lock (_gate)
        {
            if (_campaigns.TryGetValue(resource.Id, out var before))
            {
                before.Changed.TrySetResult();
            }
            else
            {
                _campaignAges.Enqueue(resource.Id);
                if (_campaignAges.Count > CampaignCountMax && _campaigns.Remove(_campaignAges.Dequeue(), out var oldest))
                {
                    oldest.Changed.TrySetResult();
                }
            }

            _campaigns[resource.Id] = new Campaign(resource.Manifest.Version, [.. nodes]);
            foreach (var node in nodes)
            {
                QueueOf(node).Add(resource.Id);
            }
        }
    }

    /// <summary>Tells one node, which was seen with an older version.</summary>
    public void Tell(StoredResource resource, PeerAddress node)
    {
        if (_servers.Own.RainPort is not null && !_servers.Own.Contains(node))
        {
            lock (_gate)
            {
                QueueOf(node).Add(resource.Id);
            }
        }
    }

    /// <summary>Counts the nodes that hold what is newest here, this one included, until there are enough, the time is up, or nobody is
    /// left who could still come to hold it.</summary>
    public async Task<int> CountAsync(ResourceId id, int replicas, TimeSpan limit, CancellationToken cancellationToken)
    {
        if (_store.FindEntry(id) is not { IsTombstone: false } entry)
        {
            return 0;
        }

        if (FindCampaign(entry) is null or { Pending.Count: 0 })
        {
            Start(entry.Resource);
        }

        using var limited = new CancellationTokenSource(limit, _store.Options.Time);
        using var time = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stopping, limited.Token);
        while (true)
        {
            Task changed;
            int count;
            lock (_gate)
            {
                var campaign = FindCampaign(entry);
                count = 1 + (campaign?.Holders.Count ?? 0);
                if (campaign is null || count >= replicas || campaign.Pending.Count == 0)
                {
                    return count;
                }

                changed = campaign.Changed.Task;
            }

            try
            {
                await changed.WaitAsync(time.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                return count;
            }
        }
    }

    private Campaign? FindCampaign(StoreEntry entry)
    {
        lock (_gate)
        {
            return _campaigns.TryGetValue(entry.Resource.Id, out var campaign) && campaign.Version == entry.Resource.Manifest.Version
                ? campaign
                : null;
        }
    }

    private NodeQueue QueueOf(PeerAddress node)
    {
        if (!_queues.TryGetValue(node, out var queue))
        {
            _queues[node] = queue = new NodeQueue(
                _store, _transport, _servers, _times, node, _servers.Own.RainPort!.Value, OnSettled, _logger, _stopping);
        }

        return queue;
    }

    private void OnSettled(ResourceId id, Sha256Digest version, PeerAddress node, PropagationResult result)
    {
        lock (_gate)
        {
            if (!_campaigns.TryGetValue(id, out var campaign) || campaign.Version != version)
            {
                return;
            }

            campaign.Pending.Remove(node);
            if (result.State == PropagationState.Held && result.Node != default && result.Node != _store.NodeId)
            {
                campaign.Holders.Add(result.Node);
            }

            var changed = campaign.Changed;
            campaign.Changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            changed.TrySetResult();
        }
    }

    /// <summary>One version on its way to the other nodes.</summary>
    private sealed class Campaign(Sha256Digest version, HashSet<PeerAddress> pending)
    {
        public Sha256Digest Version { get; } = version;

        /// <summary>Addresses of which nothing final was heard.</summary>
        public HashSet<PeerAddress> Pending { get; } = pending;

        /// <summary>Other nodes that hold it.</summary>
        public HashSet<NodeId> Holders { get; } = [];

        public TaskCompletionSource Changed { get; set; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
