using MurkyWaters.Store;
using PouringRain.Protocol;
using PouringRain.Protocol.Cluster;

namespace MurkyWaters.Cluster;

/// <summary>A write that has conditions and has its resource's turn, until disposed; or has lost before it came to that.</summary>
internal sealed class ConditionalWrite : IAsyncDisposable
{
    private readonly ConditionalWrites _writes;
    private readonly IClusterTurn? _turn;
    private readonly KeyedGates<ResourceId>.Turn _here;
    private readonly ResourceId _id;
    private readonly NewestVersion _newest;

    /// <summary>Has the turn, or none.</summary>
    public ConditionalWrite(
        ConditionalWrites writes, IClusterTurn? turn, KeyedGates<ResourceId>.Turn here, ResourceId id, NewestVersion newest)
    {
        (_writes, _turn, _here, _id, _newest) = (writes, turn, here, id, newest);
    }

    /// <summary>Whether the conditions do not hold, so that nothing is to be written.</summary>
    public bool IsRefused => _turn is null;

    /// <summary>The greatest stamp that other nodes know of.</summary>
    public long NewestStamp => _newest.Version.Stamp;

    /// <summary>What the conditions are about: the newest version anywhere, null when there is none or it was deleted.</summary>
    /// <param name="here">The newest version that is here by now, or its tombstone, or null.</param>
    public StoredResource? NewestOf(StoredResource? here)
    {
        var inStore = NewestVersion.Of(here?.Manifest);
        return inStore.Version >= _newest.Version ? (inStore.Manifest is null ? null : here)
            : _newest.Manifest is { } elsewhere ? new StoredResource(_id, elsewhere, Retention.Cached)
            : null;
    }

    /// <summary>Called last before something is stored.</summary>
    /// <exception cref="ClusterUnavailableException">Another node may have the turn by now.</exception>
    public void ThrowIfLost()
    {
        if (_turn is not { IsHeld: true })
        {
            throw new ClusterUnavailableException(
                $"The turn to write resource {_id} was lost before it could be written: the registry has not been reached for seconds.");
        }
    }

    /// <summary>Waits until those who ask next are told of what was made.</summary>
    public Task SettleAsync(Manifest made) =>
        _turn is null ? Task.CompletedTask : _writes.SettleAsync(_turn, _id, ReplicaVersion.Of(made));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await (_turn?.DisposeAsync() ?? ValueTask.CompletedTask);
        _here.Dispose();
    }
}
