namespace PouringRain.Protocol;

/// <summary>One row of the subscriber table: what a server knows of one subscription, all of it soft. About 200 bytes and the
/// requests that are pending.</summary>
internal sealed class Subscriber
{
    // A subscriber that is behind (a late timer, a turn that came late) catches up at most this much.
    private static readonly TimeSpan CatchUp = TimeSpan.FromMilliseconds(5);
    private const int InitialBurstDroplets = 10;

    /// <summary>So that it has half of what the others have: all of it in the end, and before that what they leave.</summary>
    private const int TakerWeight = 2;

    /// <summary>What a sink is given before anybody else comes to nobody: it is to have just enough to show that it is none.</summary>
    private const int SinkWeight = 16;

    private static readonly RequestItem[] NoItems = [];

    private RequestItem[] _items = NoItems;
    private int _itemCount;
    private uint _firstRequest;
    private int _itemIndex;
    private int _offset;
    private Instant _refilled;
    private double _allowanceBytes;

    public required PeerAddress Peer { get; init; }

    public required uint SubscriptionId { get; init; }

    /// <summary>What its peer may be sent, over all its subscriptions.</summary>
    public required PeerCredit Credit { get; init; }

    /// <summary>Whether it waits for room in <see cref="Credit"/>.</summary>
    public bool IsBlocked { get; set; }

    /// <summary>Whether its peer has shown that it hears this server; see <see cref="PeerCredit"/>.</summary>
    public bool IsConfirmed { get; set; }

    public required ResourceId Resource { get; init; }

    public required IRainContent Content { get; set; }

    /// <summary>Its blocks, in symbols of the size that the client wants.</summary>
    public required ResourceLayout Layout { get; set; }

    public uint Tag => DropletMessage.TagOf(Content.Manifest.Version);

    /// <summary>What it is in the swarm of its version, once it has said so; and then with whom it shares its turns.</summary>
    public SwarmMember? Member { get; set; }

    /// <inheritdoc cref="Member"/>
    public Company? Company { get; set; }

    /// <summary>Its number in <see cref="Company"/>.</summary>
    public int Serial { get; set; }

    /// <summary>When it had its last turn in <see cref="Company"/>, or entered it.</summary>
    public Instant LastTurn { get; set; }

    /// <summary>Blocks that it held when it last said so.</summary>
    public uint HeldReported { get; set; }

    /// <summary>Symbols of blocks sent since then.</summary>
    public long SymbolsSinceReport { get; set; }

    /// <summary>Bytes of droplets sent before it said what it is (<see cref="Member"/>).</summary>
    public long BytesAlone { get; set; }

    /// <summary>The less it holds, counting what it has been sent, the less this is: what it holds in the high half, its number in
    /// <see cref="Company"/> in the low one. What one holds that takes and does not give on counts <see cref="TakerWeight"/> times. While
    /// a seeder gives each block to somebody first, it gives all of them equally many: who loses much would have them all, and it would
    /// take long until the others have them.</summary>
    public long Deprivation
    {
        get
        {
            var isFirstRound = Member is { Swarm.Seed.IsOver: false };
            var held = isFirstRound ? Member!.Gift.Bytes / ((long)DropletBytes * Layout.SymbolsOfLargest)
                : HeldReported + (SymbolsSinceReport / Layout.SymbolsOfLargest);
            var weighted = Member is { IsTaker: true } ? held * (isFirstRound ? SinkWeight : TakerWeight) : held;
            return (Math.Min(weighted, int.MaxValue) << 32) | (uint)Serial;
        }
    }

    public Bits128 Token { get; set; }

    public long TokenBucket { get; set; }

    public Instant Renewed { get; set; }

    public uint Number { get; set; }

    public uint ClientTime { get; set; }

    public Instant ClientTimeCame { get; set; }

    public uint RateBytesPerSecond { get; set; }

    public uint FirstSequence { get; init; }

    public uint NextSequence { get; set; }

    public uint AcknowledgedSequence { get; set; }

    public uint InFlightMax { get; set; }

    public long Droplets { get; set; }

    public uint[] Refused { get; } = new uint[StatusMessage.RefusedCountMax];

    public int RefusedCount { get; private set; }

    /// <summary>Whether droplets went out since the client was last told that all is served.</summary>
    public bool OwesDryStatus { get; set; }

    /// <summary>Where it waits; see <see cref="RainServer"/>.</summary>
    public SubscriberPlace Place { get; set; }

    public Instant Due { get; set; }

    public int HeapIndex { get; set; } = -1;

    public Subscriber? Older { get; set; }

    public Subscriber? Newer { get; set; }

    public uint CursorRequest => unchecked(_firstRequest + (uint)_itemIndex);

    public ushort CursorOffset => (ushort)_offset;

    public bool HasRequests => _itemIndex < _itemCount;

    public RequestItem Current => _items[_itemIndex];

    public uint CurrentEsi => _items[_itemIndex].EsiAt(_offset);

    /// <summary>Symbols of the current request that are not sent yet.</summary>
    public int CurrentLeft => _items[_itemIndex].Count - _offset;

    public int DropletBytes => WireFormat.DropletHeaderBytes + Layout.SymbolSize;

    /// <summary>Droplets that may go out before the client is heard again.</summary>
    public int InFlightRoom =>
        (int)Math.Clamp((long)InFlightMax - SequenceNumber.Distance(NextSequence, unchecked(AcknowledgedSequence + 1)), 0, int.MaxValue);

    /// <summary>Starts over with another version.</summary>
    public void Restart(IRainContent content)
    {
        Content = content;
        BytesAlone = 0;
        _itemCount = 0;
        _itemIndex = 0;
        _offset = 0;
        RefusedCount = 0;
    }

    /// <summary>Takes the request log of a SUBSCRIBE: goes on where it stands, or at the first request if that is later.</summary>
    public void TakeRequests(uint firstRequest, ReadOnlySpan<byte> items, bool areGuesses, ServedLayout layout, bool isNew)
    {
        var cursor = CursorRequest;
        var offset = _offset;
        var count = items.Length / RequestItem.SizeBytes;
        var skip = isNew ? 0 : SequenceNumber.Distance(cursor, firstRequest);
        if (skip < 0 || isNew)
        {
            skip = 0;
            offset = 0;
        }

        if (_items.Length < count)
        {
            _items = new RequestItem[(count + 7) & ~7];
        }

        for (var i = 0; i < count; i++)
        {
            _items[i] = layout.Clamp(RequestItem.Read(items[(i * RequestItem.SizeBytes)..]), areGuesses);
        }

        // The cursor may be beyond the list when an earlier one was longer: then there is nothing to do until numbers get there.
        _firstRequest = skip > count ? unchecked(cursor - (uint)count) : firstRequest;
        _itemCount = count;
        _itemIndex = Math.Min(skip, count);
        _offset = _itemIndex < count ? offset : 0;
        SkipServed();
    }

    /// <summary>So many symbols of the current request were sent.</summary>
    public void Advance(int count)
    {
        _offset += count;
        SkipServed();
    }

    /// <summary>The current request cannot be served: the client is told with the next STATUS.</summary>
    public void RefuseCurrent()
    {
        if (RefusedCount == Refused.Length)
        {
            Array.Copy(Refused, 1, Refused, 0, Refused.Length - 1);
            RefusedCount--;
        }

        Refused[RefusedCount++] = CursorRequest;
        _itemIndex++;
        _offset = 0;
        SkipServed();
    }

    /// <summary>The pacer: how many bytes may go out now.</summary>
    public double Refill(Instant now)
    {
        var elapsed = (now.Nanoseconds - _refilled.Nanoseconds) * 1e-9;
        _refilled = now;
        var ceiling = Math.Max(RateBytesPerSecond * CatchUp.TotalSeconds, InitialBurstDroplets * DropletBytes);
        _allowanceBytes = Math.Min(_allowanceBytes + (elapsed * RateBytesPerSecond), ceiling);
        return _allowanceBytes;
    }

    public void Spend(int bytes) => _allowanceBytes -= bytes;

    /// <summary>When <paramref name="bytes"/> may go out.</summary>
    public Instant DueFor(Instant now, double bytes)
    {
        var missing = bytes - _allowanceBytes;
        return RateBytesPerSecond == 0 ? Instant.Never
            : missing <= 0 ? now
            : new Instant(now.Nanoseconds + (long)Math.Min(missing / RateBytesPerSecond * 1e9, 60e9) + 1);
    }

    public void StartPacer(Instant now)
    {
        _refilled = now;
        _allowanceBytes = InitialBurstDroplets * DropletBytes;
    }

    private void SkipServed()
    {
        while (_itemIndex < _itemCount && _offset >= _items[_itemIndex].Count)
        {
            _itemIndex++;
            _offset = 0;
        }
    }
}

/// <summary>Where a subscriber waits.</summary>
internal enum SubscriberPlace
{
    /// <summary>It asks for nothing more, or must be heard first.</summary>
    Idle,

    /// <summary>In the heap, until its pacer lets it.</summary>
    Waiting,

    /// <summary>In the ring of those whose turn comes.</summary>
    Ready,
}
