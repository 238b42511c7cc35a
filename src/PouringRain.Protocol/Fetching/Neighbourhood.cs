using System.Diagnostics.CodeAnalysis;

namespace PouringRain.Protocol;

/// <summary>
/// The company in which a version is fetched: whom servers and those that have turned to this node have named, and which of them are
/// turned to. A few are chosen at random, and whoever has turned to this node is turned to as well, so that the neighbours of all make a
/// random graph. One that is dead or of no use is replaced.
/// </summary>
internal sealed class Neighbourhood
{
    /// <summary>Fetches of fewer blocks need no company.</summary>
    public const int BlockCountMin = 16;

    private const int KnownCountMax = 256, UsefulCountMin = 4;

    /// <summary>Who knows so many is cut off from nobody, whoever dies.</summary>
    private const int KnownCountEnough = 16;

    /// <summary>Those who begin at once know nobody at first: so often they ask again soon.</summary>
    private const int PeersSoonCount = 8;

    private static readonly TimeSpan TickGap = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan PeersGapAtFirst = TimeSpan.FromMilliseconds(100), PeersGapWhenFew = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan PeersGap = TimeSpan.FromSeconds(3), PeersGapWhenEnough = TimeSpan.FromSeconds(60);

    /// <summary>Who did not answer is not asked again for so long; who did may have something to give soon; who lied is never.</summary>
    private static readonly TimeSpan UnansweredMemory = TimeSpan.FromSeconds(30), UselessMemory = TimeSpan.FromSeconds(3);

    /// <summary>To whom nobody has sent a droplet for so long asks those again who did not answer, first after so long, then after twice
    /// that, and so on: where datagrams are lost one of them may be the only one there is.</summary>
    private static readonly TimeSpan StarvingAfter = TimeSpan.FromSeconds(1);

    /// <summary>Each time in a row takes twice as long as the one before, so many times.</summary>
    private const int TimesMax = 5, UselessTimesMax = 2;

    private readonly FetchSwarm _options;
    private readonly ResourceId _resource;
    private readonly HashSet<PeerAddress> _known = [];
    private readonly List<PeerAddress> _knownList = [];
    private readonly Dictionary<PeerAddress, Failure> _failed = [];
    private SplitMix _random;
    private Instant _nextPeers;
    private int _changesSeen, _asked;
    private uint _told;

    public Neighbourhood(FetchSwarm options, ResourceId resource, ulong seed)
    {
        _options = options;
        _resource = resource;
        _random = new SplitMix(seed);
    }

    /// <summary>Whether the fetch is one in company.</summary>
    public bool IsActive { get; private set; }

    /// <summary>When it is to be looked at whether somebody is to come or go.</summary>
    public Instant NextTick { get; private set; } = Instant.Never;

    /// <summary>How many others are known to fetch the version, by the word of the server that knows most.</summary>
    public int KnownCount => Math.Max(_known.Count, (int)Math.Min(_told, int.MaxValue));

    /// <inheritdoc cref="FetchSwarm.ShortManifestBytes"/>
    public int ShortManifestBytes => _options.ShortManifestBytes;

    /// <summary>From now on it is.</summary>
    public void Begin(Instant now)
    {
        IsActive = true;
        NextTick = now;
        _nextPeers = now;
    }

    /// <summary>From now on it is not: what is known is of a version that is not fetched any more.</summary>
    public void End()
    {
        IsActive = false;
        NextTick = Instant.Never;
        _known.Clear();
        _knownList.Clear();
        _failed.Clear();
        _told = 0;
        _asked = 0;
    }

    /// <summary>Takes whom a server names. Somebody on this machine is named to nobody elsewhere.</summary>
    public void OnPeers(Instant now, FetchPath from, in PeersMessage message, ReadOnlySpan<byte> peers)
    {
        _told = Math.Max(_told, message.KnownCount);
        for (var i = 0; i < peers.Length / PeersMessage.PeerBytes; i++)
        {
            var peer = PeersMessage.PeerAt(peers, i);
            if (peer.IsUnicast && (!peer.IsLoopback || from.Peer.IsLoopback))
            {
                Learn(peer);
            }
        }

        NextTick = Instant.Min(NextTick, now);
    }

    /// <summary>What the next JOIN says of this node.</summary>
    /// <param name="now">The time.</param>
    /// <param name="path">To whom.</param>
    /// <param name="held">Blocks that it holds.</param>
    /// <param name="tag">The version's tag.</param>
    /// <param name="usefulCount">Neighbours that are of use.</param>
    /// <param name="lacksManifest">Whether there is no manifest here yet.</param>
    public JoinMessage Describe(Instant now, FetchPath path, int held, uint tag, int usefulCount, bool lacksManifest)
    {
        var wantsPeers = path.IsRaining && now >= _nextPeers;
        if (wantsPeers)
        {
            _nextPeers = now + (_known.Count < _options.NeighbourCountSought && _asked++ < PeersSoonCount ? PeersGapAtFirst
                : _known.Count < Math.Min(_told, KnownCountEnough) ? PeersGapWhenFew
                : usefulCount < UsefulCountMin ? PeersGap : PeersGapWhenEnough);
        }

        return new JoinMessage
        {
            Resource = _resource,
            Tag = tag,
            Token = path.Token,
            Node = _options.Node,
            RainPort = _options.RainPort,
            HeldCount = (uint)held,
            WantsPeers = wantsPeers,
            LacksManifest = lacksManifest,
        };
    }

    /// <summary>Whether somebody has to go: one that does not answer, is busy, has nothing that is wanted, or brings nothing.</summary>
    public bool TryFindUseless(Instant now, IReadOnlyList<FetchPath> paths, [NotNullWhen(true)] out FetchPath? useless)
    {
        useless = null;
        foreach (var path in paths)
        {
            if (path.Neighbour is { IsNamed: true } neighbour
                && (neighbour.HasFailed(now) || path.State is SourceState.Busy or SourceState.NotFound or SourceState.Stale
                    || (now - neighbour.LastUseful > _options.UselessAfter && (!path.IsRaining || HasOthers(now, paths)))))
            {
                useless = path;
                NoteFailed(now, path, neighbour.HasFailed(now));
                return true;
            }
        }

        return false;
    }

    /// <summary>The node's servers learn what those whom they rain on have brought.</summary>
    public void NoteBrought(Sha256Digest version, IReadOnlyList<FetchPath> paths, int dropletBytes)
    {
        if (_options.Table.Find(_resource, version)?.Gifts is { } gifts)
        {
            foreach (var path in paths)
            {
                gifts.NoteBrought(path.Peer, path.Droplets * dropletBytes, path.HasLied);
            }
        }
    }

    /// <summary>Whom to turn to next, if there is room for another.</summary>
    public bool TryChoose(Instant now, Sha256Digest version, IReadOnlyList<FetchPath> paths, out PeerAddress peer)
    {
        peer = default;
        var named = 0;
        foreach (var path in paths)
        {
            named += path.Neighbour is { IsNamed: true } && path.State != SourceState.Lied ? 1 : 0;
        }

        if (named < _options.NeighbourCountMax
            && ((_options.Table.Find(_resource, version) is { } swarm && TryChooseWhoCame(now, swarm, paths, out peer))
                || (named < _options.NeighbourCountSought && (TryChooseKnown(now, paths, isStarving: false, out peer)
                    || (IsStarving(now, paths) && TryChooseKnown(now, paths, isStarving: true, out peer))))))
        {
            return true;
        }

        NextTick = now + TickGap;
        return false;
    }

    private bool TryChooseWhoCame(Instant now, Swarm swarm, IReadOnlyList<FetchPath> paths, out PeerAddress peer)
    {
        peer = default;
        if (swarm.Changes == _changesSeen && _random.Below(8) > 0)
        {
            return false;
        }

        Span<PeerAddress> drawn = stackalloc PeerAddress[PeersMessage.PeerCountMax];
        var count = swarm.Draw(ref _random, _options.Node, withLoopback: true, drawn);
        var isStarving = IsStarving(now, paths);
        foreach (var candidate in drawn[..count])
        {
            if (MayTurnTo(now, candidate, paths, isStarving))
            {
                peer = candidate;
                return true;
            }
        }

        _changesSeen = swarm.Changes;
        return false;
    }

    private bool TryChooseKnown(Instant now, IReadOnlyList<FetchPath> paths, bool isStarving, out PeerAddress peer)
    {
        for (var i = _knownList.Count; i > 0; i--)
        {
            var index = _random.Below(i);
            peer = _knownList[index];
            if (MayTurnTo(now, peer, paths, isStarving))
            {
                return true;
            }

            // It goes to the part of the list that has been looked at.
            (_knownList[index], _knownList[i - 1]) = (_knownList[i - 1], _knownList[index]);
        }

        peer = default;
        return false;
    }

    private void NoteFailed(Instant now, FetchPath path, bool isUnanswered)
    {
        if (_failed.Count >= KnownCountMax)
        {
            foreach (var (other, failure) in _failed)
            {
                if (failure.Until <= now || _failed.Count >= 2 * KnownCountMax)
                {
                    _failed.Remove(other);
                }
            }
        }

        var times = _failed.TryGetValue(path.Peer, out var before) ? before.Times : 0;
        if (path.HasLied)
        {
            _failed[path.Peer] = new Failure(Instant.Never, Instant.Never, 0);
        }
        else if (!isUnanswered)
        {
            // Who was asked and has never brought anything claims what it does not have, or does not give it.
            times = path.Droplets == 0 && path.Pace.IsLagging ? times : 0;
            _failed[path.Peer] = new Failure(
                now + (UselessMemory * (1 << Math.Min(times, UselessTimesMax))), now + UselessMemory, times + 1);
        }
        else
        {
            var soon = StarvingAfter * (1 << Math.Min(times, TimesMax));
            _failed[path.Peer] = new Failure(
                now + UnansweredMemory, now + (soon < UnansweredMemory ? soon : UnansweredMemory), times + 1);
        }
    }

    private bool MayTurnTo(Instant now, PeerAddress peer, IReadOnlyList<FetchPath> paths, bool isStarving = false)
    {
        foreach (var path in paths)
        {
            if (path.Peer == peer)
            {
                return false;
            }
        }

        if (!_failed.TryGetValue(peer, out var failure))
        {
            return true;
        }

        if (failure.Until <= now)
        {
            return true;
        }

        return isStarving && failure.UntilStarving <= now;
    }

    private static bool IsStarving(Instant now, IReadOnlyList<FetchPath> paths)
    {
        foreach (var path in paths)
        {
            if (path.Neighbour is { } neighbour && now - neighbour.LastDroplet < StarvingAfter)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether there is anybody to replace one by.</summary>
    private bool HasOthers(Instant now, IReadOnlyList<FetchPath> paths) => _knownList.Exists(peer => MayTurnTo(now, peer, paths));

    private void Learn(PeerAddress peer)
    {
        if (!_known.Add(peer))
        {
            return;
        }

        if (_knownList.Count < KnownCountMax)
        {
            _knownList.Add(peer);
            return;
        }

        // Whoever is forgotten is drawn, so that nobody can fill the list with names for long.
        var index = _random.Below(_knownList.Count);
        _known.Remove(_knownList[index]);
        _failed.Remove(_knownList[index]);
        _knownList[index] = peer;
    }

    /// <summary>Somebody who was turned to in vain: until when he is not again, until when not even if nobody else brings anything, and
    /// how often in a row that was.</summary>
    private readonly record struct Failure(Instant Until, Instant UntilStarving, int Times);
}
