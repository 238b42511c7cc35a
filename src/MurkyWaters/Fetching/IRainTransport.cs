using PouringRain.Network;
using PouringRain.Protocol;
using PouringRain.Protocol.Cluster;

namespace MurkyWaters.Fetching;

/// <summary>What the shared fetches and the propagation need of a network: <see cref="UdpRainTransport"/>, or one in memory for
/// tests.</summary>
internal interface IRainTransport : IAsyncDisposable
{
    /// <inheritdoc cref="RainClient.StartFetch"/>
    IRainRound StartFetch(FetchRequest request, FetchOptions options, IFetchSink sink);

    /// <summary>Blocks worked on so far, and the time that took.</summary>
    (long Blocks, TimeSpan Time) Work => default;

    /// <summary>Why nothing can be fetched or propagated just now; null when all is well, or nobody has tried yet.</summary>
    string? Trouble => null;

    /// <summary>Once a second: tries to end the trouble.</summary>
    void Tick()
    {
    }

    /// <summary>Tells a node of a version; see <see cref="RainClient"/>.</summary>
    Task<PropagationResult> PropagateAsync(
        ResourceId resource, Manifest version, ushort rainPort, PeerAddress node, bool untilHeld, TimeSpan limit,
        CancellationToken cancellationToken);

    /// <inheritdoc cref="RainClient.Start"/>
    Action Start(Membership membership, TimeProvider time) => () => { };

    /// <inheritdoc cref="RainClient.FetchClassicAsync"/>
    Task<byte[]?> FetchClassicAsync(ResourceId resource, PeerAddress server, CancellationToken cancellationToken);

    /// <inheritdoc cref="RainClient.PropagateClassic"/>
    void PropagateClassic(ResourceId resource, ushort rainPort, PeerAddress node);
}

/// <summary>One run of a fetch on the network; see <see cref="FetchHandle"/>.</summary>
internal interface IRainRound
{
    Task<FetchEndReason> Completion { get; }

    FetchSnapshot Snapshot { get; }

    FetchTimes Times { get; }

    /// <summary>Bytes that came from the object store and not from the rain.</summary>
    long StoreBytes => 0;

    void Demand(long offset, long length, bool urgent);

    void Cancel();
}
