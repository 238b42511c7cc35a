using System.Collections.Immutable;
using MurkyWaters.Cluster;
using PouringRain.Protocol;

namespace MurkyWaters.Tests;

/// <summary>What etcd is to the nodes of a cluster, in memory; it can be away.</summary>
internal sealed class MemoryCluster : IDisposable
{
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _turn = new(1);
    private readonly Dictionary<NodeId, RegisteredNode> _nodes = [];
    private readonly Dictionary<(string Kind, string Id), ClusterJob> _jobs = [];
    private ClusterView _view = new(1, [], []);
    private long _revision = 1;

    public bool IsAway { get; set; }

    /// <summary>Whether what changes is not seen yet.</summary>
    public bool IsSlow { get; set; }

    public IReadOnlyCollection<RegisteredNode> Nodes => _nodes.Values;

    public IEnumerable<string> Drained => _jobs.Values.Where(job => job.Kind == "drain").Select(job => job.Id);

    public IClusterRegistry Open() => new Registry(this);

    /// <summary>Makes a node known that does not run.</summary>
    public void Add(RegisteredNode node)
    {
        lock (_gate)
        {
            _nodes[node.Id] = node;
            Show();
        }
    }

    /// <summary>All is seen as it is.</summary>
    public void Show()
    {
        lock (_gate)
        {
            if (!IsSlow)
            {
                _view = new ClusterView(
                    ++_revision, [.. _nodes.Values.Select(node => new SeenNode(node, NodePresence.There, default))], [.. _jobs.Values]);
            }
        }
    }

    public void Dispose() => _turn.Dispose();

    private void Check()
    {
        if (IsAway)
        {
            throw new ClusterUnavailableException("It is away.");
        }
    }

    private sealed class Registry(MemoryCluster cluster) : IClusterRegistry, IClusterJobs
    {
        private long _seenRevision;
        private ClusterView _seen = ClusterView.Unknown;

        public ClusterView View
        {
            get
            {
                lock (cluster._gate)
                {
                    if (!cluster.IsAway)
                    {
                        (_seen, _seenRevision) = (cluster._view, cluster._view.Version);
                    }

                    return _seen;
                }
            }
        }

        public RegistryStatus Status => new()
        {
            IsConnected = !cluster.IsAway,
            Trouble = cluster.IsAway ? "It is away" : null,
            LastHeard = null,
            Lag = TimeSpan.FromSeconds(cluster.IsAway ? 9 : 1),
            IsRegistered = true,
            Revision = _seenRevision,
            Reconnects = 3,
            LeasesLost = 2,
            Lists = 0,
            Notices = 0,
            Refused = 0,
        };

        public IClusterJobs Jobs => this;

        public void Register(RegisteredNode self) => cluster.Add(self);

        public Task<ClusterView> NextViewAsync(long version, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<NodeRemoval> RemoveAsync(NodeId id, CancellationToken cancellationToken) => throw new NotSupportedException();

        public async Task<IClusterTurn?> TryLockAsync(string key, TimeSpan timeout, CancellationToken cancellationToken)
        {
            cluster.Check();
            return await cluster._turn.WaitAsync(timeout, cancellationToken) ? new Turn(cluster) : null;
        }

        public Task<ClusterJob?> PutAsync(
            string kind, string id, ReadOnlyMemory<byte> document, long revision, IClusterTurn? turn, CancellationToken cancellationToken)
        {
            cluster.Check();
            lock (cluster._gate)
            {
                if ((cluster._jobs.GetValueOrDefault((kind, id))?.Revision ?? 0) != revision)
                {
                    return Task.FromResult<ClusterJob?>(null);
                }

                var job = new ClusterJob(kind, id, document, ++cluster._revision, null);
                cluster._jobs[(kind, id)] = job;
                cluster.Show();
                return Task.FromResult<ClusterJob?>(job);
            }
        }

        public Task<bool> DeleteAsync(string kind, string id, long revision, IClusterTurn? turn, CancellationToken cancellationToken)
        {
            cluster.Check();
            lock (cluster._gate)
            {
                if (cluster._jobs.TryGetValue((kind, id), out var job) && job.Revision != revision)
                {
                    return Task.FromResult(false);
                }

                cluster._jobs.Remove((kind, id));
                cluster._revision++;
                cluster.Show();
                return Task.FromResult(true);
            }
        }

        public Task<ImmutableArray<ClusterJob>> ListAsync(string kind, CancellationToken cancellationToken)
        {
            cluster.Check();
            lock (cluster._gate)
            {
                return Task.FromResult<ImmutableArray<ClusterJob>>([.. cluster._jobs.Values.Where(job => job.Kind == kind)]);
            }
        }

        public Task<IClusterTurn?> TryRunAsync(string kind, string id, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class Turn(MemoryCluster cluster) : IClusterTurn
    {
        public long Fence => 1;

        public bool IsHeld => true;

        public CancellationToken Lost => CancellationToken.None;

        public ValueTask DisposeAsync()
        {
            cluster._turn.Release();
            return ValueTask.CompletedTask;
        }
    }
}
