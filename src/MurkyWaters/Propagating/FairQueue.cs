namespace MurkyWaters.Propagating;

/// <summary>
/// Requests that wait for one of a few places, each counting for the share of who sent it:
/// <list type="number">
/// <item>shares take turns, however much waits in each; those whose sources failed lately go behind all others;</item>
/// <item>nobody takes the last places: each share may have some, and only while enough are left for others more; those that failed never
/// come to the last ones;</item>
/// <item>what waits is bounded for each share and for all. When all is full the fullest share loses its newest request.</item>
/// </list>
/// Not thread-safe.
/// </summary>
/// <param name="placeCount">Places, 4 or more.</param>
/// <param name="shareMax">Requests that may wait in one share.</param>
/// <param name="countMax">Requests that may wait in all.</param>
/// <param name="hasFailed">Whether the sources of a share failed lately.</param>
internal sealed class FairQueue(int placeCount, int shareMax, int countMax, Func<AskedSource, bool> hasFailed)
{
    /// <summary>Places that a share may have whatever is left, and that are left for others when it wants more.</summary>
    private const int ReserveCount = 2;

    /// <summary>Shares of sources that are not known: who has as many addresses may crowd out others of that kind alone.</summary>
    private const int UnknownCountMax = 256;

    private readonly Dictionary<AskedSource, Share> _shares = [];
    private readonly LinkedList<Share> _turns = new();
    private int _freeCount = placeCount;

    /// <summary>Requests that wait.</summary>
    public int Count { get; private set; }

    /// <summary>Puts a request at the end of its share; false when there is no room. What had to make room is told.</summary>
    public bool TryAdd(AskedFetch request, out AskedFetch? lost)
    {
        lost = null;
        if (!_shares.TryGetValue(request.Share, out var share))
        {
            if (!request.Share.IsKnown && _shares.Count >= UnknownCountMax)
            {
                return false;
            }

            _shares[request.Share] = share = new Share(request.Share);
        }

        if (share.Waiting.Count >= shareMax)
        {
            return false;
        }

        if (Count >= countMax)
        {
            var fullest = _shares.Values.MaxBy(one => one.Waiting.Count)!;
            if (fullest.Waiting.Count <= share.Waiting.Count + 1)
            {
                Forget(share);
                return false;
            }

            lost = fullest.Waiting.Last!.Value;
            fullest.Waiting.RemoveLast();
            Count--;
        }

        if (share.Waiting.Count == 0)
        {
            share.Turn = _turns.AddLast(share);
        }

        share.Waiting.AddLast(request);
        Count++;
        return true;
    }

    /// <summary>Takes the next request that may have a place; <see cref="Release"/> gives that back.</summary>
    public bool TryTake(out AskedFetch request)
    {
        request = null!;
        if (_freeCount == 0)
        {
            return false;
        }

        var chosen = _turns.FirstOrDefault(share => MayTake(share, failed: false))
            ?? _turns.FirstOrDefault(share => MayTake(share, failed: true));
        if (chosen is null)
        {
            return false;
        }

        request = chosen.Waiting.First!.Value;
        chosen.Waiting.RemoveFirst();
        Count--;
        _freeCount--;
        chosen.TakenCount++;
        _turns.Remove(chosen.Turn!);
        if (chosen.Waiting.Count > 0)
        {
            _turns.AddLast(chosen.Turn!);
        }

        return true;
    }

    /// <summary>Gives back the place of a request.</summary>
    public void Release(AskedFetch request)
    {
        var share = _shares[request.Share];
        share.TakenCount--;
        _freeCount++;
        Forget(share);
    }

    /// <summary>Empties it; what has a place keeps it.</summary>
    public void Clear()
    {
        Count = 0;
        _turns.Clear();
        foreach (var share in _shares.Values.ToArray())
        {
            share.Waiting.Clear();
            Forget(share);
        }
    }

    private bool MayTake(Share share, bool failed) =>
        hasFailed(share.Source) == failed
        && (failed
            ? share.TakenCount < ReserveCount && _freeCount > ReserveCount
            : share.TakenCount < ReserveCount || _freeCount > ReserveCount);

    private void Forget(Share share)
    {
        if (share.Waiting.Count == 0 && share.TakenCount == 0)
        {
            _shares.Remove(share.Source);
        }
    }

    private sealed class Share(AskedSource source)
    {
        public AskedSource Source { get; } = source;

        public LinkedList<AskedFetch> Waiting { get; } = new();

        public LinkedListNode<Share>? Turn { get; set; }

        public int TakenCount { get; set; }
    }
}
