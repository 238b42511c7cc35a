using System.Diagnostics.CodeAnalysis;
using System.Numerics;

namespace PouringRain.Protocol;

/// <summary>Others that fetch the same version and rain on what they hold: JOIN tells them and the servers what is held here, HAVE what
/// they hold, PEERS who else there is. <see cref="Neighbourhood"/> says who comes and goes.</summary>
internal sealed class FetchCompany
{
    /// <summary>A SUBSCRIBE with its headers, or the STATUS that answers it.</summary>
    private const int ControlBytes = 230;

    /// <summary>Of what a path brings, so much may be said on it each way: a dozen slow paths would fill a slow link with words.</summary>
    private const double ControlShare = 0.01;

    private static readonly TimeSpan IntervalAtFirst = TimeSpan.FromMilliseconds(50);

    /// <summary>Between two SUBSCRIBEs to one of whom nothing came since the last.</summary>
    public static readonly TimeSpan IntervalMax = TimeSpan.FromMilliseconds(200);

    private static readonly TimeSpan UsefulWithin = TimeSpan.FromSeconds(3);

    /// <summary>A seeder gives what was suggested to one that is gone to others after as long; who got nothing meanwhile cannot wait for
    /// that as well.</summary>
    private static readonly TimeSpan StarvingAfter = TimeSpan.FromSeconds(5);

    private readonly uint _subscriptionId;
    private readonly Neighbourhood _neighbourhood;
    private readonly List<FetchPath> _paths;
    private readonly FetchBlocks _blocks;
    private readonly BlockPicker _picker;
    private readonly VersionChoice _versions;
    private readonly FetchOrders _orders;
    private readonly FetchProgress _progress;
    private readonly TokenCache _tokens;
    private readonly FetchClock _clock;
    private readonly SubscribeWriter _writer;
    private readonly Queue<FetchPath> _left = [];
    private Sha256Digest _version;
    private bool _lacksManifest;
    private int _heldAtStart;
    private Instant _starvingUntil;

    public FetchCompany(
        uint subscriptionId, Neighbourhood neighbourhood, List<FetchPath> paths, FetchBlocks blocks, BlockPicker picker,
        VersionChoice versions, FetchOrders orders, FetchProgress progress, SubscribeWriter writer, TokenCache tokens, FetchClock clock)
    {
        _subscriptionId = subscriptionId;
        _neighbourhood = neighbourhood;
        _paths = paths;
        _blocks = blocks;
        _picker = picker;
        _versions = versions;
        _orders = orders;
        _progress = progress;
        _writer = writer;
        _tokens = tokens;
        _clock = clock;
    }

    /// <summary>Whether the fetch is one in company.</summary>
    public bool IsActive => _neighbourhood.IsActive;

    /// <summary>How many others are known to fetch the version, by the word of the server that knows most.</summary>
    public int KnownCount => _neighbourhood.KnownCount;

    /// <summary>When there is something to do though nobody says anything.</summary>
    public Instant Due
    {
        get
        {
            if (!IsActive)
            {
                return Instant.Never;
            }

            var due = _left.Count > 0 ? _clock.Now : _neighbourhood.NextTick;
            foreach (var path in _paths)
            {
                due = MayJoin(path) ? Instant.Min(due, path.Neighbour!.NextJoin) : due;
            }

            return due;
        }
    }

    /// <summary>Whether the version that it began with has given way to another, before the owner was told of it.</summary>
    private bool IsOfAnother => IsActive && _versions.Chosen?.Version != _version;

    /// <summary>Begins once the version is known, and no other in question, if what is left is worth company: the first to have the
    /// manifest give it to others. A short manifest is here before anybody is found; then it begins when the owner has been told of it, and
    /// has said what it holds. A fetch that nobody makes in company, and sources that hold all, are none.</summary>
    public void Begin(Instant now)
    {
        if (IsActive)
        {
            TellOfManifest(now);
            return;
        }

        if (_versions.Chosen is not { } chosen || !(_versions.IsManifestTold || IsEarlyOf(chosen))
            || (_picker.CountUpTo(Neighbourhood.BlockCountMin) + _blocks.Open.Count < Neighbourhood.BlockCountMin
                && _paths.TrueForAll(static path => path.HoldsAll || !path.IsRaining)))
        {
            return;
        }

        _version = chosen.Version;
        _lacksManifest = !_versions.IsManifestTold;
        _neighbourhood.Begin(now);
        foreach (var path in _paths)
        {
            path.Neighbour = new Neighbour(now, isNamed: false);
        }

        _clock.Wake();
    }

    /// <summary>Counts what the owner had.</summary>
    public void CountHeld(ReadOnlySpan<ulong> bitmap)
    {
        _heldAtStart = 0;
        var blockCount = _blocks.Layout.BlockCount;
        for (var i = 0; i < bitmap.Length && i * 64 < blockCount; i++)
        {
            var left = blockCount - (i * 64);
            _heldAtStart += BitOperations.PopCount(left >= 64 ? bitmap[i] : bitmap[i] & ((1UL << left) - 1));
        }
    }

    /// <summary>Whether somebody has to go.</summary>
    public bool TryFindUseless(Instant now, [NotNullWhen(true)] out FetchPath? useless)
    {
        useless = null;
        if (IsOfAnother)
        {
            useless = _paths.Find(static path => path.Neighbour is { IsNamed: true });
            return useless is not null;
        }

        return IsActive && now >= _neighbourhood.NextTick && _neighbourhood.TryFindUseless(now, _paths, out useless);
    }

    /// <summary>Ends it where it is that of another version, once those have gone who were named to fetch that.</summary>
    public void EndIfOfAnother()
    {
        if (!IsOfAnother)
        {
            return;
        }

        _neighbourhood.End();
        foreach (var path in _paths)
        {
            path.Neighbour = null;
        }
    }

    /// <summary>Whom to turn to next, if there is room for another.</summary>
    public bool TryChoose(Instant now, out PeerAddress peer)
    {
        peer = default;
        if (!IsActive || now < _neighbourhood.NextTick)
        {
            return false;
        }

        var version = _versions.Chosen!.Version;
        _neighbourhood.NoteBrought(version, _paths, WireFormat.DropletHeaderBytes + _blocks.SymbolSize);
        return _neighbourhood.TryChoose(now, version, _paths, out peer);
    }

    /// <summary>With many sources each brings less, and is asked less often; where none brings anything, each is asked for
    /// anything.</summary>
    public void Adjust(Instant now)
    {
        if (!IsActive)
        {
            return;
        }

        if (now - _progress.LastSymbol >= StarvingAfter)
        {
            _starvingUntil = now + StarvingAfter;
        }

        if (_picker.IsStarving != now < _starvingUntil)
        {
            _picker.IsStarving = now < _starvingUntil;
            _orders.HurryAll(now);
        }

        foreach (var path in _paths)
        {
            path.IntervalLeast = IntervalFor(path);
        }

        SpareSeeder(now);
    }

    /// <summary>A path is there that was not when it began.</summary>
    public void Enter(Instant now, FetchPath path, bool isNamed)
    {
        if (IsActive)
        {
            path.Neighbour = new Neighbour(now, isNamed, isKnown: path.Token != default);
            path.NextSubscribe = path.Neighbour.IsProbed ? Instant.Never : now;
        }
    }

    /// <summary>A path is no more; its server is told if it may take the fetch for its own.</summary>
    public void Leave(FetchPath path)
    {
        if (SubscribeWriter.IsSubscribed(path))
        {
            _left.Enqueue(path);
        }
    }

    /// <summary>Writes what is to be told next; false when nothing is.</summary>
    public bool TryWrite(Instant now, Span<byte> buffer, out Transmit transmit)
    {
        transmit = default;
        if (!IsActive)
        {
            return false;
        }

        if (_left.TryDequeue(out var left))
        {
            transmit = _writer.WriteUnsubscribe(now, left, buffer);
            return true;
        }

        foreach (var path in _paths)
        {
            if (MayJoin(path) && path.Neighbour!.NextJoin <= now)
            {
                var message = _neighbourhood.Describe(
                    now, path, _heldAtStart + _blocks.VerifiedBlocks, _versions.Chosen!.Tag, UsefulCount(now), _lacksManifest);
                message.SubscriptionId = _subscriptionId;
                var length = path.Neighbour.WriteJoin(now, buffer, message);
                transmit = new Transmit(path.Peer, length, length);
                return true;
            }
        }

        return false;
    }

    /// <summary>Takes HAVE and PEERS; false when it is neither, or of something else.</summary>
    public bool Handle(Instant now, FetchPath path, MessageType type, ReadOnlySpan<byte> datagram)
    {
        if (!IsActive || _versions.Chosen is not { } chosen || path.HasLied || path.Neighbour is not { } neighbour)
        {
            return false;
        }

        if (type == MessageType.Peers && PeersMessage.TryParse(datagram, out var message, out var peers) && message.Tag == chosen.Tag)
        {
            path.OnHeard(now, datagram.Length);
            _neighbourhood.OnPeers(now, path, message, peers);
            _clock.Wake();
            return true;
        }

        if (type != MessageType.Have || !HaveMessage.TryParse(datagram, out var have, out var bitmap, out var arrivals, out var suggested)
            || have.Tag != chosen.Tag)
        {
            return false;
        }

        path.OnHeard(now, datagram.Length);
        _clock.Wake();
        if (!have.IsAddressValidated)
        {
            // A token and nothing else: with it the server is subscribed to.
            path.Token = have.Token;
            path.TokenNumber = path.Number;
            _tokens.Store(path.Peer, have.Token);
            neighbour.OnToken(now);
            path.NextSubscribe = now;
            return true;
        }

        var heldMost = neighbour.HeldMost;
        var isMore = neighbour.OnHave(now, have, _blocks.Layout.BlockCount, bitmap, arrivals, suggested);
        if (neighbour.HeldMost > heldMost)
        {
            _progress.OnOthersCameOn(now);
        }

        path.HoldsAll = have.IsComplete;
        _picker.IsInCompany |= neighbour.IsSuggestedOnly || !path.HoldsAll;
        if (_picker.MindsSuggestions(path))
        {
            TakeOver(now, path, neighbour);
        }

        if (isMore && path.IsRaining)
        {
            path.RefusedBlocks.Clear();
            if (_orders.IsShort(path))
            {
                _orders.Hurry(now, path);
            }
        }

        return true;
    }

    private bool IsEarlyOf(OfferedVersion chosen) =>
        chosen.ManifestBytes > _neighbourhood.ShortManifestBytes && _blocks.Manifest is null && !_versions.HasRival;

    /// <summary>From here on there is something to give on.</summary>
    private void TellOfManifest(Instant now)
    {
        if (!_lacksManifest || !_versions.IsManifestTold)
        {
            return;
        }

        _lacksManifest = false;
        foreach (var path in _paths)
        {
            path.Neighbour?.Tell(now);
        }

        _clock.Wake();
    }

    /// <summary>A seeder that is asked for the manifest by a thousand at once sends it for as long as half of the blocks would take. Where
    /// somebody else has it, who has not begun to send it does not either.</summary>
    private void SpareSeeder(Instant now)
    {
        if (_blocks.Manifest is not null || _blocks.Find(WireFormat.ManifestBlockNumber) is not { ReceivedCount: 0 } manifest
            || !_orders.IsManifestElsewhere(now))
        {
            return;
        }

        var isWithdrawn = false;
        foreach (var path in _paths)
        {
            for (var i = 0; i < path.Log.Count && _picker.MindsSuggestions(path); i++)
            {
                if (path.Log.ItemAt(i).BlockNumber == manifest.BlockNumber && path.Log.OutstandingAt(i) > 0)
                {
                    _orders.Withdraw(path, i);
                    isWithdrawn = true;
                }
            }
        }

        if (isWithdrawn)
        {
            _orders.HurryAll(now);
        }
    }

    private static TimeSpan IntervalFor(FetchPath path)
    {
        var share = ControlShare * path.Rate.BandwidthBytesPerSecond;
        return share == 0 ? IntervalAtFirst
            : share * IntervalMax.TotalSeconds <= ControlBytes ? IntervalMax : TimeSpan.FromSeconds(ControlBytes / share);
    }

    private static bool MayJoin(FetchPath path) =>
        path.Neighbour is { } neighbour && (neighbour.IsProbed || (path.IsRaining && path.IsValidated));

    /// <summary>A source that suggests blocks sends every block to one first. What it was asked for before it said so is of others, unless
    /// it suggests just that; and so is what another has suggested that is gone.</summary>
    private void TakeOver(Instant now, FetchPath path, Neighbour neighbour)
    {
        for (var i = neighbour.Suggested.Count - 1; i >= 0; i--)
        {
            if (_blocks.Find((uint)neighbour.Suggested[i]) is { } block
                && (block.SuggestedBy is null || block.SuggestedBy == path || !block.SuggestedBy.IsRaining))
            {
                block.SuggestedBy = path;
                neighbour.OnTaken(now, neighbour.Suggested[i]);
            }
            else if (!_picker.IsOpen(neighbour.Suggested[i]))
            {
                neighbour.Decline(now, neighbour.Suggested[i]);
            }
        }

        for (var i = 0; i < path.Log.Count; i++)
        {
            if (_blocks.Find(path.Log.ItemAt(i).BlockNumber) is { Index: >= 0 } block && block.SuggestedBy != path
                && block.IsolatedSource != path)
            {
                _orders.Withdraw(path, i);
            }
        }

        path.Log.Trim();
    }

    private int UsefulCount(Instant now)
    {
        var count = 0;
        foreach (var path in _paths)
        {
            count += path is { IsRaining: true, Neighbour: { IsNamed: true } neighbour } && now - neighbour.LastUseful < UsefulWithin
                ? 1 : 0;
        }

        return count;
    }
}
