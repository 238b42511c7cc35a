using PouringRain.Network;
using PouringRain.Protocol;

namespace MurkyWaters.Fetching;

/// <summary>The real network. Its socket is opened by the first fetch: a node that only serves has none.</summary>
internal sealed class UdpRainTransport : IRainTransport
{
    private readonly Lazy<RainClient> _client;

    public UdpRainTransport(RainClientOptions options) => _client = new Lazy<RainClient>(() => new RainClient(options));

    public (long Blocks, TimeSpan Time) Work => _client.IsValueCreated ? _client.Value.Work : default;

    public IRainRound StartFetch(FetchRequest request, FetchOptions options, IFetchSink sink) =>
        new Round(_client.Value.StartFetch(request, options, sink));

    public Task<PropagationState> PropagateAsync(
        ResourceId resource, Manifest version, ushort rainPort, PeerAddress node, bool untilHeld, TimeSpan limit, CancellationToken cancellationToken) =>
        _client.Value.PropagateAsync(resource, version.Version, version.Stamp, rainPort, node, untilHeld, limit, cancellationToken);

    public Task<byte[]?> FetchClassicAsync(ResourceId resource, PeerAddress server, CancellationToken cancellationToken) =>
        _client.Value.FetchClassicAsync(resource, server, null, cancellationToken);

    public ValueTask DisposeAsync() => _client.IsValueCreated ? _client.Value.DisposeAsync() : ValueTask.CompletedTask;

    private sealed class Round(FetchHandle handle) : IRainRound
    {
        public Task<FetchEndReason> Completion => handle.Completion;

        public FetchSnapshot Snapshot => handle.Snapshot;

        public FetchTimes Times => handle.Times;

        public void Demand(long offset, long length, bool urgent) => handle.Demand(offset, length, urgent);

        public void Cancel() => handle.Cancel();
    }
}
