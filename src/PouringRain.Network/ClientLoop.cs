using Microsoft.Extensions.Logging;
using PouringRain.Protocol;

namespace PouringRain.Network;

/// <summary>The loop of a <see cref="RainClient"/>: owns every fetch and propagation, finds the one a datagram is meant for by its
/// subscription id, and advances only those that something happened to.</summary>
internal sealed class ClientLoop : DatagramLoop
{
    /// <summary>What a client sends is requests and feedback, far fewer than these a turn.</summary>
    private const int TransmitsPerFlow = 64;

    /// <summary>The least part of the receive buffer a fetch counts on, however many there are: most are idle then.</summary>
    private const int ReceiveBufferPartMin = 128 * 1024;

    private static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(1);
    private readonly BlockWorkers _workers;
    private readonly byte[] _sendBuffer = GC.AllocateArray<byte>(DatagramSocket.PayloadBytesMax, pinned: true);
    private readonly Dictionary<uint, ClientFlow> _flows = [];
    private readonly List<ClientFlow> _touched = [];
    private readonly PriorityQueue<ClientFlow, long> _timeouts = new();
    private readonly Queue<FetchFlow> _starved = new();
    private int _worksOut;
    private bool _isClosing;

    public ClientLoop(DatagramSocket socket, BlockWorkers workers, DatagramFaults? faults, SealSettings? seal, ILogger logger)
        : base(socket, faults, seal, logger) => _workers = workers;

    /// <summary>What the servers gave to this loop's socket: a token is good for the port that it was given to.</summary>
    public TokenCache Tokens { get; } = new();

    /// <summary>Whether another block may be given to the workers. Every loop has their whole capacity: of several each may be the only one
    /// that is busy.</summary>
    public bool HasWorkRoom => _worksOut < _workers.Capacity;

    /// <summary>What one fetch may count on of the receive buffer. Half of what the kernel says: it counts its own overhead, which for
    /// datagrams that come one by one is as much again.</summary>
    public long ReceiveBufferPart => Math.Max(ReceiveBufferPartMin, Socket.ReceiveBufferBytes / 2 / Math.Max(1, _flows.Count));

    /// <summary>Takes up a flow, made anew while its subscription id is another's.</summary>
    /// <returns>The flow, or null when the client is closing.</returns>
    /// <exception cref="InvalidOperationException">Flows have their id from a machine, and that has a flow.</exception>
    public TFlow? Add<TFlow>(Func<TFlow> make)
        where TFlow : ClientFlow
    {
        if (_isClosing)
        {
            return null;
        }

        var flow = make();
        while (!_flows.TryAdd(flow.SubscriptionId, flow))
        {
            var other = make();
            if (other.SubscriptionId == flow.SubscriptionId)
            {
                throw new InvalidOperationException("The machine has a flow already, or another flow has its subscription id.");
            }

            flow = other;
        }

        Touch(flow);
        return flow;
    }

    /// <summary>Has a flow advanced in this turn.</summary>
    public void Touch(ClientFlow flow)
    {
        if (!flow.IsTouched)
        {
            flow.IsTouched = true;
            _touched.Add(flow);
        }
    }

    /// <summary>Gives a block to the workers.</summary>
    public void StartWork(FetchFlow flow, BlockWork work)
    {
        _worksOut++;
        _workers.Add(flow, work);
    }

    /// <summary>Takes back a place among the workers, for the fetch that has waited longest for one.</summary>
    public void WorkCameBack()
    {
        _worksOut--;
        if (_starved.TryDequeue(out var flow))
        {
            flow.IsStarved = false;
            Touch(flow);
        }
    }

    /// <summary>Has a fetch advanced when there is a place among the workers.</summary>
    public void Starve(FetchFlow flow)
    {
        if (!flow.IsStarved)
        {
            flow.IsStarved = true;
            _starved.Enqueue(flow);
        }
    }

    /// <summary>Ends every flow, then the loop.</summary>
    public void Close(Instant now)
    {
        _isClosing = true;
        foreach (var flow in _flows.Values)
        {
            flow.Close(now);
            Touch(flow);
        }
    }

    /// <inheritdoc/>
    protected override void Handle(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram)
    {
        if (Fetch.TryReadSubscriptionId(datagram, out var id) && _flows.TryGetValue(id, out var flow))
        {
            try
            {
                flow.Handle(now, from, datagram);
            }
            catch (Exception exception)
            {
                flow.Abandon(exception);
            }

            Touch(flow);
        }
    }

    /// <inheritdoc/>
    protected override Instant Advance(Instant now)
    {
        while (_timeouts.TryPeek(out var flow, out var at) && at <= now.Nanoseconds)
        {
            _timeouts.Dequeue();
            if (flow.QueuedAt.Nanoseconds == at && !flow.IsOver)
            {
                flow.QueuedAt = Instant.Never;
                Touch(flow);
            }
        }

        // Advancing one may touch another, which then comes in this turn too.
        for (var i = 0; i < _touched.Count; i++)
        {
            var flow = _touched[i];
            flow.IsTouched = false;
            Advance(now, flow);
        }

        _touched.Clear();
        if (_isClosing && _flows.Count == 0)
        {
            Stop();
        }

        return _timeouts.TryPeek(out _, out var next) ? new Instant(next) : Instant.Never;
    }

    /// <inheritdoc/>
    protected override int LengthOfFirst(ReadOnlySpan<byte> coalesced) => WireFormat.LengthOfFirst(coalesced);

    private void Advance(Instant now, ClientFlow flow)
    {
        var hasMore = !flow.IsOver;
        try
        {
            if (hasMore)
            {
                flow.BeforeTransmits(now);
            }

            for (var i = 0; i < TransmitsPerFlow && hasMore; i++)
            {
                hasMore = flow.TryPollTransmit(now, _sendBuffer, out var transmit);
                if (hasMore)
                {
                    Send(now, transmit, _sendBuffer);
                }
            }

            if (!flow.IsOver)
            {
                flow.AfterTransmits(now);
            }
        }
        catch (Exception exception)
        {
            flow.Abandon(exception);
        }

        if (flow.IsOver)
        {
            _flows.Remove(flow.SubscriptionId);
            return;
        }

        // What has more to send, or says that it should have been asked before now, is asked again a moment later: no spinning.
        var due = flow.NextTimeout;
        due = hasMore || due <= now ? now + RetryAfter : due;
        if (due < flow.QueuedAt)
        {
            flow.QueuedAt = due;
            _timeouts.Enqueue(flow, due.Nanoseconds);
        }
    }
}
