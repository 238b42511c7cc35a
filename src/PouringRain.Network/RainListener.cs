using System.Net;
using Microsoft.Extensions.Logging;
using PouringRain.Protocol;
using PouringRain.Protocol.Classic;

namespace PouringRain.Network;

/// <summary>One UDP endpoint that rains: a socket, a <see cref="RainServer"/> and the loop that drives it.</summary>
public sealed class RainListener : IAsyncDisposable
{
    /// <summary>Binds and starts the loop.</summary>
    /// <exception cref="System.Net.Sockets.SocketException">The endpoint cannot be bound.</exception>
    public RainListener(
        IPEndPoint endPoint, RainServerOptions options, IRainCatalog catalog, Action<PropagateRequest> onPropagate, DatagramFaults? faults = null,
        ClassicRain? classic = null, ILogger? logger = null) =>
        throw new NotImplementedException();

    /// <summary>Where it listens (the port is known even if 0 was asked for).</summary>
    public IPEndPoint LocalEndPoint => throw new NotImplementedException();

    /// <summary>The subscriber table.</summary>
    public Task<SubscriberSnapshot[]> GetSubscribersAsync() => throw new NotImplementedException();

    /// <summary>Stops raining and closes the socket.</summary>
    public ValueTask DisposeAsync() => throw new NotImplementedException();
}

/// <summary>That and how a listener also answers wire format 1.</summary>
/// <param name="Options">Whom it answers, and how much.</param>
/// <param name="Catalog">What it may rain so.</param>
/// <param name="OnPropagate">Told of every PROPAGATE from an allowed sender; called on the receive loop: must not wait.</param>
public sealed record ClassicRain(ClassicServerOptions Options, IClassicCatalog Catalog, Action<ClassicPropagateRequest> OnPropagate);
