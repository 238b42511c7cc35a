using PouringRain.Protocol;

namespace Benchmarks.Subscribers;

/// <summary>
/// One subscriber at its cheapest: it asks for block after block, at a rate of its own, counts what comes and decodes nothing.
/// It speaks with the protocol's own messages but is no fetch: there can be ten thousand of them in one thread.
/// </summary>
internal sealed class TrickleReader(uint subscriptionId, ulong resource, uint rateBytesPerSecond, int blocksAhead, double repairShare)
{
    private Sha256Digest? _version;
    private ResourceLayout? _layout;
    private Bits128 _token;
    private uint _number;
    private uint _firstRequest;
    private uint _firstSequence;
    private uint _highestSequence;
    private uint _serverTime;

    /// <summary>Bytes of droplets that came.</summary>
    public long Bytes { get; private set; }

    /// <summary>Droplets that came.</summary>
    public uint Received { get; private set; }

    /// <summary>Droplets that were sent, by their sequence.</summary>
    public uint Sent => Received == 0 ? 0 : _highestSequence - _firstSequence + 1;

    /// <summary>Whether the server has said that it is full or has nothing.</summary>
    public bool IsRefused { get; private set; }

    /// <summary>Takes a datagram of this subscription; true when a SUBSCRIBE is due at once.</summary>
    public bool Handle(ReadOnlySpan<byte> datagram)
    {
        if (DropletMessage.TryParse(datagram, out var droplet, out _))
        {
            TakeDroplet(droplet, datagram.Length);
            return false;
        }

        if (StatusMessage.TryParse(datagram, out var status, out _))
        {
            // Two requests a block: it begins with an even one.
            if (SequenceNumber.IsAfter(status.Request, _firstRequest))
            {
                _firstRequest = status.IsDry ? (status.Request + 1) & ~1u : status.Request & ~1u;
            }

            return status.IsDry;
        }

        if (OfferMessage.TryParse(datagram, out var offer, out _)
            && ResourceLayout.TryCreateTold(offer.Length, offer.BlockBytes, offer.SymbolSize, out var layout))
        {
            var isFirst = _version is null;
            (_version, _layout, _token) = (offer.Version, layout, offer.Token);
            return isFirst;
        }

        IsRefused |= ShortMessage.TryParse(datagram, out var message) && message.Type is MessageType.Busy or MessageType.NotFound;
        return false;
    }

    /// <summary>Writes a SUBSCRIBE that renews, reports and asks on.</summary>
    /// <returns>Its length.</returns>
    public int Write(Span<byte> datagram, uint clientTime)
    {
        var count = 0;
        for (var i = 0; _layout is { } layout && i < blocksAhead; i++)
        {
            var block = (int)(((_firstRequest / 2) + (uint)i) % (uint)layout.BlockCount);
            var symbols = layout.SymbolsOf(block);
            new RequestItem((uint)block, 0, 1, (ushort)symbols).Write(ItemAt(datagram, count++));
            new RequestItem((uint)block, (uint)symbols, 1, (ushort)(symbols * repairShare)).Write(ItemAt(datagram, count++));
        }

        return new SubscribeMessage
        {
            SubscriptionId = subscriptionId,
            Number = ++_number,
            Resource = new ResourceId(resource),
            Version = _version,
            Token = _token,
            WantsOffer = _version is null,
            ClientTime = clientTime,
            RateBytesPerSecond = rateBytesPerSecond,
            InFlightMax = 1 << 20,
            HasFeedback = Received > 0,
            HighestSequence = _highestSequence,
            ReceivedCount = Received,
            ServerTime = _serverTime,
            FirstRequest = _firstRequest,
        }.Write(datagram, count);
    }

    private static Span<byte> ItemAt(Span<byte> datagram, int index) =>
        datagram[(SubscribeMessage.FixedBytes + (RequestItem.SizeBytes * index))..];

    private void TakeDroplet(DropletMessage droplet, int length)
    {
        if (Received == 0)
        {
            _firstSequence = droplet.Sequence;
            _highestSequence = droplet.Sequence;
        }
        else if (SequenceNumber.IsAfter(droplet.Sequence, _highestSequence))
        {
            _highestSequence = droplet.Sequence;
        }

        Received++;
        Bytes += length;
        _serverTime = droplet.ServerTime;
    }
}
