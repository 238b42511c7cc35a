namespace PouringRain.Protocol;

/// <summary>
/// The fetching side: one resource, many servers, one decoder a block. Sans-I/O: whoever owns the socket gives it every datagram
/// that carries its <see cref="SubscriptionId"/>, then calls <see cref="TryPollEvent"/>, <see cref="TryPollWork"/> and
/// <see cref="TryPollTransmit"/> until there is nothing, then waits until <see cref="NextTimeout"/>. Time never goes back. Not
/// thread-safe; <see cref="BlockWork"/> alone runs elsewhere.
/// </summary>
/// <remarks>
/// In the order in which a datagram meets them: <c>Fetch.Answers</c> takes offers and chooses the version, <c>Fetch.Droplets</c>
/// takes symbols, <c>Fetch.Blocks</c> and <c>Fetch.Isolation</c> say what follows when a block has enough, is right or is wrong,
/// <c>Fetch.Pace</c> passes over those that bring nothing, <c>Fetch.Requests</c> writes SUBSCRIBEs, <c>Fetch.Shares</c> divides what is
/// missing among the sources, <c>Fetch.PathSize</c> takes smaller symbols where large datagrams vanish. The blocks themselves, and who
/// rained what is in them, are in <see cref="FetchBlocks"/>; which is opened next is for <see cref="BlockPicker"/> to say.
/// </remarks>
public sealed partial class Fetch : IDisposable
{
    private readonly FetchOptions _options;
    private readonly FetchRequest _request;
    private readonly TokenCache _tokens;
    private readonly List<FetchPath> _paths = [];
    private readonly Dictionary<PeerAddress, FetchPath> _pathByPeer = [];
    private readonly Queue<FetchEvent> _events = new();
    private readonly DemandList _demand = new();
    private readonly BlockPicker _picker;
    private readonly FetchBlocks _blocks;
    private readonly Instant _started;
    private SplitMix _random;
    private Instant _now;
    private Instant _due;
    private Instant _lastUseful;
    private int _unsubscribed;
    private bool _isDisposed;

    /// <summary>Makes a fetch; nothing happens before the first poll.</summary>
    /// <param name="options">Bounds.</param>
    /// <param name="request">What is wanted.</param>
    /// <param name="tokens">The tokens servers gave to this process, shared by its fetches.</param>
    /// <param name="seed">Seeds the fetch's random choices.</param>
    /// <param name="now">The time.</param>
    public Fetch(FetchOptions options, FetchRequest request, TokenCache tokens, ulong seed, Instant now)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(tokens);
        _options = options;
        _request = request;
        _tokens = tokens;
        _picker = new BlockPicker(_demand);
        _blocks = new FetchBlocks(options.WindowBytesMax, _paths);
        _random = new SplitMix(seed);
        _started = now;
        _now = now;
        _due = now;
        _lastUseful = now;
        SubscriptionId = _random.NextUInt32();
        _demand.Add(request.DemandOffset, request.DemandLength, isUrgent: false);
        foreach (var server in request.Servers)
        {
            AddPath(now, server);
        }
    }

    /// <summary>Chosen at random by the fetch and carried by all its datagrams, both ways.</summary>
    public uint SubscriptionId { get; }

    /// <summary>What is fetched.</summary>
    public ResourceId Resource => _request.Resource;

    /// <summary>The manifest, once known.</summary>
    public Manifest? Manifest => _blocks.Manifest;

    /// <summary>Why it ended, or <see cref="FetchEndReason.None"/>.</summary>
    public FetchEndReason EndReason { get; private set; }

    /// <summary>Bytes of datagrams that this fetch's part of the socket's receive buffer holds, or 0 when that is not known; may change at
    /// any time. No more than this, beside what is on the way, is let loose at once, so that a receiver that gets no processor for a
    /// while loses nothing.</summary>
    public long ReceiveBufferBytes { get; set; }

    /// <summary>When <see cref="TryPollTransmit"/> has something to do though no datagram came.</summary>
    public Instant NextTimeout => _events.Count > 0 ? _now : _due;

    private bool HasEnded => EndReason != FetchEndReason.None;

    /// <summary>Reads the subscription id of a server's datagram, by which a socket shared by many fetches finds the one meant.</summary>
    public static bool TryReadSubscriptionId(ReadOnlySpan<byte> datagram, out uint subscriptionId) =>
        WireFormat.TryReadHeader(datagram, out _, out subscriptionId);

    /// <summary>Takes one datagram; any bytes at all.</summary>
    public void Handle(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram)
    {
        _now = now;
        if (HasEnded || !_pathByPeer.TryGetValue(from, out var path)
            || !WireFormat.TryReadHeader(datagram, out var type, out var subscriptionId) || subscriptionId != SubscriptionId)
        {
            return;
        }

        if (type == MessageType.Droplet)
        {
            HandleDroplet(now, path, datagram);
        }
        else
        {
            HandleAnswer(now, path, type, datagram);
        }
    }

    /// <summary>Writes what is to be sent next; false when nothing is due yet.</summary>
    /// <param name="now">The time.</param>
    /// <param name="buffer">At least 1500 bytes.</param>
    /// <param name="transmit">What was written.</param>
    public bool TryPollTransmit(Instant now, Span<byte> buffer, out Transmit transmit)
    {
        _now = now;
        transmit = default;
        if (HasEnded)
        {
            return TryUnsubscribe(now, buffer, out transmit);
        }

        if (now < _due)
        {
            return false;
        }

        RunTimers(now);
        if (HasEnded)
        {
            return TryUnsubscribe(now, buffer, out transmit);
        }

        foreach (var path in _paths)
        {
            if (path.NextSubscribe <= now)
            {
                transmit = WriteSubscribe(now, path, buffer);
                return true;
            }
        }

        _due = NextDue(now);
        return false;
    }

    /// <summary>What the owner should know of, oldest first.</summary>
    public bool TryPollEvent(out FetchEvent fetchEvent)
    {
        var isThere = _events.TryDequeue(out fetchEvent);
        if (isThere && fetchEvent.Kind == FetchEventKind.ManifestReady)
        {
            // From here on HTTP may have said what comes: it is this version or none.
            _isManifestTold = true;
            _isReleased = true;
            _due = _now;
        }

        return isThere;
    }

    /// <summary>Says which blocks the owner has already: bit i of word i / 64. Only in answer to
    /// <see cref="FetchEventKind.ManifestReady"/>.</summary>
    public void MarkHeld(ReadOnlySpan<ulong> bitmap)
    {
        if (HasEnded || Manifest is null)
        {
            return;
        }

        _demand.Settle(bitmap);
        for (var i = _blocks.Open.Count - 1; i >= 0; i--)
        {
            var block = _blocks.Open[i];
            if (block.Index >= 0 && block.Phase is BlockPhase.Collecting or BlockPhase.Ready
                && block.Index / 64 < bitmap.Length && (bitmap[block.Index / 64] & (1UL << (block.Index % 64))) != 0)
            {
                Close(block);
            }
        }

        _due = _now;
    }

    /// <summary>Wants these bytes too, after what was demanded before, or first of all when <paramref name="urgent"/>.</summary>
    public void Demand(Instant now, long offset, long length, bool urgent)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        _now = now;
        if (HasEnded)
        {
            return;
        }

        _demand.Add(offset, length, urgent);
        HurryAll(now);
    }

    /// <summary>Adds a server to ask; one that is known is asked no second time.</summary>
    public void AddServer(Instant now, PeerAddress server)
    {
        _now = now;
        if (!HasEnded)
        {
            AddPath(now, server);
            _due = now;
        }
    }

    /// <summary>Ends the fetch; UNSUBSCRIBE is still to be polled.</summary>
    public void Cancel(Instant now, FetchEndReason reason)
    {
        _now = now;
        End(reason == FetchEndReason.None ? FetchEndReason.Cancelled : reason);
    }

    /// <summary>Its figures now.</summary>
    public FetchSnapshot Snapshot(Instant now)
    {
        var sources = new SourceSnapshot[_paths.Count];
        for (var i = 0; i < sources.Length; i++)
        {
            var path = _paths[i];
            sources[i] = new SourceSnapshot
            {
                Peer = path.Peer,
                State = path.Pace.IsLagging && path.State is SourceState.Raining or SourceState.Stale
                    ? SourceState.Withholding : path.State,
                Droplets = path.Droplets,
                Bytes = path.Bytes,
                Lost = Math.Max(0, path.Sequences.Expected - path.Sequences.Received),
                RoundTrip = path.Rate.RoundTrip,
                RateBytesPerSecond = path.Rate.RateBytesPerSecond,
                LastHeard = path.LastHeard,
            };
        }

        return new FetchSnapshot
        {
            VerifiedBytes = _blocks.VerifiedBytes,
            VerifiedBlocks = _blocks.VerifiedBlocks,
            SymbolsNeeded = _blocks.SymbolsNeeded,
            DropletsReceived = _blocks.DropletsReceived,
            WireBytes = _wireBytes,
            Sources = sources,
            Bound = FindBound(),
        };
    }

    /// <summary>Gives decoders and buffers back to their pools.</summary>
    public void Dispose()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        End(FetchEndReason.Cancelled);
        _blocks.Dispose();
    }

    private void AddPath(Instant now, PeerAddress server)
    {
        if (_pathByPeer.ContainsKey(server))
        {
            return;
        }

        var token = _tokens.Find(server, out var memory);
        var path = new FetchPath(server, token, memory, now, _options.IsBackground);
        _paths.Add(path);
        _pathByPeer.Add(server, path);
        if (memory.NarrowUntil > now)
        {
            TakeSmallSymbols(now, server);
        }
    }

    private void Tell(FetchEventKind kind, PeerAddress peer = default) => _events.Enqueue(new FetchEvent(kind, peer));

    private void End(FetchEndReason reason)
    {
        if (HasEnded)
        {
            return;
        }

        EndReason = reason;
        _due = _now;
        Tell(FetchEventKind.Ended);
        foreach (var path in _paths)
        {
            if (path.Rate.BandwidthBytesPerSecond > 0 && path.State != SourceState.Lied)
            {
                _tokens.Store(path.Peer, path.Rate.RoundTripMin, path.Rate.BandwidthBytesPerSecond);
            }
        }
    }

    private bool TryUnsubscribe(Instant now, Span<byte> buffer, out Transmit transmit)
    {
        while (_unsubscribed < _paths.Count)
        {
            var path = _paths[_unsubscribed++];
            if (path.IsValidated && path.State is SourceState.Raining or SourceState.Silent or SourceState.Lied)
            {
                var length = new UnsubscribeMessage
                {
                    SubscriptionId = SubscriptionId,
                    Resource = _request.Resource,
                    ClientTime = WireFormat.Microseconds(now),
                    HasFeedback = path.Sequences.IsHighestKnown,
                    HighestSequence = path.Sequences.HighestKnown,
                }.Write(buffer);
                transmit = new Transmit(path.Peer, length, length);
                return true;
            }
        }

        _due = Instant.Never;
        transmit = default;
        return false;
    }

    private FetchBound FindBound()
    {
        if (_chosen is null || HasEnded)
        {
            return FetchBound.Unknown;
        }

        if (_blocks.Open.Count(static block => block.Phase is BlockPhase.Ready or BlockPhase.Working) * 2 > _blocks.OpenCountMax)
        {
            return FetchBound.Local;
        }

        double rate = 0, ceiling = 0, lost = 0;
        foreach (var path in _paths.Where(path => path.IsRaining))
        {
            rate += path.Rate.BandwidthBytesPerSecond;
            lost += path.Rate.BandwidthBytesPerSecond * path.Rate.LossRatio;
            ceiling += path.CeilingBytesPerSecond > 0 && path.Rate.BandwidthBytesPerSecond > path.CeilingBytesPerSecond * 0.8
                ? path.Rate.BandwidthBytesPerSecond : 0;
        }

        return rate == 0 ? FetchBound.Unknown
            : ceiling > rate / 2 ? FetchBound.SourceRate
            : lost > rate * 0.1 ? FetchBound.Loss
            : FetchBound.Path;
    }
}
