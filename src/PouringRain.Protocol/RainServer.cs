namespace PouringRain.Protocol;

/// <summary>
/// The serving side: answers subscriptions with paced droplets and keeps nothing of a client beyond a soft-state row of the
/// subscriber table. Sans-I/O: whoever owns the socket calls <see cref="Handle"/> for every datagram, then
/// <see cref="TryPollTransmit"/> and <see cref="TryPollEvent"/> until there is nothing, then waits until
/// <see cref="NextTimeout"/> or the next datagram. Time never goes back. Not thread-safe.
/// </summary>
/// <remarks>
/// The way of a SUBSCRIBE: its address token is checked; without a good one it is answered (OFFER, NOT_FOUND) with no more bytes
/// than it had, and forgotten. With one its row takes the request log. A row with requests waits in a heap until its pacer lets
/// it send, then in the ready ring for its turn; a turn is a burst of equal droplets of at most a millisecond's worth of its rate,
/// and under a ceiling of an equal part for all, so that the ring is a deficit round robin. All is O(1) or O(log n) a burst.
/// </remarks>
public sealed partial class RainServer
{
    private const int EventCountMax = 256;

    /// <summary>Two SUBSCRIBEs of a client that waits, which come a second apart.</summary>
    private static readonly TimeSpan UnconfirmedLifetime = TimeSpan.FromSeconds(2);

    private readonly RainServerOptions _options;
    private readonly IRainCatalog _catalog;
    private readonly AddressTokens _tokens;
    private readonly CeilingShare? _ceiling;
    private readonly SubscriberTable _table = new();
    private readonly PeerCredits _credits = new();
    private readonly SubscriberHeap _waiting = new();
    private readonly ReadyRing _ready = new();
    private readonly AnswerQueue _answers = new(512, OfferMessage.BytesMax);
    private readonly AnswerQueue? _consultAnswers;
    private readonly ManifestRain _manifests = new();
    private readonly Queue<PropagateRequest> _events = new();
    private SplitMix _random;
    private Instant _now;
    private bool _isClosing;

    /// <summary>Makes a server.</summary>
    /// <param name="options">Bounds.</param>
    /// <param name="catalog">What there is to rain.</param>
    /// <param name="seed">Seeds the server's random choices.</param>
    public RainServer(RainServerOptions options, IRainCatalog catalog, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(catalog);
        _options = options;
        _catalog = catalog;
        _tokens = new AddressTokens(options.TokenKey);
        _ceiling = options.Ceiling?.Join();
        _random = new SplitMix(seed);
        _consultAnswers = options.Consult is null ? null : new AnswerQueue(64, WireFormat.ConsultBytesMax);
    }

    /// <summary>Droplets sent so far.</summary>
    public long DropletsSent { get; private set; }

    /// <summary>Their bytes.</summary>
    public long BytesSent { get; private set; }

    /// <summary>Of these, what went to nodes that fetch in company.</summary>
    public long CompanyBytesSent { get; private set; }

    /// <summary>Rows of the subscriber table.</summary>
    public int SubscriberCount => _table.Count;

    /// <summary>When <see cref="TryPollTransmit"/> has something to do though no datagram came.</summary>
    public Instant NextTimeout
    {
        get
        {
            if (_answers.Count > 0 || _consultAnswers is { Count: > 0 } || _swarmAnswers is { Count: > 0 }
                || (_isClosing && _table.Count > 0))
            {
                return _now;
            }

            var next = Instant.Min(ExpiryOf(_table.Oldest), ExpiryOf(_table.OldestUnconfirmed));
            if (_ready.Count > 0)
            {
                next = Instant.Min(next, _ceiling?.Due(_now) ?? _now);
            }

            return _waiting.First is { } first ? Instant.Min(next, first.Due) : next;
        }
    }

    /// <summary>Whether it has been closed and has told every subscriber.</summary>
    public bool IsClosed => _isClosing && _table.Count == 0 && _answers.Count == 0;

    /// <summary>Rains no more: every subscriber is told BUSY, upon which a client turns to its other sources at once, and so is everybody
    /// who subscribes from now on.</summary>
    public void Close() => _isClosing = true;

    /// <summary>Gives back its part of a ceiling that others share; it is called no more.</summary>
    public void Retire() => _ceiling?.Leave();

    /// <summary>Takes one datagram; any bytes at all.</summary>
    /// <returns>The resource that the catalog is still loading: nothing was done, and the datagram is to be given again once that is loaded
    /// (<see cref="AwaitedDatagrams"/>). Otherwise <see langword="null"/>.</returns>
    public ResourceId? Handle(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram)
    {
        _now = now;
        if (!WireFormat.TryReadHeader(datagram, out var type, out var subscriptionId))
        {
            return null;
        }

        switch (type)
        {
            case MessageType.Subscribe:
                return HandleSubscribe(now, from, datagram);
            case MessageType.Unsubscribe when UnsubscribeMessage.TryParse(datagram, out var message):
                if (_table.Find(from, subscriptionId) is { } subscriber && subscriber.Resource == message.Resource)
                {
                    Remove(subscriber);
                    TakeFeedback(now, subscriber, message.HasFeedback, message.HighestSequence);
                }

                break;
            case MessageType.Propagate:
                return HandlePropagate(now, from, datagram);
            case MessageType.Join:
                HandleJoin(now, from, datagram);
                break;
            case MessageType.Consult:
                HandleConsult(now, from, datagram);
                break;
            default:
                break;
        }

        return null;
    }

    /// <summary>Writes what is to be sent next; false when nothing is due yet.</summary>
    /// <param name="now">The time.</param>
    /// <param name="buffer">At least <see cref="WireFormat.DatagramBytesMax"/> bytes; 65,507 or more let a burst go out whole.</param>
    /// <param name="transmit">What was written.</param>
    public bool TryPollTransmit(Instant now, Span<byte> buffer, out Transmit transmit)
    {
        _now = now;
        if (TryAnswer(now, buffer, out transmit))
        {
            return true;
        }

        if (_isClosing)
        {
            return TryDismiss(buffer, out transmit);
        }

        while (_table.Oldest is { } oldest && ExpiryOf(oldest) <= now)
        {
            Remove(oldest);
        }

        while (_table.OldestUnconfirmed is { } unconfirmed && ExpiryOf(unconfirmed) <= now)
        {
            Remove(unconfirmed);
        }

        while (_waiting.First is { } first && first.Due <= now)
        {
            _waiting.Remove(first);
            first.Place = SubscriberPlace.Ready;
            _ready.Enqueue(first, CompanyOf(first));
        }

        while (_ready.Count > 0 && (_ceiling is null || _ceiling.MaySend(now, _ready.Count)))
        {
            if (_ready.TryDequeue(now, out var subscriber) && subscriber.Place == SubscriberPlace.Ready
                && TryBurst(now, subscriber, buffer, out transmit))
            {
                return true;
            }
        }

        if (_ready.Count == 0)
        {
            _ceiling?.Rest();
        }

        // A subscriber that came to its end without a droplet in this call may owe its client a word.
        return TryAnswer(now, buffer, out transmit);
    }

    /// <summary>What the owner should know of, oldest first.</summary>
    public bool TryPollEvent(out PropagateRequest request) => _events.TryDequeue(out request);

    /// <summary>The subscriber table as it is now.</summary>
    public SubscriberSnapshot[] SnapshotSubscribers(Instant now) =>
    [
        .. _table.Rows.Select(row => new SubscriberSnapshot(
            row.Peer, row.Resource, row.RateBytesPerSecond, row.Droplets, ExpiryOf(row) - now)),
    ];

    /// <summary>Who has never shown that it hears is kept for a shorter time.</summary>
    private Instant ExpiryOf(Subscriber? row) =>
        row is null ? Instant.Never
        : row.IsConfirmed || _options.SubscriptionLifetime < UnconfirmedLifetime ? row.Renewed + _options.SubscriptionLifetime
        : row.Renewed + UnconfirmedLifetime;

    private ResourceId? HandleSubscribe(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram)
    {
        if (!SubscribeMessage.TryParse(datagram, out var message, out var items))
        {
            return null;
        }

        if (!TryFind(message, out var content, out var isOther))
        {
            return message.Resource;
        }

        Answer(now, from, datagram.Length, message, items, content, isOther);
        return null;
    }

    /// <param name="now">The time.</param>
    /// <param name="from">Who asks.</param>
    /// <param name="length">Bytes of the datagram.</param>
    /// <param name="message">What it says.</param>
    /// <param name="items">What it requests.</param>
    /// <param name="content">What there is, or <see langword="null"/>.</param>
    /// <param name="isOther">Whether that is not the version that was asked for.</param>
    private void Answer(
        Instant now, PeerAddress from, int length, SubscribeMessage message, ReadOnlySpan<byte> items, IRainContent? content, bool isOther)
    {
        var row = _table.Find(from, message.SubscriptionId);
        if (row is not null && row.Resource != message.Resource)
        {
            Remove(row);
            row = null;
        }

        var isValidated = IsTokenValid(now, from, row, message.Token, out var isCurrent);
        if (content is null || !ManifestRain.CanRain(content.Manifest, out var code))
        {
            if (row is not null && isValidated)
            {
                Remove(row);
            }

            AnswerShort(from, MessageType.NotFound, message, length);
            return;
        }

        if (isOther || !isValidated)
        {
            if (row is not null && isValidated)
            {
                Remove(row);
            }

            AnswerOffer(now, from, content, message, isValidated, length);
            return;
        }

        var isNew = row is null;
        if (row is null)
        {
            var isFull = _table.Count >= _options.SubscriberCountMax;
            if (!_isClosing && isFull && _table.FindToGiveWay(from) is { } other)
            {
                Remove(other);
                isFull = false;
            }

            if (_isClosing || isFull)
            {
                AnswerShort(from, MessageType.Busy, message, length);
                return;
            }

            row = AddRow(now, from, message, content);
        }

        _table.Renew(row, now);
        row.Token = message.Token;
        row.TokenBucket = AddressTokens.BucketAt(now);
        if (isNew || SequenceNumber.IsAfter(message.Number, row.Number))
        {
            Apply(
                now, row, content, message, items, isNew,
                new ServedLayout(LayoutFor(message, content), code!, content.Manifest.Bytes.Length));
        }

        if (message.Version is null || message.WantsOffer || !isCurrent)
        {
            AnswerOffer(now, from, content, message, isValidated: true, int.MaxValue);
        }
        else
        {
            AnswerStatus(now, row);
        }
    }

    private bool IsTokenValid(Instant now, PeerAddress from, Subscriber? row, Bits128 token, out bool isCurrent)
    {
        if (row is not null && token != default && row.Token == token && row.TokenBucket == AddressTokens.BucketAt(now))
        {
            // It was checked in this bucket, and is still what it was then; the refresh was answered then, too.
            isCurrent = true;
            return true;
        }

        return _tokens.IsValid(token, from, now, out isCurrent);
    }

    /// <summary>The version that was asked for, or else the newest; false when the catalog cannot say yet.</summary>
    private bool TryFind(in SubscribeMessage message, out IRainContent? content, out bool isOther)
    {
        var answer = message.Version is { } version
            ? FindVersion(message.Resource, version, out content)
            : _catalog.Find(message.Resource, out content);
        isOther = answer == CatalogAnswer.Missing;
        if (isOther && message.Version is not null)
        {
            answer = _catalog.Find(message.Resource, out content);
        }

        return answer != CatalogAnswer.Loading;
    }

    private CatalogAnswer FindVersion(ResourceId id, Sha256Digest version, out IRainContent? content)
    {
        var answer = _catalog.Find(id, version.Tag, out content);
        if (answer == CatalogAnswer.Found && content!.Manifest.Version != version)
        {
            content = null;
            return CatalogAnswer.Missing;
        }

        return answer;
    }

    private static ResourceLayout LayoutFor(in SubscribeMessage message, IRainContent content) =>
        message.WantsSmallSymbols ? content.Manifest.SmallLayout : content.Manifest.Layout;

    private Subscriber AddRow(Instant now, PeerAddress from, SubscribeMessage message, IRainContent content)
    {
        var firstSequence = _random.NextUInt32();
        var row = new Subscriber
        {
            Peer = from,
            SubscriptionId = message.SubscriptionId,
            Credit = _credits.Enter(from),
            Resource = message.Resource,
            Content = content,
            Layout = LayoutFor(message, content),
            Renewed = now,
            FirstSequence = firstSequence,
            NextSequence = firstSequence,
            AcknowledgedSequence = unchecked(firstSequence - 1),
        };
        row.StartPacer(now);
        _table.Add(row);
        _ceiling?.NoteSubscribers(_table.Count);
        return row;
    }

    private void Apply(
        Instant now, Subscriber row, IRainContent content, SubscribeMessage message, ReadOnlySpan<byte> items, bool isNew,
        ServedLayout layout)
    {
        row.Refill(now);
        TakeFeedback(now, row, message.HasFeedback, message.HighestSequence);
        row.Number = message.Number;
        row.ClientTime = message.ClientTime;
        row.ClientTimeCame = now;
        row.RateBytesPerSecond = message.RateBytesPerSecond;
        row.InFlightMax = message.InFlightMax;
        var isRestart = isNew;
        if (row.Content.Manifest.Version != content.Manifest.Version)
        {
            LeaveCompany(row);
            row.Restart(content);
            isRestart = true;
        }

        row.Content = content;
        row.Layout = LayoutFor(message, content);

        row.TakeRequests(message.FirstRequest, items, message.AreGuesses, layout, isRestart);
        if (row.Place == SubscriberPlace.Waiting)
        {
            _waiting.Remove(row);
            row.Place = SubscriberPlace.Idle;
        }

        if (row.Place == SubscriberPlace.Idle)
        {
            Schedule(now, row);
        }
    }

    /// <summary>Takes what a client says to have been sent. It knows that from a droplet or a STATUS, which nobody sends it but this
    /// server; what this row has not sent is about a row before it.</summary>
    private void TakeFeedback(Instant now, Subscriber row, bool hasFeedback, uint highestSequence)
    {
        var confirmed = SequenceNumber.Distance(highestSequence, row.AcknowledgedSequence);
        if (!hasFeedback || SequenceNumber.Distance(row.NextSequence, highestSequence) <= 0 || confirmed < 0
            || (confirmed == 0 && row.IsConfirmed))
        {
            return;
        }

        row.AcknowledgedSequence = highestSequence;
        row.Credit.Confirm(confirmed, row.DropletBytes);
        _table.Confirm(row);
        for (var count = row.Credit.BlockedCount; count > 0; count--)
        {
            if (row.Credit.TryUnblock(out var waiting))
            {
                Schedule(now, waiting);
            }
        }
    }

    private void Remove(Subscriber row)
    {
        _table.Remove(row);
        _credits.Leave(row);
        LeaveCompany(row);
        _ceiling?.NoteSubscribers(_table.Count);
        if (row.Place == SubscriberPlace.Waiting)
        {
            _waiting.Remove(row);
        }

        row.Place = SubscriberPlace.Idle;
    }
}
