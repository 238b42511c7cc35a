using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using PouringRain.Protocol;
using PouringRain.Protocol.Archiving;
using PouringRain.Protocol.Cluster;
using PouringRain.Protocol.Deploying;
using PouringRain.Protocol.Naming;

namespace PouringRain.Network;

/// <summary>The fetching side on real sockets: every fetch and propagation of a process, each on one of the receive loops, decoding on
/// worker threads.</summary>
public sealed class RainClient : IAsyncDisposable
{
    private readonly ILogger _logger;
    private readonly BlockWorkers _workers;
    private readonly ClientLoop[] _loops;
    private readonly int[] _fetchesByLoop;
    private readonly ClassicClient _classic;
    private readonly bool _isSealed;
    private readonly Lazy<Task> _closing;

    private int _flowsStarted;

    /// <summary>Opens the sockets, of both IP versions where the system has them, and starts the loops.</summary>
    public RainClient(RainClientOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.WorkerCount, 1);
        _logger = options.Logger ?? NullLogger.Instance;
        ArgumentOutOfRangeException.ThrowIfLessThan(options.LoopCount, 1);
        var sockets = new List<DatagramSocket>();
        try
        {
            while (sockets.Count < options.LoopCount)
            {
                sockets.Add(Open(options, _logger));
            }
        }
        catch
        {
            sockets.ForEach(socket => socket.Dispose());
            throw;
        }

        try
        {
            _workers = new BlockWorkers(options.WorkerCount);
            _loops = [.. sockets.Select(socket => new ClientLoop(socket, _workers, options.Faults, options.Seal, _logger))];
        }
        catch
        {
            // Who made it tries again later: no threads and descriptors of this time may be left.
            sockets.ForEach(socket => socket.Dispose());
            _workers?.Dispose();
            throw;
        }

        _fetchesByLoop = new int[_loops.Length];
        _isSealed = options.Seal is not null;
        _classic = new ClassicClient(options.Faults);
        _closing = new Lazy<Task>(CloseAsync);
        foreach (var loop in _loops)
        {
            loop.Start($"rain client {loop.Socket.LocalEndPoint}");
        }
    }

    /// <summary>Blocks that were decoded, verified and kept so far, and the time that took, summed over the threads.</summary>
    public (long Blocks, TimeSpan Time) Work => _workers.Done;

    /// <summary>Fetches started on each loop.</summary>
    internal IReadOnlyList<int> FetchesByLoop => _fetchesByLoop;

    /// <summary>Starts a fetch.</summary>
    /// <exception cref="ObjectDisposedException">The client is closed.</exception>
    public FetchHandle StartFetch(FetchRequest request, FetchOptions options, IFetchSink sink)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(sink);
        var index = NextLoop();
        var loop = _loops[index];
        var handle = new FetchHandle(loop);
        var posted = loop.Post(now =>
        {
            try
            {
                handle.Flow = loop.Add(() =>
                    new FetchFlow(new Fetch(options, request, loop.Tokens, RandomNumber.Draw(), now), sink, handle, loop, _logger));
                if (handle.Flow is null)
                {
                    handle.End(FetchEndReason.Cancelled);
                }
            }
            catch (Exception exception)
            {
                Log.FetchFailed(_logger, exception);
                handle.End(FetchEndReason.LocalFailure);
            }
        });
        ObjectDisposedException.ThrowIf(!posted, this);
        Interlocked.Increment(ref _fetchesByLoop[index]);
        return handle;
    }

    /// <summary>Asks a node to fetch a version and keep it, until it holds it (or has accepted it, when that is enough).</summary>
    /// <returns>Where it stands then, and who answered; <see cref="PropagationState.Unanswered"/>
    /// also when the client was closed meanwhile.</returns>
    /// <exception cref="OperationCanceledException">It was cancelled, which the node is not told.</exception>
    /// <exception cref="ObjectDisposedException">The client is closed.</exception>
    public Task<PropagationResult> PropagateAsync(
        ResourceId resource, Sha256Digest version, ushort rainPort, PeerAddress node, bool untilHeld, TimeSpan limit,
        CancellationToken cancellationToken) =>
        PropagateAsync(resource, version, long.MinValue, rainPort, node, untilHeld, limit, cancellationToken);

    /// <summary>As above, and says the version's stamp, by which a node that holds a
    /// newer one says at once that it needs nothing.</summary>
    public async Task<PropagationResult> PropagateAsync(
        ResourceId resource, Sha256Digest version, long stamp, ushort rainPort, PeerAddress node, bool untilHeld, TimeSpan limit,
        CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var completion = new TaskCompletionSource<PropagationResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        PropagationFlow? flow = null;
        var loop = _loops[NextLoop()];
        var posted = loop.Post(now =>
        {
            try
            {
                flow = loop.Add(() => new PropagationFlow(
                    new Propagation(resource, version, rainPort, node, limit, loop.Tokens, RandomNumber.Draw(), now, stamp), untilHeld,
                    completion));
                if (flow is null)
                {
                    completion.TrySetResult(new PropagationResult(PropagationState.Unanswered, default));
                }
            }
            catch (Exception exception)
            {
                completion.TrySetException(exception);
            }
        });
        ObjectDisposedException.ThrowIf(!posted, this);
        using var cancellation = cancellationToken.Register(() =>
        {
            completion.TrySetCanceled(cancellationToken);
            loop.Post(_ => Touch(loop, flow));
        });
        return await completion.Task.ConfigureAwait(false);
    }

    /// <summary>Carries a membership's questions to the other nodes, and their answers back, until the client is closed.</summary>
    /// <param name="membership">The membership; one client's alone.</param>
    /// <param name="time">The clock that the others are told.</param>
    /// <param name="onTurn">Called whenever something may have come of it, by the thread of the sockets.</param>
    /// <returns>To be called when the membership was given something new to ask.</returns>
    /// <exception cref="ObjectDisposedException">The client is closed.</exception>
    public Action Start(Membership membership, TimeProvider time, Action onTurn)
    {
        ArgumentNullException.ThrowIfNull(membership);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(onTurn);
        return Start(() => new MembershipFlow(membership, time, onTurn, _logger));
    }

    /// <summary>Carries what replication asks of the other nodes, and their answers back, until the client is closed; from the same port as
    /// <see cref="Start(Membership, TimeProvider, Action)"/> does.</summary>
    /// <param name="replication">The machine; one client's alone.</param>
    /// <param name="onTurn">Called whenever something may have come of it, by the thread of the sockets.</param>
    /// <returns>To be called when the machine was given something new.</returns>
    /// <exception cref="ObjectDisposedException">The client is closed.</exception>
    public Action Start(Replication replication, Action onTurn)
    {
        ArgumentNullException.ThrowIfNull(replication);
        ArgumentNullException.ThrowIfNull(onTurn);
        return Start(() => new ReplicationFlow(replication, onTurn, _logger));
    }

    /// <summary>Carries what a deployment asks of its receivers, and their answers back, until it is over or the client is closed; from
    /// the same port as <see cref="Start(Membership, TimeProvider, Action)"/> does.</summary>
    /// <param name="deployment">The machine; one client's alone.</param>
    /// <param name="onTurn">Called whenever something may have come of it, by the thread of the sockets.</param>
    /// <returns>To be called when the machine was given something new.</returns>
    /// <exception cref="ObjectDisposedException">The client is closed.</exception>
    public Action Start(Deployment deployment, Action onTurn)
    {
        ArgumentNullException.ThrowIfNull(deployment);
        ArgumentNullException.ThrowIfNull(onTurn);
        return Start(() => new DeploymentFlow(deployment, onTurn, _logger));
    }

    /// <summary>Asks a node about pieces; from the same port as <see cref="Start(Membership, TimeProvider, Action)"/> does.</summary>
    /// <param name="question">The question; asked once.</param>
    /// <param name="onOver">Told the answer, or null when none came, by the thread of the sockets. It may never be told when the client is
    /// closed meanwhile.</param>
    /// <exception cref="ObjectDisposedException">The client is closed.</exception>
    public void Ask(ArchiveQuestion question, Action<ArchiveReport?> onOver)
    {
        ArgumentNullException.ThrowIfNull(question);
        ArgumentNullException.ThrowIfNull(onOver);
        Start(() => new ArchiveFlow(question, onOver, _logger));
    }

    /// <summary>Carries what is asked about a folder, and the answers, until that is over or the client is closed; from the same port as
    /// <see cref="Start(Membership, TimeProvider, Action)"/> does.</summary>
    /// <param name="inquiry">The machine; one client's alone.</param>
    /// <param name="onTurn">Called whenever something may have come of it, by the thread of the sockets.</param>
    /// <exception cref="ObjectDisposedException">The client is closed.</exception>
    public void Start(FolderInquiry inquiry, Action onTurn)
    {
        ArgumentNullException.ThrowIfNull(inquiry);
        ArgumentNullException.ThrowIfNull(onTurn);
        Start(() => new FolderFlow(inquiry, onTurn, _logger));
    }

    /// <summary>The port from which memberships, replication and deployments ask.</summary>
    public ushort AskPort => (ushort)_loops[0].Socket.LocalEndPoint.Port;

    private Action Start<TFlow>(Func<TFlow> make)
        where TFlow : ClientFlow
    {
        var loop = _loops[0];
        TFlow? flow = null;
        ObjectDisposedException.ThrowIf(!loop.Post(Touch), this);
        return () => loop.Post(Touch);

        void Touch(Instant now)
        {
            if (flow is { IsOver: false })
            {
                loop.Touch(flow);
            }
            else
            {
                flow = loop.Add(make);
            }
        }
    }

    /// <summary>Fetches a resource whole from a server that speaks wire format 1 alone: at most
    /// <see cref="Protocol.Classic.ClassicFormat.LengthMax"/> bytes, unverified as that format is.</summary>
    /// <returns>The bytes, or <see langword="null"/> when the server was silent for <paramref name="silence"/> (1.0 s unless given) or
    /// sent nothing that could be decoded, and at once when the client is sealed, which format 1 cannot be.</returns>
    /// <exception cref="OperationCanceledException">It was cancelled, or the client closed.</exception>
    public Task<byte[]?> FetchClassicAsync(
        ResourceId resource, PeerAddress server, TimeSpan? silence, CancellationToken cancellationToken) =>
        _isSealed ? Task.FromResult<byte[]?>(null) : _classic.FetchAsync(resource, server, silence, cancellationToken);

    /// <summary>Asks a node that speaks wire format 1 to fetch a resource from this machine and keep it. One datagram, to which that format
    /// has no answer; none when the client is sealed, which format 1 cannot be.</summary>
    /// <param name="resource">The resource.</param>
    /// <param name="rainPort">Where this machine rains in format 1.</param>
    /// <param name="node">The node's listening endpoint.</param>
    public void PropagateClassic(ResourceId resource, ushort rainPort, PeerAddress node)
    {
        if (!_isSealed)
        {
            ClassicClient.Propagate(resource, rainPort, node);
        }
    }

    /// <summary>Ends every fetch as cancelled, tells the servers, closes the sockets.</summary>
    public ValueTask DisposeAsync() => new(_closing.Value);

    private static DatagramSocket Open(RainClientOptions options, ILogger logger)
    {
        if (Socket.OSSupportsIPv6)
        {
            try
            {
                return DatagramSocket.Open(
                    new IPEndPoint(IPAddress.IPv6Any, 0), options.ReceiveBufferBytes, segment: true, coalesce: true, logger);
            }
            catch (SocketException)
            {
                // Compiled in and switched off, as in some containers.
            }
        }

        return DatagramSocket.Open(new IPEndPoint(IPAddress.Any, 0), options.ReceiveBufferBytes, segment: true, coalesce: true, logger);
    }

    private async Task CloseAsync()
    {
        foreach (var loop in _loops)
        {
            loop.Post(loop.Close);
        }

        await _classic.DisposeAsync().ConfigureAwait(false);
        await Task.WhenAll(_loops.Select(loop => loop.Ended)).ConfigureAwait(false);
        _workers.Dispose();
    }

    private static void Touch(ClientLoop loop, ClientFlow? flow)
    {
        if (flow is not null)
        {
            loop.Touch(flow);
        }
    }

    /// <summary>In turn: a flow belongs to one loop, and which of them will be the long ones is not known.</summary>
    private int NextLoop() => (int)((uint)Interlocked.Increment(ref _flowsStarted) % (uint)_loops.Length);
}
