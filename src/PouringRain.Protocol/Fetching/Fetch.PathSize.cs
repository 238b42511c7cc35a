namespace PouringRain.Protocol;

/// <content>
/// A path that is an MTU black hole loses large datagrams and still carries small ones. Blocks and their digests do not depend on the
/// symbol size, so the same version is asked for in small symbols then, of all sources, for a decoder takes symbols of one size. One such
/// source is enough: a block that it alone holds would never come, and small symbols cost the others 1 to 2 % in headers. What was
/// collected of unfinished blocks is given up, about as much as was under way. The server is remembered, so that the next fetch begins
/// with small symbols, for a while: routes change.
/// </content>
public sealed partial class Fetch
{
    private static readonly TimeSpan NarrowLifetime = TimeSpan.FromMinutes(10);
    private PeerAddress _narrow;
    private bool _isNarrowTold;

    /// <summary>Bytes of the symbols that it asks for: those of the version, or smaller ones where large datagrams vanish; 0 before a
    /// version is chosen.</summary>
    public int SymbolSize => _blocks.SymbolSize;

    /// <summary>Bytes of the symbols of the version as it was offered; 0 before a version is chosen.</summary>
    public int SymbolSizeOffered => _chosen?.Layout.SymbolSize ?? 0;

    private void TellNarrow(OfferedVersion version)
    {
        if (_blocks.Layout != version.Layout && !_isNarrowTold)
        {
            _isNarrowTold = true;
            Tell(FetchEventKind.PathIsNarrow, _narrow);
        }
    }

    private void LookForBlackHole(Instant now, FetchPath path, uint nextSequence)
    {
        if (_blocks.AreSmall || _chosen!.SmallLayout == _blocks.Layout || !path.BlackHole.OnAnswer(now, nextSequence, path.Rate.RoundTrip))
        {
            return;
        }

        _tokens.StoreNarrow(path.Peer, now + NarrowLifetime);
        path.Rate.Restart(now);
        _lastUseful = now;
        TakeSmallSymbols(now, path.Peer);
    }

    /// <summary>Asks for small symbols from now on.</summary>
    private void TakeSmallSymbols(Instant now, PeerAddress narrow)
    {
        if (_blocks.AreSmall)
        {
            return;
        }

        _narrow = narrow;
        foreach (var path in _paths)
        {
            WithdrawAll(path);
            path.HasGuesses = false;
            path.Sequences.Skip();
        }

        if (!_blocks.TakeSmallSymbols(_chosen))
        {
            return;
        }

        TellNarrow(_chosen!);
        HurryAll(now);
    }
}
