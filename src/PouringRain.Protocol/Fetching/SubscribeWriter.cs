namespace PouringRain.Protocol;

/// <summary>Writes what servers are told: SUBSCRIBE with what is on order, and UNSUBSCRIBE at the end.</summary>
internal sealed class SubscribeWriter
{
    private readonly uint _subscriptionId;
    private readonly ResourceId _resource;
    private readonly List<FetchPath> _paths;
    private readonly FetchBlocks _blocks;
    private readonly VersionChoice _versions;
    private readonly FetchOrders _orders;
    private readonly Inflow? _inflow;
    private int _unsubscribed;

    public SubscribeWriter(
        uint subscriptionId, ResourceId resource, List<FetchPath> paths, FetchBlocks blocks, VersionChoice versions, FetchOrders orders,
        Inflow? inflow)
    {
        _subscriptionId = subscriptionId;
        _resource = resource;
        _paths = paths;
        _blocks = blocks;
        _versions = versions;
        _orders = orders;
        _inflow = inflow;
    }

    /// <summary>Writes a SUBSCRIBE.</summary>
    /// <param name="now">The time.</param>
    /// <param name="path">To whom.</param>
    /// <param name="receiveBufferBytes">What <see cref="Fetch.ReceiveBufferBytes"/> says.</param>
    /// <param name="buffer">Where to.</param>
    public Transmit Write(Instant now, FetchPath path, long receiveBufferBytes, Span<byte> buffer)
    {
        path.Number++;
        var message = new SubscribeMessage
        {
            SubscriptionId = _subscriptionId,
            Number = path.Number,
            Resource = _resource,
            Version = _versions.Asked,
            Token = path.Token,
            AreGuesses = path.HasGuesses,
            WantsSmallSymbols = _blocks.AreSmall,
            WantsOffer = !path.IsRaining || !path.IsValidated,
            ClientTime = WireFormat.Microseconds(now),
            RateBytesPerSecond = (uint)Math.Clamp(path.RateAllowed, 0, uint.MaxValue),
            InFlightMax = (uint)Math.Min(InFlightBytesMaxOf(path, receiveBufferBytes) / _orders.DropletBytes, int.MaxValue),
            HasFeedback = path.Sequences.IsHighestKnown,
            HighestSequence = path.Sequences.HighestKnown,
            ReceivedCount = unchecked((uint)path.Sequences.Received),
            ServerTime = path.ServerTime,
            FirstRequest = path.Log.First,
        };
        path.Log.Write(buffer[SubscribeMessage.FixedBytes..]);
        var length = message.Write(buffer, path.Log.Count);
        path.AfterSubscribe(now, GapAfter(now, path));
        return new Transmit(path.Peer, length, length);
    }

    /// <summary>Whether a server may take the fetch for its own.</summary>
    public static bool IsSubscribed(FetchPath path) =>
        path is { IsValidated: true, State: SourceState.Raining or SourceState.Silent or SourceState.Lied };

    /// <summary>Writes an UNSUBSCRIBE to the next server that takes the fetch for its own; false when there is none left.</summary>
    public bool TryWriteUnsubscribe(Instant now, Span<byte> buffer, out Transmit transmit)
    {
        while (_unsubscribed < _paths.Count)
        {
            var path = _paths[_unsubscribed++];
            if (IsSubscribed(path))
            {
                transmit = WriteUnsubscribe(now, path, buffer);
                return true;
            }
        }

        transmit = default;
        return false;
    }

    /// <summary>Writes an UNSUBSCRIBE to a server.</summary>
    public Transmit WriteUnsubscribe(Instant now, FetchPath path, Span<byte> buffer)
    {
        var length = new UnsubscribeMessage
        {
            SubscriptionId = _subscriptionId,
            Resource = _resource,
            ClientTime = WireFormat.Microseconds(now),
            HasFeedback = path.Sequences.IsHighestKnown,
            HighestSequence = path.Sequences.HighestKnown,
        }.Write(buffer);
        return new Transmit(path.Peer, length, length);
    }

    /// <summary>What may be unacknowledged: what rate control allows, of which the receive buffer must hold all that the path does
    /// not.</summary>
    private long InFlightBytesMaxOf(FetchPath path, long receiveBufferBytes)
    {
        var allowed = path.Rate.InFlightBytesMax;
        if (_inflow is not null && path.Neighbour is not null && _orders.IsInCompany)
        {
            allowed = Math.Min(allowed, _inflow.InFlightOfOne(_orders.DropletBytes));
        }

        if (receiveBufferBytes <= 0)
        {
            return allowed;
        }

        var raining = 0;
        foreach (var each in _paths)
        {
            raining += each.IsRaining ? 1 : 0;
        }

        var onTheWay = 2 * path.Rate.BandwidthBytesPerSecond * path.Rate.RoundTripMin.TotalSeconds;
        return Math.Min(allowed, (long)onTheWay + (receiveBufferBytes / Math.Max(1, raining)));
    }

    /// <summary>Time to the next SUBSCRIBE; <see langword="null"/> for the retries of a path that owes an answer.</summary>
    private TimeSpan? GapAfter(Instant now, FetchPath path) => path.State switch
    {
        SourceState.Raining => path.Log.Outstanding == 0 && (!_orders.MayBring(path) || _orders.IsPassedOver(path, now)) ? FetchPath.IdleGap
            : _orders.IsInCompany && path.IsValidated && !path.HasBrought ? FetchCompany.IntervalMax
            : path.Interval,
        SourceState.Asked or SourceState.Silent => null,
        SourceState.Busy => FetchPath.BusyGap,
        _ => FetchPath.ProbeGap,
    };
}
