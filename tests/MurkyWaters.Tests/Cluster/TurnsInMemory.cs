using MurkyWaters.Cluster;
using MurkyWaters.Store;
using PouringRain.Protocol;

namespace MurkyWaters.Tests.Cluster;

/// <summary>A registry in memory that does nothing but give turns; nodes of one process share one.</summary>
internal sealed class TurnsInMemory : IClusterRegistry
{
    private readonly KeyedGates<string> _gates = new();
    private long _fence;

    /// <summary>Whether it is as if the engine could not be reached.</summary>
    public bool IsAway { get; set; }

    /// <summary>Whether turns are never given.</summary>
    public bool IsBusy { get; set; }

    /// <summary>Called with every turn that begins.</summary>
    public Action<MemoryTurn>? Began { get; set; }

    /// <summary>Keys whose turn somebody has, or waits for.</summary>
    public int Count => _gates.Count;

    public ClusterView View { get; } = ClusterView.Unknown with { Version = 1 };

    public RegistryStatus Status => new()
    {
        IsConnected = !IsAway,
        Trouble = null,
        LastHeard = null,
        Lag = TimeSpan.Zero,
        IsRegistered = true,
        Revision = 1,
        Reconnects = 0,
        LeasesLost = 0,
        Lists = 0,
        Notices = 0,
        Refused = 0,
    };

    public IClusterJobs Jobs => throw new NotSupportedException();

    public void Register(RegisteredNode self)
    {
    }

    public Task<ClusterView> NextViewAsync(long version, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<NodeRemoval> RemoveAsync(NodeId id, CancellationToken cancellationToken) => throw new NotSupportedException();

    public async Task<IClusterTurn?> TryLockAsync(string key, TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (IsAway)
        {
            throw new ClusterUnavailableException();
        }

        if (IsBusy)
        {
            return null;
        }

        var turn = new MemoryTurn(Interlocked.Increment(ref _fence), await _gates.EnterAsync(key, cancellationToken));
        Began?.Invoke(turn);
        return turn;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>A turn.</summary>
    internal sealed class MemoryTurn(long fence, KeyedGates<string>.Turn gate) : IClusterTurn
    {
        public long Fence => fence;

        public bool IsHeld { get; set; } = true;

        public CancellationToken Lost => CancellationToken.None;

        public ValueTask DisposeAsync()
        {
            IsHeld = false;
            gate.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
