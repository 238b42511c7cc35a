namespace PouringRain.Protocol;

/// <summary>Where large datagrams vanish on a path, the fetch takes small symbols, of all its sources.</summary>
/// <remarks>
/// A path that is an MTU black hole loses large datagrams and still carries small ones. Blocks and their digests do not depend on the
/// symbol size, so the same version is asked for in small symbols then, of all sources, for a decoder takes symbols of one size. One such
/// source is enough: a block that it alone holds would never come, and small symbols cost the others 1 to 2 % in headers. What was
/// collected of unfinished blocks is given up, about as much as was under way. The server is remembered, so that the next fetch begins
/// with small symbols, for a while: routes change.
/// </remarks>
internal sealed class NarrowPaths
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    private readonly List<FetchPath> _paths;
    private readonly FetchBlocks _blocks;
    private readonly VersionChoice _versions;
    private readonly FetchOrders _orders;
    private readonly FetchProgress _progress;
    private readonly TokenCache _tokens;
    private readonly FetchNews _news;
    private PeerAddress _narrow;
    private bool _isTold;

    public NarrowPaths(
        List<FetchPath> paths, FetchBlocks blocks, VersionChoice versions, FetchOrders orders, FetchProgress progress, TokenCache tokens,
        FetchNews news)
    {
        _paths = paths;
        _blocks = blocks;
        _versions = versions;
        _orders = orders;
        _progress = progress;
        _tokens = tokens;
        _news = news;
    }

    /// <summary>A server of the chosen version says how much it has sent.</summary>
    public void OnAnswer(Instant now, FetchPath path, uint nextSequence)
    {
        if (_blocks.AreSmall || _versions.Chosen!.SmallLayout == _blocks.Layout
            || !path.BlackHole.OnAnswer(now, nextSequence, path.Rate.RoundTrip))
        {
            return;
        }

        _tokens.StoreNarrow(path.Peer, now + Lifetime);
        path.Rate.Restart(now);
        _progress.OnChangedWay(now);
        TakeSmallSymbols(now, path.Peer);
    }

    /// <summary>Asks for small symbols from now on.</summary>
    public void TakeSmallSymbols(Instant now, PeerAddress narrow)
    {
        if (_blocks.AreSmall)
        {
            return;
        }

        _narrow = narrow;
        foreach (var path in _paths)
        {
            _orders.WithdrawAll(path);
            path.HasGuesses = false;
            path.Sequences.Skip();
        }

        if (_blocks.TakeSmallSymbols(_versions.Chosen))
        {
            Tell();
            _orders.HurryAll(now);
        }
    }

    /// <summary>Tells the owner, once, that symbols of the chosen version are smaller than they might be.</summary>
    public void Tell()
    {
        if (_blocks.Layout != _versions.Chosen!.Layout && !_isTold)
        {
            _isTold = true;
            _news.Tell(FetchEventKind.PathIsNarrow, _narrow);
        }
    }
}
