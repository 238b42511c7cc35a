using System.Buffers.Binary;
using PouringRain.Protocol;

namespace Simulation;

/// <summary>What decides how much a simulated TCP flow has on the way, in segments.</summary>
public interface ISimCongestion
{
    /// <summary>Segments that may be on the way.</summary>
    double Window { get; }

    /// <summary>Segments a second, or 0 when acknowledgements alone are the clock.</summary>
    double PacingRate { get; }

    /// <summary>A segment was acknowledged.</summary>
    void OnAcknowledged(in SimAcknowledgement acknowledgement);

    /// <summary>Segments were found lost.</summary>
    void OnLost(Instant now, long number, int onTheWay);

    /// <summary>Nothing was heard for long.</summary>
    void OnTimeout(Instant now);
}

/// <summary>What an acknowledgement tells.</summary>
/// <param name="Now">When it came.</param>
/// <param name="Number">The segment.</param>
/// <param name="Next">The number that will be sent next: a round ends when it is acknowledged.</param>
/// <param name="RoundTrip">From its sending until now.</param>
/// <param name="Rate">Segments delivered a second, from its sending until now.</param>
/// <param name="OnTheWay">Segments sent and neither acknowledged nor lost.</param>
public readonly record struct SimAcknowledgement(Instant Now, long Number, long Next, TimeSpan RoundTrip, double Rate, int OnTheWay);

/// <summary>An endless TCP flow, as far as a rain beside it can tell: segments of 1500 bytes with headers, each acknowledged, losses
/// found by three later acknowledgements.</summary>
public sealed class SimTcp : SimHost
{
    /// <summary>Payload of a segment.</summary>
    public const int SegmentBytes = 1448;

    private const int ReorderingMax = 3;
    private readonly byte[] _segment = new byte[1500 - SimNetwork.HeaderBytes];
    private readonly PeerAddress _receiver;
    private readonly ISimCongestion _congestion;
    private readonly Queue<long> _order = new();
    private readonly Dictionary<long, Sent> _sent = [];
    private long _next, _delivered;
    private Instant _deliveredAt, _mayPace, _heard;

    public SimTcp(SimWorld world, PeerAddress address, PeerAddress receiver, ISimCongestion congestion)
        : base(world, address)
    {
        _receiver = receiver;
        _congestion = congestion;
        Receiver = new SimTcpReceiver(world, receiver);
        _heard = _deliveredAt = _mayPace = world.Now;
    }

    public SimTcpReceiver Receiver { get; }

    private int Allowed => Math.Max(1, (int)_congestion.Window);

    public override Instant NextTimeout =>
        _sent.Count == 0 ? World.Now
        : _congestion.PacingRate > 0 && _sent.Count < Allowed ? Instant.Min(_mayPace, _heard + TimeSpan.FromSeconds(1))
        : _heard + TimeSpan.FromSeconds(1);

    protected override void OnDatagram(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram)
    {
        _heard = now;
        var number = BinaryPrimitives.ReadInt64BigEndian(datagram);
        if (_sent.Remove(number, out var sent))
        {
            _delivered++;
            _deliveredAt = now;
            var elapsed = Math.Max((now - sent.DeliveredAt).TotalSeconds, (sent.At - sent.FirstAt).TotalSeconds);
            _congestion.OnAcknowledged(new SimAcknowledgement(
                now, number, _next, now - sent.At, elapsed > 0 ? (_delivered - sent.Delivered) / elapsed : 0, _sent.Count));
            while (_order.TryPeek(out var oldest) && (oldest < number - ReorderingMax || !_sent.ContainsKey(oldest)))
            {
                _order.Dequeue();
                if (_sent.Remove(oldest))
                {
                    _congestion.OnLost(now, oldest, _sent.Count);
                }
            }
        }

        OnWake(now);
    }

    protected override void OnWake(Instant now)
    {
        if (_sent.Count > 0 && now >= _heard + TimeSpan.FromSeconds(1))
        {
            _sent.Clear();
            _order.Clear();
            _heard = now;
            _congestion.OnTimeout(now);
        }

        while (_sent.Count < Allowed && (_congestion.PacingRate == 0 || now >= _mayPace))
        {
            BinaryPrimitives.WriteInt64BigEndian(_segment, _next);
            if (_sent.Count == 0)
            {
                _deliveredAt = now;
            }

            var first = _order.TryPeek(out var oldest) && _sent.TryGetValue(oldest, out var known) ? known.At : now;
            _sent[_next] = new Sent(now, _delivered, _deliveredAt, Instant.Max(first, _deliveredAt));
            _order.Enqueue(_next++);
            World.Network.Send(World.Now, Address, _receiver, _segment);
            if (_congestion.PacingRate > 0)
            {
                _mayPace = Instant.Max(_mayPace, now - TimeSpan.FromMilliseconds(1)) + TimeSpan.FromSeconds(1 / _congestion.PacingRate);
            }
        }
    }

    private readonly record struct Sent(Instant At, long Delivered, Instant DeliveredAt, Instant FirstAt);
}

/// <summary>The other end of a <see cref="SimTcp"/>: it acknowledges and counts.</summary>
public sealed class SimTcpReceiver(SimWorld world, PeerAddress address) : SimHost(world, address)
{
    /// <summary>Payload that came.</summary>
    public long Bytes { get; private set; }

    public override Instant NextTimeout => Instant.Never;

    protected override void OnDatagram(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram)
    {
        Bytes += SimTcp.SegmentBytes;
        World.Network.Send(World.Now, Address, from, datagram[..24]);
    }

    protected override void OnWake(Instant now)
    {
    }
}
