using System.Net.Sockets;
using Gateway.Access;
using Gateway.Coding;
using Gateway.Configuration;
using Gateway.Machine;
using MurkyWaters;
using MurkyWaters.Engines.Etcd;
using MurkyWaters.Engines.S3;

namespace Gateway.Hosting;

/// <summary>Opens the node; tests put another in its place.</summary>
internal delegate Task<MurkyNode> NodeOpener(MurkyOptions options, ILoggerFactory loggers, CancellationToken cancellationToken);

/// <summary>Owns the node: opens it before HTTP listens, or beside it when that takes long, and closes it after the last response has
/// ended.</summary>
internal sealed class NodeHost : IHostedService
{
    /// <summary>A node that is up by then is up before HTTP listens, so that who waits for the port finds all at work; after that it is
    /// better to answer that the node is recovering.</summary>
    private static readonly TimeSpan HeadStart = TimeSpan.FromSeconds(1);

    private readonly GatewaySettings _settings;
    private readonly MachineLimits _machine;
    private readonly NodeNetwork? _network;
    private readonly NodeOpener _opener;
    private readonly ILoggerFactory _loggers;
    private readonly TimeProvider _time;
    private Task<MurkyNode>? _opening;

    public NodeHost(
        GatewaySettings settings, MachineLimits machine, NodeKeys keys, NodeOpener opener, ILoggerFactory loggers, TimeProvider time)
    {
        _network = keys.Any ? new NodeNetwork(keys) : null;
        _settings = settings;
        _machine = machine;
        _opener = opener;
        _loggers = loggers;
        _time = time;
    }

    /// <summary>Whether the node is open.</summary>
    public bool IsOpen => _opening is { IsCompletedSuccessfully: true };

    /// <summary>Ends when the node is open.</summary>
    /// <exception cref="StartRefusedException">It cannot be opened as it is set up.</exception>
    public Task Opened => _opening ?? Task.CompletedTask;

    /// <summary>The node.</summary>
    /// <exception cref="InvalidOperationException">It is not open.</exception>
    public MurkyNode Node =>
        _opening is { IsCompletedSuccessfully: true } opened ? opened.Result : throw new InvalidOperationException("The node is not open.");

    /// <summary>Begins to open the node, once: beside what else a start has to do.</summary>
    /// <param name="stopping">Ends it.</param>
    public Task Begin(CancellationToken stopping) => _opening ??= Task.Run(() => OpenAsync(stopping), CancellationToken.None);

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var opening = Begin(cancellationToken);
        await Task.WhenAny(opening, Task.Delay(HeadStart, cancellationToken));
        if (opening.IsCompleted)
        {
            await opening;
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (_opening is { } opening)
            {
                // One that is still recovering may be left at it: whatever ends the process, the next start recovers again.
                await (await opening.WaitAsync(cancellationToken)).DisposeAsync();
            }
        }
        catch (Exception e) when (e is StartRefusedException or OperationCanceledException)
        {
            // There is no node to close.
        }
        finally
        {
            _network?.Dispose();
        }
    }

    private async Task<MurkyNode> OpenAsync(CancellationToken cancellationToken)
    {
        var rain = _settings.Rain;
        var cluster = _settings.Cluster.ToOptions();
        var options = new MurkyOptions
        {
            StorePath = _settings.Store.Path,
            QuotaBytes = _settings.Store.QuotaBytes,
            InlineBytes = _settings.Store.InlineBytes,
            ScrubPeriod = _settings.Store.ScrubPeriod,
            ArchiveAfter = _settings.Archive.After,
            ArchiveBytesMin = _settings.Archive.MinBytes,
            PieceLookInterval = _settings.Archive.LookInterval,
            ScrubBytesPerSecondMax = _settings.Store.ScrubBytesPerSecondMax,
            Listen = rain.Listen,
            ServersFile = rain.ServersFile,
            Code = rain.Code,
            SymbolSize = rain.SymbolSize,
            BlockSize = rain.BlockSize,
            RateBytesPerSecondMax = rain.RateBytesPerSecondMax,
            SubscriberCountMax = rain.SubscriberCountMax,
            ReceiveLoopCount = rain.ReceiveLoopCount,
            Fetch = new() { DiscoveryTimeout = rain.DiscoveryTimeout, StallTimeout = rain.StallTimeout, IsBackground = rain.IsBackground },
            FetchCountMax = _machine.FetchCount,
            FetchBytesMax = rain.FetchBytesMax > 0 ? rain.FetchBytesMax : _machine.FetchBytes,
            FetchPatience = rain.FetchPatience,
            UploadCountMax = _settings.Gateway.PendingUploadCountMax,
            UploadLifetime = _settings.Gateway.PendingUploadLifetime,
            PropagateOnStartup = _settings.Behaviour.PropagateOnStartup,
            AutoAddPeers = _settings.Behaviour.AutoAddPeers,
            ShareContent = _settings.Behaviour.ShareContent,
            ClassicAllow = rain.ClassicAllow,
            Secret = FindSecret(),
            SecretsAccepted = RainSeal.Accepted(_settings),
            Cluster = cluster,
            Deploy = _settings.Deploy.ToOptions(),
            OpenRegistry = cluster.Etcd.Count == 0
                ? null : () => EtcdRegistry.Open(cluster, _time, _loggers.CreateLogger("MurkyWaters.Engines.Etcd")),
            Time = _time,
            CodingNetwork = _network,
            Faults = rain.Faults,
            BackEnd = CreateBackEnd(_settings.Store.S3),
        };
        try
        {
            return await _opener(options, _loggers, cancellationToken);
        }
        catch (SocketException e)
        {
            throw new StartRefusedException($"Rain:Listen: an endpoint cannot be opened: {e.Message}.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            // The servers list has been checked, but may have been edited since.
            throw e is StoreFormatException ? new StartRefusedException($"Store:Path: {e.Message}", e)
                : e is InvalidDataException
                ? new StartRefusedException($"Rain:Servers: {e.Message}", e)
                : new StartRefusedException($"Store:Path: the store cannot be opened: {e.Message}", e);
        }
    }

    /// <summary>The object store under the node; null for none.</summary>
    internal static S3BackEnd? CreateBackEnd(ObjectStoreOptions s3) => s3.Endpoint.Length == 0 ? null : new S3BackEnd(
        new S3Settings
        {
            Endpoint = s3.Endpoint,
            Bucket = s3.Bucket,
            Prefix = s3.Prefix,
            AccessKey = s3.AccessKey,
            SecretKey = s3.SecretKey,
            Region = s3.Region,
        },
        TimeProvider.System);

    private byte[] FindSecret()
    {
        try
        {
            return RainSeal.FindOrDraw(_settings);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new StartRefusedException($"Rain:Secret: {e.Message}", e);
        }
    }
}
