using Microsoft.Extensions.Logging;
using MurkyWaters.Backing;
using MurkyWaters.Servers;
using MurkyWaters.Store;
using PouringRain.Protocol;

namespace MurkyWaters.Fetching;

/// <summary>What every shared fetch of a node works with.</summary>
internal sealed record FetchContext
{
    public required ResourceStore Store { get; init; }

    public required IRainTransport Transport { get; init; }

    /// <summary>The object store under the node, asked when nobody rains; null where there is none.</summary>
    public ObjectStore? Objects { get; init; }

    public required ServerTable Servers { get; init; }

    public required ILogger Logger { get; init; }

    /// <summary>The clock by which they run.</summary>
    public required TimeProvider Time { get; init; }

    public required FetchOptions Options { get; init; }

    /// <summary>Whether what was fetched for a reader is kept and rained on.</summary>
    public bool ShareContent { get; init; } = true;

    /// <summary>The memory of those that rain, and how many may.</summary>
    public required FetchBudget Budget { get; init; }

    /// <summary>How long one that knows its version waits for its part of that.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long a fetch whose last reader has left goes on: a browser that seeks,
    /// and a player, let go and come back at once.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Where the nodes of the cluster rain that answer, this one not among them.</summary>
    public Func<IReadOnlyList<PeerAddress>>? Members { get; init; }

    /// <summary>Whom a fetch asks: the servers of the list, and the nodes of the cluster.</summary>
    public IReadOnlyList<PeerAddress> AddressesForFetch(bool includeOwn)
    {
        var servers = Servers.AddressesForFetch(includeOwn);
        return Members?.Invoke() is { Count: > 0 } members ? [.. servers.Union(members)] : servers;
    }

    /// <summary>What those that mend and have no readers share; null for no limit.</summary>
    public FetchCeiling? RepairCeiling { get; init; }

    /// <summary>Told of what some servers offered an older version of than the one fetched, once that is kept here.</summary>
    public Action<ResourceId>? OnStaleServers { get; init; }
}
