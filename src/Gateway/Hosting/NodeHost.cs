using System.Net.Sockets;
using System.Text;
using Gateway.Configuration;
using MurkyWaters;

namespace Gateway.Hosting;

/// <summary>Owns the node: opens it before HTTP listens, and closes it after the last response has ended.</summary>
internal sealed class NodeHost : IHostedService
{
    private readonly GatewaySettings _settings;
    private readonly ILoggerFactory _loggers;
    private MurkyNode? _node;

    public NodeHost(GatewaySettings settings, ILoggerFactory loggers)
    {
        _settings = settings;
        _loggers = loggers;
    }

    /// <summary>The node.</summary>
    /// <exception cref="InvalidOperationException">It is not open.</exception>
    public MurkyNode Node => _node ?? throw new InvalidOperationException("The node is not open.");

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var rain = _settings.Rain;
        var options = new MurkyOptions
        {
            StorePath = _settings.Store.Path,
            QuotaBytes = _settings.Store.QuotaBytes,
            Listen = rain.Listen,
            ServersFile = rain.ServersFile,
            Code = rain.Code,
            SymbolSize = rain.SymbolSize,
            BlockSize = rain.BlockSize,
            RateBytesPerSecondMax = rain.RateBytesPerSecondMax,
            SubscriberCountMax = rain.SubscriberCountMax,
            Fetch = new() { DiscoveryTimeout = rain.DiscoveryTimeout, StallTimeout = rain.StallTimeout },
            UploadCountMax = _settings.Gateway.PendingUploadCountMax,
            UploadLifetime = _settings.Gateway.PendingUploadLifetime,
            PropagateOnStartup = _settings.Behaviour.PropagateOnStartup,
            AutoAddPeers = _settings.Behaviour.AutoAddPeers,
            ShareContent = _settings.Behaviour.ShareContent,
            ClassicAllow = rain.ClassicAllow,
            Secret = Encoding.UTF8.GetBytes(rain.Secret),
            SecretsAccepted = [.. rain.SecretsAccepted.Select(secret => (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(secret))],
            Faults = rain.Faults,
        };
        try
        {
            _node = await MurkyNode.StartAsync(options, _loggers, cancellationToken);
        }
        catch (SocketException e)
        {
            throw new StartRefusedException($"{KnownSettings.RainListen.Name}: an endpoint cannot be opened: {e.Message}.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartRefusedException($"{KnownSettings.StorePath.Name}: the store cannot be opened: {e.Message}", e);
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _node, null) is { } node)
        {
            await node.DisposeAsync();
        }
    }
}
