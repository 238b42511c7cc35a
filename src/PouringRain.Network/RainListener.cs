using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using PouringRain.Protocol;

namespace PouringRain.Network;

/// <summary>One UDP endpoint that rains: a socket, a <see cref="RainServer"/> and the loop that drives it.</summary>
public sealed class RainListener : IAsyncDisposable
{
    /// <summary>Subscriptions and feedback are small; ten thousand of them at once fit.</summary>
    private const int ReceiveBufferBytes = 4 * 1024 * 1024;

    private readonly ListenerLoop _loop;

    /// <summary>Binds and starts the loop.</summary>
    /// <param name="endPoint">Where to listen; IPv6's unspecified address also takes IPv4.</param>
    /// <param name="options">Bounds of the rain server.</param>
    /// <param name="catalog">What it may rain.</param>
    /// <param name="onPropagate">Told of every validated PROPAGATE; called on the loop: must not wait.</param>
    /// <param name="faults">Faults under the socket, for tests.</param>
    /// <param name="classic">Whether and how it also answers wire format 1.</param>
    /// <param name="logger">Where to log.</param>
    /// <param name="seal">Secrets under which every datagram is sealed; what is not is dropped, format 1 with it.</param>
    /// <exception cref="System.Net.Sockets.SocketException">The endpoint cannot be bound.</exception>
    public RainListener(
        IPEndPoint endPoint, RainServerOptions options, IRainCatalog catalog, Action<PropagateRequest> onPropagate, DatagramFaults? faults = null,
        ClassicRain? classic = null, ILogger? logger = null, SealSettings? seal = null)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(catalog);
        ArgumentNullException.ThrowIfNull(onPropagate);
        logger ??= NullLogger.Instance;

        // A symbol of format 1 is a 64th of its resource, however long that is.
        var mayFragment = classic is not null && seal is null;
        var socket = DatagramSocket.Open(endPoint, ReceiveBufferBytes, segment: true, coalesce: false, logger, mayFragment);
        LocalEndPoint = socket.LocalEndPoint;
        try
        {
            _loop = new ListenerLoop(socket, options, catalog, onPropagate, faults, classic, seal, logger);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        _loop.Start($"rain {LocalEndPoint}");
    }

    /// <summary>Where it listens (the port is known even if 0 was asked for).</summary>
    public IPEndPoint LocalEndPoint { get; }

    /// <summary>Droplets and bytes rained so far in format 2, and its subscribers now.</summary>
    public (long Droplets, long Bytes, int Subscribers) Figures => _loop.Figures;

    /// <summary>The subscriber table, of both formats; empty once stopped.</summary>
    public Task<SubscriberSnapshot[]> GetSubscribersAsync()
    {
        var answer = new TaskCompletionSource<SubscriberSnapshot[]>(TaskCreationOptions.RunContinuationsAsynchronously);
        var posted = _loop.Post(now =>
        {
            try
            {
                answer.SetResult(_loop.SnapshotSubscribers(now));
            }
            catch (Exception exception)
            {
                answer.SetException(exception);
                throw;
            }
        });
        return posted ? answer.Task : Task.FromResult<SubscriberSnapshot[]>([]);
    }

    /// <summary>Stops raining, tells every subscriber, and closes the socket.</summary>
    public async ValueTask DisposeAsync()
    {
        _loop.Post(_ => _loop.Close());
        await _loop.Ended.ConfigureAwait(false);
    }
}
