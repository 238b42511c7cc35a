using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using PouringRain.Network;
using PouringRain.Protocol;
using PouringRain.Protocol.Archiving;
using PouringRain.Protocol.Cluster;
using PouringRain.Protocol.Deploying;
using PouringRain.Protocol.Naming;

namespace MurkyWaters.Fetching;

/// <summary>The real network. Its sockets are opened by the first fetch: a node that only serves has none. Should they not open, as when
/// the process has no descriptor left, the next one who needs them tries again, and so does the heartbeat.</summary>
internal sealed class UdpRainTransport : IRainTransport
{
    private readonly Func<RainClient> _open;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private RainClient? _client;
    private string? _trouble;
    private bool _isClosed;

    public UdpRainTransport(RainClientOptions options, ILogger logger)
        : this(() => new RainClient(options), logger)
    {
    }

    /// <summary>Makes one whose sockets are opened in a way of the caller's.</summary>
    internal UdpRainTransport(Func<RainClient> open, ILogger logger)
    {
        _open = open;
        _logger = logger;
    }

    public (long Blocks, TimeSpan Time) Work => Volatile.Read(ref _client)?.Work ?? default;

    public string? Trouble => Volatile.Read(ref _trouble);

    public IRainRound StartFetch(FetchRequest request, FetchOptions options, IFetchSink sink) =>
        new Round(Client().StartFetch(request, options, sink));

    public Action Start(Membership membership, TimeProvider time, Action onTurn) => Client().Start(membership, time, onTurn);

    public Action Start(Replication replication, Action onTurn) => Client().Start(replication, onTurn);

    public Action Start(Deployment deployment, Action onTurn) => Client().Start(deployment, onTurn);

    public void Ask(ArchiveQuestion question, Action<ArchiveReport?> onOver) => Client().Ask(question, onOver);

    public void Start(FolderInquiry inquiry, Action onTurn) => Client().Start(inquiry, onTurn);

    public ushort AskPort => Volatile.Read(ref _client)?.AskPort ?? 0;

    public Task<byte[]?> FetchClassicAsync(ResourceId resource, PeerAddress server, CancellationToken cancellationToken) =>
        Client().FetchClassicAsync(resource, server, null, cancellationToken);

    public void PropagateClassic(ResourceId resource, ushort rainPort, PeerAddress node) =>
        Client().PropagateClassic(resource, rainPort, node);

    public void Tick()
    {
        if (Trouble is null)
        {
            return;
        }

        try
        {
            Client();
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // Told when it began; readiness says so until it ends.
        }
    }

    public ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _isClosed = true;
        }

        return _client?.DisposeAsync() ?? ValueTask.CompletedTask;
    }

    private RainClient Client()
    {
        if (Volatile.Read(ref _client) is { } client)
        {
            return client;
        }

        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isClosed, this);
            return _client ??= Open();
        }
    }

    private RainClient Open()
    {
        try
        {
            var client = _open();
            if (_trouble is not null)
            {
                Volatile.Write(ref _trouble, null);
                FetchLog.SocketsOpen(_logger);
            }

            return client;
        }
        catch (Exception error)
        {
            if (_trouble is null)
            {
                FetchLog.SocketsRefused(_logger, error);
            }

            Volatile.Write(ref _trouble, error.Message);
            throw;
        }
    }

    private sealed class Round(FetchHandle handle) : IRainRound
    {
        public Task<FetchEndReason> Completion => handle.Completion;

        public FetchSnapshot Snapshot => handle.Snapshot;

        public FetchTimes Times => handle.Times;

        public void Demand(long offset, long length, bool urgent) => handle.Demand(offset, length, urgent);

        public void Cancel() => handle.Cancel();
    }
}
