using System.Net;
using PouringRain.Protocol;

namespace PouringRain.Network;

/// <summary>One UDP endpoint that rains: a socket, a <see cref="RainServer"/> and the loop that drives it.</summary>
public sealed class RainListener : IAsyncDisposable
{
    /// <summary>Binds and starts the loop.</summary>
    /// <exception cref="System.Net.Sockets.SocketException">The endpoint cannot be bound.</exception>
    public RainListener(IPEndPoint endPoint, RainServerOptions options, IRainCatalog catalog, Action<PropagateRequest> onPropagate, DatagramFaults? faults = null) =>
        throw new NotImplementedException();

    /// <summary>Where it listens (the port is known even if 0 was asked for).</summary>
    public IPEndPoint LocalEndPoint => throw new NotImplementedException();

    /// <summary>The subscriber table.</summary>
    public Task<SubscriberSnapshot[]> GetSubscribersAsync() => throw new NotImplementedException();

    /// <summary>Stops raining and closes the socket.</summary>
    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
