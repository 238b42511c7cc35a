using System.Diagnostics.CodeAnalysis;

namespace PouringRain.Protocol;

/// <summary>
/// The fetching side: one resource, many servers, one decoder a block. Sans-I/O: whoever owns the socket gives it every datagram
/// that carries its <see cref="SubscriptionId"/>, then calls <see cref="TryPollEvent"/>, <see cref="TryPollWork"/> and
/// <see cref="TryPollTransmit"/> until there is nothing, then waits until <see cref="NextTimeout"/>. Time never goes back. Not
/// thread-safe; <see cref="BlockWork"/> alone runs elsewhere.
/// </summary>
/// <remarks>
/// This is the machine that ties its rooms together. Each calls only those above it:
/// <code>
/// FetchClock, FetchNews        the time; what the owner is told
/// FetchPath (a SymbolSource)   one server: its path, its orders, its pace
/// FetchBlocks                  blocks and symbols; SourceIsolation: who rained wrong bytes
/// BlockPicker, DemandList      which block next
/// VersionChoice                what is on offer, and what goes before what
/// FetchProgress                whether it comes on
/// FetchOrders                  what is on order; OrderShares, OrderGuesses, SubscribeWriter; Inflow: how much comes in company
/// NarrowPaths                  small symbols where large datagrams vanish
/// VersionTurns                 a version's turn begins and ends
/// BlockVerdicts                what follows when a block has enough, is right or is wrong
/// PaceWatch                    who brings nothing is passed over
/// FetchAnswers, FetchDroplets  the ways in
/// FetchCompany                 others that fetch the same; Neighbourhood, Neighbour, HeldMap
/// FetchTimers                  what time brings
/// </code>
/// Blocks know nothing of orders: who closes or restarts one withdraws what is on order for it, which is <see cref="BlockVerdicts"/>.
/// </remarks>
public sealed class Fetch : IDisposable
{
    private readonly FetchOptions _options;
    private readonly TokenCache _tokens;
    private readonly List<FetchPath> _paths = [];
    private readonly Dictionary<PeerAddress, FetchPath> _pathByPeer = [];
    private readonly DemandList _demand = new();
    private readonly PathCeiling _ceiling;
    private readonly FetchClock _clock;
    private readonly FetchNews _news;
    private readonly FetchBeginning? _beginning;
    private readonly FetchBlocks _blocks;
    private readonly VersionChoice _versions;
    private readonly FetchOrders _orders;
    private readonly OrderShares _shares;
    private readonly OrderGuesses _guesses;
    private readonly SubscribeWriter _writer;
    private readonly NarrowPaths _narrow;
    private readonly BlockVerdicts _verdicts;
    private readonly FetchAnswers _answers;
    private readonly FetchDroplets _droplets;
    private readonly FetchTimers _timers;
    private readonly FetchCompany? _company;
    private readonly bool _isOrdered;
    private long _wireBytes;
    private FormerSources _former;
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
        _tokens = tokens;
        Resource = request.Resource;
        SubscriptionId = new SplitMix(seed).NextUInt32();

        _ceiling = new PathCeiling(options.Ceiling, _paths);
        _clock = new FetchClock(now);
        _news = new FetchNews(_paths, tokens, _clock);
        _blocks = new FetchBlocks(options.WindowBytesMax, _paths);
        var picker = new BlockPicker(_demand, _paths, ~seed);
        _versions = new VersionChoice(request.Version, options.DiscoveryTimeout, _paths, _blocks, picker, tokens, _news, _clock);
        var progress = new FetchProgress(options.StallTimeout, now);
        _orders = new FetchOrders(_paths, _blocks, picker, _versions, _clock);
        _shares = new OrderShares(_paths, _blocks, picker, _versions, _orders);
        _guesses = new OrderGuesses(_paths, _demand, _blocks, picker, _versions, _orders);
        var inflow = options.Swarm is null ? null : new Inflow(_paths);
        _writer = new SubscribeWriter(SubscriptionId, Resource, _paths, _blocks, _versions, _orders, inflow);
        _narrow = new NarrowPaths(_paths, _blocks, _versions, _orders, progress, tokens, _news);
        _beginning = request.Beginning;
        var turns = new VersionTurns(_paths, picker, _blocks, _versions, _orders, _guesses, _narrow, progress, _news, request.Beginning);
        _verdicts = new BlockVerdicts(_paths, _blocks, picker, _versions, turns, _orders, progress, _news, _clock);
        var paces = new PaceWatch(_paths, _blocks, _versions, turns, _orders, _narrow, progress);
        _answers = new FetchAnswers(Resource, _paths, tokens, _versions, turns, _orders, _narrow, _news);
        _droplets = new FetchDroplets(_blocks, _versions, _orders, _verdicts, progress, _clock, inflow);
        _timers = new FetchTimers(
            options.DiscoveryTimeout, _paths, _blocks, _versions, turns, _orders, _verdicts, paces, progress, _news, _clock);
        _company = options.Swarm is not { } swarm ? null : new FetchCompany(
            SubscriptionId, new Neighbourhood(swarm, Resource, seed ^ 0xC0FFEE), _paths, _blocks, picker, _versions, _orders, progress,
            _writer, tokens, _clock);

        _demand.Add(request.DemandOffset, request.DemandLength, isUrgent: false, request.IsOrdered);
        _isOrdered = request.IsOrdered;
        foreach (var server in request.Servers)
        {
            AddPath(now, server);
        }
    }

    /// <summary>Chosen at random by the fetch and carried by all its datagrams, both ways.</summary>
    public uint SubscriptionId { get; }

    /// <summary>What is fetched.</summary>
    public ResourceId Resource { get; }

    /// <summary>The manifest, once known.</summary>
    public Manifest? Manifest => _blocks.Manifest;

    /// <summary>The version whose manifest was not understood last, and why.</summary>
    public (Sha256Digest Version, ManifestReading Why)? NotUnderstood => _versions.NotUnderstood;

    /// <summary>Bytes of the symbols that it asks for: those of the version, or smaller ones where large datagrams vanish; 0 before a
    /// version is chosen.</summary>
    public int SymbolSize => _blocks.SymbolSize;

    /// <summary>Bytes of the symbols of the version as it was offered; 0 before a version is chosen.</summary>
    public int SymbolSizeOffered => _versions.Chosen?.Layout.SymbolSize ?? 0;

    /// <summary>When its first droplet came, since it began; null before.</summary>
    public TimeSpan? FirstDroplet => _droplets.First;

    /// <summary>How many others are known to fetch the version, by the word of the server that knows most.</summary>
    public int KnownPeerCount => _company?.KnownCount ?? 0;

    /// <summary>Why it ended, or <see cref="FetchEndReason.None"/>.</summary>
    public FetchEndReason EndReason => _news.EndReason;

    /// <summary>Bytes of datagrams that this fetch's part of the socket's receive buffer holds, or 0 when that is not known; may change at
    /// any time. No more than this, beside what is on the way, is let loose at once, so that a receiver that gets no processor for a
    /// while loses nothing.</summary>
    public long ReceiveBufferBytes { get; set; }

    /// <summary>When <see cref="TryPollTransmit"/> has something to do though no datagram came.</summary>
    public Instant NextTimeout => _news.IsEmpty ? _clock.Due : _clock.Now;

    private bool HasEnded => _news.HasEnded;

    /// <summary>Reads the subscription id of a server's datagram, by which a socket shared by many fetches finds the one meant.</summary>
    public static bool TryReadSubscriptionId(ReadOnlySpan<byte> datagram, out uint subscriptionId) =>
        WireFormat.TryReadHeader(datagram, out _, out subscriptionId);

    /// <summary>Takes one datagram; any bytes at all.</summary>
    public void Handle(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram)
    {
        _clock.Now = now;
        if (HasEnded || !_pathByPeer.TryGetValue(from, out var path)
            || !WireFormat.TryReadHeader(datagram, out var type, out var subscriptionId) || subscriptionId != SubscriptionId)
        {
            return;
        }

        var isTaken = type == MessageType.Droplet
            ? _droplets.Handle(now, path, datagram)
            : _answers.Handle(now, path, type, datagram) || _company?.Handle(now, path, type, datagram) == true;
        _wireBytes += isTaken ? datagram.Length : 0;
    }

    /// <summary>Writes what is to be sent next; false when nothing is due yet.</summary>
    /// <param name="now">The time.</param>
    /// <param name="buffer">At least 1500 bytes.</param>
    /// <param name="transmit">What was written.</param>
    public bool TryPollTransmit(Instant now, Span<byte> buffer, out Transmit transmit)
    {
        _clock.Now = now;
        transmit = default;
        if (HasEnded)
        {
            return TryUnsubscribe(now, buffer, out transmit);
        }

        if (now < _clock.Due)
        {
            return false;
        }

        _timers.Run(now);
        if (HasEnded)
        {
            return TryUnsubscribe(now, buffer, out transmit);
        }

        ChooseCompany(now);

        foreach (var path in _paths)
        {
            if (path.NextSubscribe <= now)
            {
                transmit = Subscribe(now, path, buffer);
                return true;
            }
        }

        if (_company?.TryWrite(now, buffer, out transmit) == true)
        {
            return true;
        }

        _clock.Due = Instant.Min(_timers.NextDue(now), _company?.Due ?? Instant.Never);
        return false;
    }

    /// <summary>What the owner should know of, oldest first.</summary>
    public bool TryPollEvent(out FetchEvent fetchEvent)
    {
        var isThere = _news.TryTake(out fetchEvent);
        if (isThere && fetchEvent.Kind == FetchEventKind.ManifestReady)
        {
            // From here on HTTP may have said what comes: it is this version or none.
            _versions.OnTold();
            _clock.Wake();
        }

        return isThere;
    }

    /// <summary>Says which blocks the owner has already: bit i of word i / 64. Only in answer to
    /// <see cref="FetchEventKind.ManifestReady"/>.</summary>
    public void MarkHeld(ReadOnlySpan<ulong> bitmap)
    {
        if (!HasEnded && Manifest is not null)
        {
            _demand.Settle(bitmap);
            _company?.CountHeld(bitmap);
            _verdicts.CloseHeld(bitmap);
            _clock.Wake();
        }
    }

    /// <summary>A block that has enough symbols: the owner calls <see cref="BlockWork.Run"/> on any thread, keeps the verified bytes,
    /// and gives the work back with <see cref="CompleteWork"/>.</summary>
    public bool TryPollWork([NotNullWhen(true)] out BlockWork? work)
    {
        work = null;
        return !HasEnded && _versions.IsManifestTold && _blocks.TryTakeWork(out work);
    }

    /// <summary>Takes a work back. A block that was verified is done (when <paramref name="kept"/>) and its memory is used again; one
    /// that was not goes on collecting, or has its sources isolated.</summary>
    public void CompleteWork(Instant now, BlockWork work, bool kept)
    {
        ArgumentNullException.ThrowIfNull(work);
        _clock.Now = now;
        var block = work.Block;
        if (_isDisposed || HasEnded || _blocks.Find(block.BlockNumber) != block)
        {
            // The fetch has ended, or is on another version by now.
            block.Phase = BlockPhase.Done;
            block.Decoder?.Dispose();
            return;
        }

        _verdicts.OnWorked(now, work, kept);
    }

    /// <summary>Wants these bytes too, after what was demanded before, or first of all when <paramref name="urgent"/>.</summary>
    public void Demand(Instant now, long offset, long length, bool urgent)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        _clock.Now = now;
        if (HasEnded)
        {
            return;
        }

        _demand.Add(offset, length, urgent, urgent || _isOrdered);
        _orders.HurryAll(now);
    }

    /// <summary>Adds a server to ask; one that is known is asked no second time.</summary>
    public void AddServer(Instant now, PeerAddress server)
    {
        _clock.Now = now;
        if (!HasEnded)
        {
            AddPath(now, server);
            _clock.Wake();
        }
    }

    /// <summary>Ends the fetch; UNSUBSCRIBE is still to be polled.</summary>
    public void Cancel(Instant now, FetchEndReason reason)
    {
        _clock.Now = now;
        _news.End(reason == FetchEndReason.None ? FetchEndReason.Cancelled : reason);
    }

    /// <summary>Its figures now.</summary>
    public FetchSnapshot Snapshot(Instant now)
    {
        var sources = new SourceSnapshot[_paths.Count];
        for (var i = 0; i < sources.Length; i++)
        {
            sources[i] = _paths[i].Snapshot();
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
            KnownPeers = KnownPeerCount,
            Former = _former,
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
        _news.End(FetchEndReason.Cancelled);
        _blocks.Dispose();
        _beginning?.Dispose();
    }

    /// <summary>Turns to others that fetch the same, and away from those who are of no use.</summary>
    private void ChooseCompany(Instant now)
    {
        if (_company is null)
        {
            return;
        }

        _company.Begin(now);
        while (_company.TryFindUseless(now, out var useless))
        {
            _orders.WithdrawAll(useless);
            _company.Leave(useless);
            var figures = useless.Snapshot();
            _former = _former.With(new FormerSources(1, figures.Droplets, figures.Bytes, figures.Lost));
            useless.State = SourceState.NotFound;
            _paths.Remove(useless);
            _pathByPeer.Remove(useless.Peer);
            _orders.HurryAll(now);
        }

        _company.EndIfOfAnother();
        while (_company.TryChoose(now, out var peer))
        {
            AddPath(now, peer, isNamed: true);
        }

        _company.Adjust(now);
    }

    private void AddPath(Instant now, PeerAddress server, bool isNamed = false)
    {
        if (_pathByPeer.ContainsKey(server))
        {
            return;
        }

        var token = _tokens.Find(server, out var memory);
        var path = new FetchPath(server, token, memory, now, _options.IsBackground, _ceiling);
        _paths.Add(path);
        _pathByPeer.Add(server, path);
        _company?.Enter(now, path, isNamed);
        if (memory.NarrowUntil > now)
        {
            _narrow.TakeSmallSymbols(now, server);
        }
    }

    /// <summary>Settles what a path owes, orders of it what it has room for, and says so to its server.</summary>
    private Transmit Subscribe(Instant now, FetchPath path, Span<byte> buffer)
    {
        path.BeforeGrant(now);
        if (_versions.Chosen is not null && path.IsRaining)
        {
            _verdicts.SettleLosses(now, path);
        }

        // A block that was settled may have shown who lied: the path, the version, the fetch may be over.
        if (_versions.Chosen is not null && path.IsRaining && !HasEnded)
        {
            _shares.Fill(now, path);
        }
        else if (_versions.Chosen is null && path.Number == 0 && path.Token != default)
        {
            _guesses.Guess(now, path);
        }

        return _writer.Write(now, path, ReceiveBufferBytes, buffer);
    }

    private bool TryUnsubscribe(Instant now, Span<byte> buffer, out Transmit transmit)
    {
        if (_writer.TryWriteUnsubscribe(now, buffer, out transmit))
        {
            return true;
        }

        _clock.Due = Instant.Never;
        return false;
    }

    private FetchBound FindBound()
    {
        if (_versions.Chosen is null || HasEnded)
        {
            return FetchBound.Unknown;
        }

        if (_blocks.Open.Count(static block => block.Phase is BlockPhase.Ready or BlockPhase.Working) * 2 > _blocks.OpenCountMax)
        {
            return FetchBound.Local;
        }

        double rate = 0, ceiling = 0, lost = 0;
        foreach (var path in _paths.Where(static path => path.IsRaining))
        {
            rate += path.Rate.BandwidthBytesPerSecond;
            lost += path.Rate.BandwidthBytesPerSecond * path.Rate.LossRatio;
            ceiling += path.CeilingBytesPerSecond > 0 && path.Rate.BandwidthBytesPerSecond > path.CeilingBytesPerSecond * 0.8
                ? path.Rate.BandwidthBytesPerSecond : 0;
        }

        return rate == 0 ? FetchBound.Unknown
            : _options.Ceiling is { } own && rate > own.RateBytesPerSecond * 0.7 ? FetchBound.Ceiling
            : ceiling > rate / 2 ? FetchBound.SourceRate
            : lost > rate * 0.1 ? FetchBound.Loss
            : FetchBound.Path;
    }
}
