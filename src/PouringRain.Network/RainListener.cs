using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using PouringRain.Protocol;

namespace PouringRain.Network;

/// <summary>One UDP endpoint that rains: a socket, a <see cref="RainServer"/> and the loop that drives it; or several of the three, among
/// which the kernel divides the clients, so that many of them use many cores. A client stays with one of them as long as it keeps its
/// address and port, since their number does not change; address tokens are good at all.</summary>
public sealed class RainListener : IAsyncDisposable
{
    /// <summary>Subscriptions and feedback are small; ten thousand of them at once fit.</summary>
    private const int ReceiveBufferBytes = 4 * 1024 * 1024;

    private readonly ListenerLoop[] _loops;

    /// <summary>Binds and starts the loop.</summary>
    /// <param name="endPoint">Where to listen; IPv6's unspecified address also takes IPv4.</param>
    /// <param name="options">Bounds of the rain server.</param>
    /// <param name="catalog">What it may rain.</param>
    /// <param name="onPropagate">Told of every validated PROPAGATE; called on the loop: must not wait.</param>
    /// <param name="faults">Faults under the socket, for tests.</param>
    /// <param name="classic">Whether and how it also answers wire format 1.</param>
    /// <param name="logger">Where to log.</param>
    /// <param name="seal">Secrets under which every datagram is sealed; what is not is dropped, format 1 with it.</param>
    /// <param name="loopCount">How many loops, 1 or more. There is one all the same where the system cannot share an endpoint. Each takes
    /// its part of <see cref="RainServerOptions.SubscriberCountMax"/>, and all share <see cref="RainServerOptions.Ceiling"/>.</param>
    /// <exception cref="System.Net.Sockets.SocketException">The endpoint cannot be bound.</exception>
    public RainListener(
        IPEndPoint endPoint, RainServerOptions options, IRainCatalog catalog, Action<PropagateRequest> onPropagate,
        DatagramFaults? faults = null,
        ClassicRain? classic = null, ILogger? logger = null, SealSettings? seal = null, int loopCount = 1)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(catalog);
        ArgumentNullException.ThrowIfNull(onPropagate);
        logger ??= NullLogger.Instance;

        // A symbol of format 1 is a 64th of its resource, however long that is.
        var mayFragment = classic is not null && seal is null;
        ArgumentOutOfRangeException.ThrowIfLessThan(loopCount, 1);
        var sockets = Open(endPoint, loopCount, logger, mayFragment);
        LocalEndPoint = sockets[0].LocalEndPoint;
        var part = options with { SubscriberCountMax = (options.SubscriberCountMax + sockets.Count - 1) / sockets.Count };
        try
        {
            _loops = [.. sockets.Select(socket => new ListenerLoop(socket, part, catalog, onPropagate, faults, classic, seal, logger))];
        }
        catch
        {
            sockets.ForEach(socket => socket.Dispose());
            throw;
        }

        // Only now, when all are bound: until then the kernel would move clients from one to another.
        foreach (var loop in _loops)
        {
            loop.Start($"rain {LocalEndPoint}");
        }
    }

    /// <summary>Where it listens (the port is known even if 0 was asked for).</summary>
    public IPEndPoint LocalEndPoint { get; }

    /// <summary>Droplets and bytes rained so far in format 2, the bytes of them that went to nodes which fetch in company, and its
    /// subscribers now.</summary>
    public (long Droplets, long Bytes, long CompanyBytes, int Subscribers) Figures
    {
        get
        {
            var figures = _loops.Select(loop => loop.Figures).ToArray();
            return (
                figures.Sum(one => one.Droplets), figures.Sum(one => one.Bytes), figures.Sum(one => one.CompanyBytes),
                figures.Sum(one => one.Subscribers));
        }
    }

    /// <summary>Datagrams that waited for the catalog to load something and were dropped, for
    /// there were too many or it took too long.</summary>
    public long AwaitedDropped => _loops.Sum(loop => loop.AwaitedDropped);

    /// <summary>Droplets of each loop so far; as many numbers as there are loops.</summary>
    internal IReadOnlyList<long> DropletsByLoop => [.. _loops.Select(loop => loop.Figures.Droplets)];

    /// <summary>The subscriber table, of both formats; empty once stopped.</summary>
    public async Task<SubscriberSnapshot[]> GetSubscribersAsync()
    {
        var tables = await Task.WhenAll(_loops.Select(GetSubscribersAsync)).ConfigureAwait(false);
        return [.. tables.SelectMany(table => table)];
    }

    /// <summary>Stops raining, tells every subscriber, and closes the sockets.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var loop in _loops)
        {
            loop.Post(_ => loop.Close());
        }

        await Task.WhenAll(_loops.Select(loop => loop.Ended)).ConfigureAwait(false);
    }

    private static List<DatagramSocket> Open(IPEndPoint endPoint, int count, ILogger logger, bool mayFragment)
    {
        var sockets = new List<DatagramSocket>
        {
            DatagramSocket.Open(endPoint, ReceiveBufferBytes, segment: true, coalesce: false, logger, mayFragment),
        };
        try
        {
            // The first one chooses the port when that is 0.
            while (sockets.Count < count && sockets[0].TryLetJoin())
            {
                sockets.Add(DatagramSocket.Open(
                    sockets[0].LocalEndPoint, ReceiveBufferBytes, segment: true, coalesce: false, logger, mayFragment, joins: true));
            }

            return sockets;
        }
        catch
        {
            sockets.ForEach(socket => socket.Dispose());
            throw;
        }
    }

    private static Task<SubscriberSnapshot[]> GetSubscribersAsync(ListenerLoop loop)
    {
        var answer = new TaskCompletionSource<SubscriberSnapshot[]>(TaskCreationOptions.RunContinuationsAsynchronously);
        var posted = loop.Post(now =>
        {
            try
            {
                answer.SetResult(loop.SnapshotSubscribers(now));
            }
            catch (Exception exception)
            {
                answer.SetException(exception);
                throw;
            }
        });
        return posted ? answer.Task : Task.FromResult<SubscriberSnapshot[]>([]);
    }
}
