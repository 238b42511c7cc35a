using PouringRain.Network;
using PouringRain.Protocol;
using PouringRain.Protocol.Archiving;
using PouringRain.Protocol.Cluster;
using PouringRain.Protocol.Deploying;
using PouringRain.Protocol.Naming;

namespace MurkyWaters.Fetching;

/// <summary>What the shared fetches and replication need of a network: <see cref="UdpRainTransport"/>, or one in memory for
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

    /// <inheritdoc cref="RainClient.Start(Membership, TimeProvider, Action)"/>
    Action Start(Membership membership, TimeProvider time, Action onTurn) => () => { };

    /// <inheritdoc cref="RainClient.Start(Replication, Action)"/>
    Action Start(Replication replication, Action onTurn) => () => { };

    /// <inheritdoc cref="RainClient.Start(Deployment, Action)"/>
    Action Start(Deployment deployment, Action onTurn) => () => { };

    /// <inheritdoc cref="RainClient.Ask"/>
    void Ask(ArchiveQuestion question, Action<ArchiveReport?> onOver) => onOver(null);

    /// <inheritdoc cref="RainClient.Start(FolderInquiry, Action)"/>
    void Start(FolderInquiry inquiry, Action onTurn)
    {
    }

    /// <inheritdoc cref="RainClient.AskPort"/>
    ushort AskPort => 0;

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
