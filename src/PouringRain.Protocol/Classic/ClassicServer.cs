using System.Numerics;

namespace PouringRain.Protocol.Classic;

/// <summary>
/// The serving side of wire format 1, for senders inside the allowed networks: soft state of five seconds a subscriber, droplets at
/// a fixed rate, silence for everybody and everything else. Sans-I/O, with the contract of <see cref="RainServer"/>.
/// </summary>
public sealed class ClassicServer
{
    private const int PropagateQueueMax = 256;
    private readonly ClassicServerOptions _options;
    private readonly IClassicCatalog _catalog;
    private readonly ClassicDegrees _degrees;
    private readonly Dictionary<(PeerAddress Peer, ResourceId Resource), Subscription> _subscriptions = [];
    private readonly Queue<ClassicPropagateRequest> _propagations = new();

    /// <summary>Makes a server.</summary>
    public ClassicServer(ClassicServerOptions options, IClassicCatalog catalog, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(catalog);
        _options = options;
        _catalog = catalog;
        _degrees = new ClassicDegrees(seed);
    }

    /// <summary>When <see cref="TryPollTransmit"/> has something to do though no datagram came.</summary>
    public Instant NextTimeout { get; private set; } = Instant.Never;

    /// <summary>Takes one datagram. Answers whether it was format 1, allowed or not; if not, it may be format 2.</summary>
    public bool Handle(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram)
    {
        if (!ClassicFormat.TryParse(datagram, out var message))
        {
            return false;
        }

        if (!_options.Allows(from))
        {
            return true;
        }

        switch (message.Type)
        {
            case ClassicMessageType.Subscribe:
                Subscribe(now, from, message.Resource);
                break;
            case ClassicMessageType.Unsubscribe:
                _subscriptions.Remove((from, message.Resource));
                break;
            default:
                if (_propagations.Count < PropagateQueueMax)
                {
                    _propagations.Enqueue(new ClassicPropagateRequest(message.Resource, new PeerAddress(from.Address, message.RainPort, from.ScopeId)));
                }

                break;
        }

        return true;
    }

    /// <summary>Writes the droplet that is due next; false when none is yet, or the buffer is too small for it.</summary>
    public bool TryPollTransmit(Instant now, Span<byte> buffer, out Transmit transmit)
    {
        transmit = default;
        if (now < NextTimeout)
        {
            return false;
        }

        Subscription? due = null;
        var next = Instant.Never;
        foreach (var (key, subscription) in _subscriptions)
        {
            if (subscription.Expires <= now)
            {
                _subscriptions.Remove(key);
                continue;
            }

            if (due is null || subscription.NextDroplet < due.NextDroplet)
            {
                next = due?.NextDroplet ?? Instant.Never;
                due = subscription;
            }
            else
            {
                next = Instant.Min(next, subscription.NextDroplet);
            }
        }

        if (due is null || due.NextDroplet > now)
        {
            NextTimeout = due?.NextDroplet ?? Instant.Never;
            return false;
        }

        var length = WriteDroplet(due, buffer);
        if (length == 0)
        {
            due.NextDroplet = due.Expires;
            return false;
        }

        // What a late poll missed is not made up for beyond a few milliseconds: no bursts.
        due.NextDroplet = Instant.Max(due.NextDroplet, now - TimeSpan.FromMilliseconds(5)) + due.Interval;
        NextTimeout = Instant.Min(next, due.NextDroplet);
        transmit = new Transmit(due.Peer, length, length);
        return true;
    }

    /// <summary>What the owner should know of, oldest first.</summary>
    public bool TryPollEvent(out ClassicPropagateRequest request) => _propagations.TryDequeue(out request);

    /// <summary>The subscribers as they are now.</summary>
    public SubscriberSnapshot[] SnapshotSubscribers(Instant now) =>
        [.. _subscriptions.Values.Where(s => s.Expires > now).Select(s => new SubscriberSnapshot(
            s.Peer, s.Resource, (long)(s.DropletBytes / s.Interval.TotalSeconds), s.Droplets, s.Expires - now))];

    private void Subscribe(Instant now, PeerAddress from, ResourceId resource)
    {
        if (_subscriptions.TryGetValue((from, resource), out var known) && known.Expires > now)
        {
            known.Expires = now + _options.SubscriptionLifetime;
            return;
        }

        if (_subscriptions.Count >= _options.SubscriberCountMax
            || !_catalog.TryRead(resource, out var bytes) || bytes.Length > ClassicFormat.LengthMax)
        {
            return;
        }

        // Subscribers of one resource share its bytes, so that the catalog may read them anew each time.
        foreach (var other in _subscriptions.Values)
        {
            if (other.Resource == resource && other.Bytes.Span.SequenceEqual(bytes.Span))
            {
                bytes = other.Bytes;
                break;
            }
        }

        var dropletBytes = ClassicFormat.DropletHeaderBytes + ClassicFormat.SymbolSizeOf(bytes.Length);
        var interval = Math.Max((double)dropletBytes / _options.RateBytesPerSecond, 1.0 / _options.DropletsPerSecond);
        _subscriptions[(from, resource)] = new Subscription
        {
            Peer = from,
            Resource = resource,
            Bytes = bytes,
            DropletBytes = dropletBytes,
            Interval = TimeSpan.FromSeconds(interval),
            Expires = now + _options.SubscriptionLifetime,
            NextDroplet = now,
        };
        NextTimeout = now;
    }

    private int WriteDroplet(Subscription subscription, Span<byte> buffer)
    {
        if (buffer.Length < subscription.DropletBytes)
        {
            return 0;
        }

        var bytes = subscription.Bytes.Span;
        var size = ClassicFormat.SymbolSizeOf(bytes.Length);
        var key = _degrees.NextKey();
        ClassicFormat.WriteDropletHeader(new ClassicDroplet(subscription.Resource, key, bytes.Length), buffer);
        var value = buffer.Slice(ClassicFormat.DropletHeaderBytes, size);
        value.Clear();
        for (var rest = key; rest != 0; rest &= rest - 1)
        {
            // The last symbols may lie partly or wholly behind the end, where zeros are.
            var start = Math.Min(BitOperations.TrailingZeroCount(rest) * size, bytes.Length);
            ClassicDecoder.Xor(value, bytes.Slice(start, Math.Min(size, bytes.Length - start)));
        }

        subscription.Droplets++;
        return subscription.DropletBytes;
    }

    private sealed class Subscription
    {
        public required PeerAddress Peer { get; init; }

        public required ResourceId Resource { get; init; }

        public required ReadOnlyMemory<byte> Bytes { get; init; }

        public required int DropletBytes { get; init; }

        public required TimeSpan Interval { get; init; }

        public required Instant Expires { get; set; }

        public required Instant NextDroplet { get; set; }

        public long Droplets { get; set; }
    }
}
