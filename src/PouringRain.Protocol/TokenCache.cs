namespace PouringRain.Protocol;

/// <summary>Address tokens that servers gave to this process, so that a later fetch starts raining in one round trip, and what was
/// last measured of the path to them. Bounded; the one least recently used goes first. Thread-safe.</summary>
public sealed class TokenCache
{
    private readonly Lock _gate = new();
    private readonly int _countMax;
    private readonly Dictionary<PeerAddress, LinkedListNode<Entry>> _byPeer = [];
    private readonly LinkedList<Entry> _byUse = [];

    /// <summary>Makes a cache.</summary>
    /// <param name="countMax">Servers remembered, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="countMax"/> is below 1.</exception>
    public TokenCache(int countMax = 4096)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(countMax, 1);
        _countMax = countMax;
    }

    /// <summary>Servers remembered now.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _byPeer.Count;
            }
        }
    }

    /// <summary>The token of a server, or zero.</summary>
    internal Bits128 Find(PeerAddress peer, out PathMemory memory)
    {
        lock (_gate)
        {
            if (!_byPeer.TryGetValue(peer, out var node))
            {
                memory = default;
                return default;
            }

            _byUse.Remove(node);
            _byUse.AddFirst(node);
            memory = node.Value.Memory;
            return node.Value.Token;
        }
    }

    internal void Store(PeerAddress peer, Bits128 token) => Update(peer, entry => entry with { Token = token });

    /// <summary>Keeps what was measured of a path; whether it is narrow is another matter.</summary>
    internal void Store(PeerAddress peer, TimeSpan roundTrip, long rateBytesPerSecond) => Update(
        peer, entry => entry with { Memory = entry.Memory with { RoundTrip = roundTrip, RateBytesPerSecond = rateBytesPerSecond } });

    /// <summary>Large datagrams vanish on the path from a server, and will for a while.</summary>
    internal void StoreNarrow(PeerAddress peer, Instant until) =>
        Update(peer, entry => entry with { Memory = entry.Memory with { NarrowUntil = until } });

    /// <summary>A server offers a version and does not bring it, and is taken to go on so for a while.</summary>
    internal void StoreWithheld(PeerAddress peer, Sha256Digest version, Instant until) =>
        Update(peer, entry => entry with { Memory = entry.Memory with { Withheld = version, WithheldUntil = until } });

    private void Update(PeerAddress peer, Func<Entry, Entry> change)
    {
        lock (_gate)
        {
            if (_byPeer.TryGetValue(peer, out var node))
            {
                node.Value = change(node.Value);
                _byUse.Remove(node);
                _byUse.AddFirst(node);
                return;
            }

            if (_byPeer.Count == _countMax)
            {
                _byPeer.Remove(_byUse.Last!.Value.Peer);
                _byUse.RemoveLast();
            }

            _byPeer[peer] = _byUse.AddFirst(change(new Entry(peer, default, default)));
        }
    }

    private readonly record struct Entry(PeerAddress Peer, Bits128 Token, PathMemory Memory);
}

/// <summary>What a fetch found out about a path, for the next one to start from; zeros when nothing.</summary>
/// <param name="RoundTrip">The least round-trip time.</param>
/// <param name="RateBytesPerSecond">The rate it carried.</param>
/// <param name="NarrowUntil">Until when large datagrams are taken to vanish on it.</param>
/// <param name="Withheld">The version that the server offered last and did not bring.</param>
/// <param name="WithheldUntil">Until when it is taken to go on so.</param>
internal readonly record struct PathMemory(
    TimeSpan RoundTrip, long RateBytesPerSecond, Instant NarrowUntil = default, Sha256Digest Withheld = default,
    Instant WithheldUntil = default);
