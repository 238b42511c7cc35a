using System.Numerics;

namespace PouringRain.Protocol.Classic;

/// <summary>
/// The serving side of wire format 1, for senders inside the allowed networks: soft state of five seconds a subscriber, droplets at
/// a fixed rate and within the address's budget, silence for everybody and everything else. Sans-I/O, with the contract of
/// <see cref="RainServer"/>.
/// </summary>
public sealed class ClassicServer
{
    private const int PropagateQueueMax = 256;
    private readonly ClassicServerOptions _options;
    private readonly IClassicCatalog _catalog;
    private readonly ClassicDegrees _degrees;
    private readonly CeilingShare? _ceiling;
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
        _ceiling = options.Ceiling?.Join();
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
                _ceiling?.NoteSubscribers(_subscriptions.Count);
                break;
            default:
                if (_propagations.Count < PropagateQueueMax)
                {
                    _propagations.Enqueue(
                        new ClassicPropagateRequest(message.Resource, new PeerAddress(from.Address, message.RainPort, from.ScopeId)));
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

        while (FindDue(now, out var readyCount) is { } due)
        {
            if (buffer.Length < due.DropletBytes)
            {
                due.NextDroplet = due.Expires;
                continue;
            }

            if (_ceiling is not null && !_ceiling.MaySend(now, readyCount))
            {
                NextTimeout = _ceiling.Due(now);
                return false;
            }

            if (!_options.Budget.TrySpend(now, due.Peer, due.DropletBytes, out var availableAt))
            {
                due.NextDroplet = availableAt;
                continue;
            }

            _ceiling?.Spend(now, due.DropletBytes);
            WriteDroplet(due, buffer);

            // What a late poll missed is not made up for beyond a few milliseconds: no bursts.
            due.NextDroplet = Instant.Max(due.NextDroplet, now - TimeSpan.FromMilliseconds(5)) + due.IntervalNow(_options);
            NextTimeout = now;
            transmit = new Transmit(due.Peer, due.DropletBytes, due.DropletBytes);
            return true;
        }

        _ceiling?.Rest();
        return false;
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
        _ceiling?.NoteSubscribers(_subscriptions.Count);
        NextTimeout = now;
    }

    /// <summary>The subscription whose droplet is due first, and how many are; null, with
    /// <see cref="NextTimeout"/> set, when none is.</summary>
    private Subscription? FindDue(Instant now, out int readyCount)
    {
        Subscription? first = null;
        readyCount = 0;
        foreach (var (key, subscription) in _subscriptions)
        {
            if (subscription.Expires <= now)
            {
                _subscriptions.Remove(key);
                _ceiling?.NoteSubscribers(_subscriptions.Count);
                continue;
            }

            readyCount += subscription.NextDroplet <= now ? 1 : 0;
            first = first is null || subscription.NextDroplet < first.NextDroplet ? subscription : first;
        }

        NextTimeout = first?.NextDroplet ?? Instant.Never;
        return readyCount > 0 ? first : null;
    }

    private void WriteDroplet(Subscription subscription, Span<byte> buffer)
    {
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

        /// <summary>The time to the next droplet: more once there were enough for any client.</summary>
        public TimeSpan IntervalNow(ClassicServerOptions options) =>
            Droplets < ClassicBudget.DropletsPerResource || options.FurtherDropletsPerSecond * Interval >= TimeSpan.FromSeconds(1)
                ? Interval : TimeSpan.FromSeconds(1) / options.FurtherDropletsPerSecond;
    }
}
