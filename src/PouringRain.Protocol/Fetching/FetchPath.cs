using static PouringRain.Protocol.Durations;

namespace PouringRain.Protocol;

/// <summary>One server in the eyes of a fetch: what it said, what was asked of it, and the path to it.</summary>
internal sealed class FetchPath : SymbolSource
{
    /// <summary>Until one is asked again: that is busy, that rains and of whom nothing is wanted, that has not what is wanted.</summary>
    public static readonly TimeSpan BusyGap = TimeSpan.FromMilliseconds(250), IdleGap = TimeSpan.FromMilliseconds(500),
        ProbeGap = TimeSpan.FromSeconds(1);

    // The first retry comes when a round trip on most networks would have ended; the last gap keeps a silent server's return short.
    private static readonly TimeSpan RetryFirst = TimeSpan.FromMilliseconds(100), RetryMax = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan IntervalMin = TimeSpan.FromMilliseconds(2), IntervalMax = TimeSpan.FromMilliseconds(50);

    // Four round trips of silence are death, but never less than what a busy machine may make a live process wait.
    private static readonly TimeSpan QuietMin = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan ReorderingMin = TimeSpan.FromMilliseconds(1);

    private const int RefusedBlockCountMax = 4096;
    private static readonly TimeSpan RefusalMemory = TimeSpan.FromMilliseconds(500);
    private readonly PathCeiling _ceiling;
    private readonly long _rateBefore;
    private Instant _refusedAt;
    private TimeSpan _retry = RetryFirst;
    private TimeSpan _reordering = ReorderingMin;
    private long _grantedExpected, _grantedReceived;
    private Instant? _unechoedSince;
    private bool _wasEchoed;

    // Until the next SUBSCRIBE, where something is on order: it need not be heard before that is answered.
    private TimeSpan _rest;

    public FetchPath(PeerAddress peer, Bits128 token, PathMemory memory, Instant now, bool isBackground, PathCeiling ceiling)
        : base(peer)
    {
        Token = token;
        const int dropletBytes = WireFormat.DropletHeaderBytes + ResourceLayout.UsualSymbolSize;
        Rate = isBackground ? new ScavengerRateControl(dropletBytes, memory) : new DeliveryRateControl(dropletBytes, memory);
        NextSubscribe = now;
        QuietSince = now;
        WithheldBefore = memory.WithheldUntil > now ? memory.Withheld : null;
        _rateBefore = memory.RateBytesPerSecond;
        _ceiling = ceiling;
    }

    /// <summary>What it is to a fetch in company; null in one that is alone.</summary>
    public Neighbour? Neighbour { get; set; }

    /// <summary>Whether it says that it holds every block.</summary>
    public bool HoldsAll { get; set; }

    /// <summary>Which blocks it holds; null when it holds all, or has told nothing of it.</summary>
    public HeldMap? Held => HoldsAll ? null : Neighbour?.Held;

    /// <summary>Whether anything is known of what it holds.</summary>
    public bool MayHoldAny => HoldsAll || Neighbour?.Held is not null;

    public Bits128 Token { get; set; }

    public OfferedVersion? Offer { get; set; }

    public bool WasToldStale { get; set; }

    public bool IsValidated { get; set; }

    /// <summary>Whether what is in the log was asked before the layout was known.</summary>
    public bool HasGuesses { get; set; }

    public RequestLog Log { get; } = new();

    public SequenceTracker Sequences { get; } = new();

    public IRateControl Rate { get; }

    /// <summary>Bytes of datagrams a second that the server may send: what the path carries, and no more than its part of the fetch's
    /// ceiling.</summary>
    public long RateAllowed => Math.Min(Rate.RateBytesPerSecond, _ceiling.RateOfOne);

    /// <summary>What it is known to carry, bytes a second; of what was held back there is little to be learnt.</summary>
    public long RateKnown => Math.Max(_ceiling.HasHeld ? _rateBefore : 0, Rate.BandwidthBytesPerSecond);

    /// <summary>Whether what is ordered of it comes.</summary>
    public DeliveryPace Pace { get; } = new();

    /// <summary>A version that it offered a while ago and did not bring, and has not brought since.</summary>
    public Sha256Digest? WithheldBefore { get; set; }

    /// <summary>Whether large datagrams vanish on it.</summary>
    public BlackHoleWatch BlackHole { get; } = new();

    public HashSet<uint> RefusedBlocks { get; } = [];

    public uint Number { get; set; }

    /// <summary>The last one that was not under <see cref="Token"/>.</summary>
    public uint TokenNumber { get; set; }

    public uint ServerTime { get; set; }

    public Instant NextSubscribe { get; set; }

    public Instant LastSubscribe { get; set; }

    public Instant? LastHeard { get; private set; }

    /// <summary>Since when nothing has been heard though something was asked.</summary>
    public Instant QuietSince { get; private set; }

    public long Droplets { get; set; }

    public long Bytes { get; set; }

    public long CeilingBytesPerSecond { get; set; }

    /// <summary>How long after a droplet one sent before it may still come.</summary>
    public TimeSpan Reordering => _reordering;

    /// <summary>What <see cref="Interval"/> is at least: longer where there are many sources, whose SUBSCRIBEs share one way out.</summary>
    public TimeSpan IntervalLeast { get; set; } = IntervalMin;

    /// <summary>Time between two SUBSCRIBEs while there is rain: four in a round trip.</summary>
    public TimeSpan Interval => Clamp(Rate.RoundTrip / 4, IntervalLeast, Max(IntervalLeast, IntervalMax));

    /// <summary>Whether a droplet came since the last SUBSCRIBE.</summary>
    public bool HasBrought { get; private set; }

    /// <summary>When a source with this path that is not heard counts as dead.</summary>
    public Instant QuietAt => QuietSince + Max(QuietMin, (Rate.RoundTrip * 4) + Max(Interval, _rest));

    /// <summary>Symbols that should be on order, so that the server never waits for a request: what it sends in a round trip and the
    /// time between requests, half as much again, and 10 ms against late timers.</summary>
    public int CreditTarget(int dropletBytes)
    {
        var time = (Rate.RoundTrip * 1.5) + (Interval * 2) + TimeSpan.FromMilliseconds(10);
        var symbols = RateAllowed * time.TotalSeconds / dropletBytes / (1 - Math.Min(Rate.LossRatio, 0.5));
        return (int)Math.Clamp(symbols, 4, 1 << 20);
    }

    /// <summary>Bytes of datagrams a second that can be expected of it.</summary>
    public long RateExpected => Rate.BandwidthBytesPerSecond > 0 ? Rate.BandwidthBytesPerSecond : Rate.RateBytesPerSecond;

    /// <summary>Whether answers are long overdue though it rains: they wait in a queue that has
    /// become slow, and so would what is asked now.</summary>
    public bool IsBehind(Instant now) => _unechoedSince is { } since && now - since > (Rate.RoundTrip * 3) + (Interval * 2) + QuietMin;

    public override bool MayBeAskedFor(uint blockNumber) => IsRaining && !RefusedBlocks.Contains(blockNumber)
        && (blockNumber == WireFormat.ManifestBlockNumber || MayHold((int)blockNumber));

    public override bool IsSetBack(Instant now) => Pace.IsLagging && now < Pace.PassedOverUntil;

    public void OnHeard(Instant now, int bytes)
    {
        LastHeard = now;
        QuietSince = now;
        Bytes += bytes;
        _retry = RetryFirst;
    }

    public void OnEcho(Instant now, uint clientTime, uint heldMicroseconds)
    {
        var elapsed = (int)unchecked(WireFormat.Microseconds(now) - clientTime - heldMicroseconds);
        if (elapsed >= 0 && elapsed < 60_000_000)
        {
            _unechoedSince = null;
            _wasEchoed = true;
            Rate.OnRoundTrip(now, TimeSpan.FromMicroseconds(elapsed));
        }
    }

    /// <summary>A droplet came.</summary>
    /// <returns>Whether the next SUBSCRIBE is due earlier than it was for that.</returns>
    public bool OnDroplet(Instant now)
    {
        if (HasBrought)
        {
            return false;
        }

        HasBrought = true;
        var due = now + Interval;
        if (_rest == TimeSpan.Zero || due >= NextSubscribe)
        {
            return false;
        }

        NextSubscribe = due;
        return true;
    }

    /// <summary>A droplet came that was taken for lost: the network mixes more than was thought.</summary>
    public void OnLate()
    {
        _reordering = Min(Max(_reordering * 2, TimeSpan.FromMilliseconds(4)), Max(Rate.RoundTrip, TimeSpan.FromMilliseconds(60)));
    }

    public void BeforeGrant(Instant now)
    {
        Rate.OnGrant(now, Sequences.Expected - _grantedExpected, Sequences.Received - _grantedReceived, Interval);
        _grantedExpected = Sequences.Expected;
        _grantedReceived = Sequences.Received;
        _reordering = Max(_reordering, Min(Rate.RoundTripMin / 8, TimeSpan.FromMilliseconds(10)));
    }

    /// <param name="now">The time.</param>
    /// <param name="gap">Time to the next one, or <see langword="null"/> for the retries of a path that owes an answer.</param>
    public void AfterSubscribe(Instant now, TimeSpan? gap)
    {
        LastSubscribe = now;
        HasBrought = false;
        _unechoedSince ??= _wasEchoed ? now : null;
        if (gap is { } wait)
        {
            _rest = Log.Outstanding > 0 && wait > Interval ? wait : TimeSpan.Zero;
            NextSubscribe = now + wait;
            return;
        }

        NextSubscribe = now + _retry;
        _retry = Min(_retry * 2, RetryMax);
    }

    /// <summary>Asks for a SUBSCRIBE soon, but not more often than is useful.</summary>
    public void Hurry(Instant now) => NextSubscribe = Instant.Min(NextSubscribe, Instant.Max(now, LastSubscribe + (Interval / 4)));

    public void OnAsked(Instant now)
    {
        if (Log.Outstanding == 0)
        {
            QuietSince = now;
        }
    }

    public void Refuse(Instant now, uint blockNumber)
    {
        _refusedAt = RefusedBlocks.Count == 0 ? now : _refusedAt;
        if (RefusedBlocks.Count < RefusedBlockCountMax)
        {
            RefusedBlocks.Add(blockNumber);
        }
    }

    /// <summary>A source that did not hold a block may hold it by now.</summary>
    public void ForgetRefusals(Instant now)
    {
        if (RefusedBlocks.Count > 0 && now - _refusedAt > RefusalMemory)
        {
            RefusedBlocks.Clear();
        }
    }

    /// <summary>Its figures now.</summary>
    public SourceSnapshot Snapshot() => new()
    {
        Peer = Peer,
        State = Pace.IsLagging && State is SourceState.Raining or SourceState.Stale ? SourceState.Withholding : State,
        Droplets = Droplets,
        Bytes = Bytes,
        Lost = Math.Max(0, Sequences.Expected - Sequences.Received),
        RoundTrip = Rate.RoundTrip,
        RateBytesPerSecond = Rate.RateBytesPerSecond,
        LastHeard = LastHeard,
        IsNamed = Neighbour is { IsNamed: true },
        HoldsAll = HoldsAll,
        HeldBlocks = Held?.Count,
    };

    /// <summary>Whether it may hold a block, for all that is known.</summary>
    public bool MayHold(int block) => Held?.Has(block) ?? true;

    private static TimeSpan Clamp(TimeSpan value, TimeSpan low, TimeSpan high) => Min(Max(value, low), high);
}
