using MurkyWaters.Cluster;
using MurkyWaters.Store;

namespace MurkyWaters.Engines.Etcd;

/// <summary>A turn that somebody has. The key ends with the lease.</summary>
internal sealed class EtcdTurn : IClusterTurn
{
    private readonly EtcdLease _lease;
    private KeyedGates<string>.Turn? _local;

    /// <summary>A turn.</summary>
    /// <param name="key">Its key in etcd.</param>
    /// <param name="created">The revision of the key's creation.</param>
    /// <param name="lease">Ends with the turn.</param>
    /// <param name="local">The turn within this process; null for none.</param>
    public EtcdTurn(string key, long created, EtcdLease lease, KeyedGates<string>.Turn? local)
    {
        (Key, Fence, _lease, _local) = (key, created, lease, local);
    }

    /// <summary>Its key in etcd.</summary>
    public string Key { get; }

    /// <inheritdoc/>
    public long Fence { get; }

    /// <inheritdoc/>
    public bool IsHeld => _lease.IsHeld;

    /// <inheritdoc/>
    public CancellationToken Lost => _lease.Lost;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _lease.DisposeAsync();
        var local = _local;
        _local = null;
        local?.Dispose();
    }
}
