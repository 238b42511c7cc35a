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
    private ResourceLayout? _layout;
    private PeerAddress _narrow;
    private bool _isSmall, _isNarrowTold;

    /// <summary>Bytes of the symbols that it asks for: those of the version, or smaller ones where large datagrams vanish; 0 before a
    /// version is chosen.</summary>
    public int SymbolSize => _layout?.SymbolSize ?? 0;

    /// <summary>Bytes of the symbols of the version as it was offered; 0 before a version is chosen.</summary>
    public int SymbolSizeOffered => _chosen?.Layout.SymbolSize ?? 0;

    /// <summary>The blocks of the version chosen, in symbols of the size that is asked for.</summary>
    private ResourceLayout Layout => _layout!;

    private void SetLayout(OfferedVersion version)
    {
        _pool?.Dispose();
        _layout = _isSmall ? version.SmallLayout : version.Layout;
        _pool = new BlockPool(version.Code, _layout.SymbolSize, _layout.BlockCount > 0 ? _layout.SymbolsOf(0) : 0);
        if (_layout != version.Layout && !_isNarrowTold)
        {
            _isNarrowTold = true;
            Tell(FetchEventKind.PathIsNarrow, _narrow);
        }
    }

    private void LookForBlackHole(Instant now, FetchPath path, uint nextSequence)
    {
        if (_isSmall || _chosen!.SmallLayout == Layout || !path.BlackHole.OnAnswer(now, nextSequence, path.Rate.RoundTrip))
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
        if (_isSmall)
        {
            return;
        }

        _isSmall = true;
        _narrow = narrow;
        foreach (var path in _paths)
        {
            WithdrawAll(path);
            path.HasGuesses = false;
            path.Sequences.Skip();
        }

        if (_chosen is null || _chosen.SmallLayout == Layout)
        {
            return;
        }

        SetLayout(_chosen);
        foreach (var block in _open)
        {
            // One that has enough, or is at work, is as good as ever.
            if (block.Phase == BlockPhase.Collecting)
            {
                Restart(block);
            }
        }

        HurryAll(now);
    }

    /// <summary>Forgets a block's symbols; from now on it takes those of the size that is asked for.</summary>
    private void Restart(CollectingBlock block)
    {
        if (block.SymbolSize != Layout.SymbolSize)
        {
            _symbolsNeeded -= block.SymbolCount;
            block.GiveBack(_pool!);
            block.Exchange(Layout.SymbolSize, _chosen!.Code);
            _symbolsNeeded += block.SymbolCount;
        }

        block.Restart();
    }
}
