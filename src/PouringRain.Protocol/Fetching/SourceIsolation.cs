namespace PouringRain.Protocol;

/// <summary>Who rains wrong bytes? A block of several sources whose hash is wrong does not say, so that from then on each block is
/// collected from one source alone.</summary>
/// <remarks>
/// They take turns, until one fails alone: it lied if another source alone gives the same block right, or if it fails alone twice (one
/// datagram damaged on the way must not condemn an honest source). When every source has given a block alone, or a liar is dropped, blocks
/// are shared again.
/// </remarks>
internal sealed class SourceIsolation
{
    private const int SuccessesToTrust = 2, FailuresToCondemn = 2;

    private readonly IReadOnlyList<SymbolSource> _askable;
    private readonly List<CollectingBlock> _open;
    private bool _isOn;
    private int _turn;

    /// <param name="askable">The sources that may be asked for a block alone; the list grows.</param>
    /// <param name="open">The blocks in work.</param>
    public SourceIsolation(IReadOnlyList<SymbolSource> askable, List<CollectingBlock> open)
    {
        _askable = askable;
        _open = open;
    }

    /// <summary>A block turned out wrong: notes who gave it alone, or that nobody did.</summary>
    /// <returns>The source that is proven a liar by it, if one is.</returns>
    public SymbolSource? OnWrong(CollectingBlock block)
    {
        if (TellerOf(block) is { } source)
        {
            source.IsolatedFailures++;
            block.IsolatedFailures.Add(source);
            return source.IsolatedFailures >= FailuresToCondemn ? source : null;
        }

        if (!_isOn)
        {
            _isOn = true;
            for (var i = 0; i < _askable.Count; i++)
            {
                _askable[i].IsolatedSuccesses = 0;
            }
        }

        return null;
    }

    /// <summary>A block turned out right: notes who gave it alone, who proves that all others lied who failed at it alone.</summary>
    /// <returns>That source, or null when nobody gave it alone.</returns>
    public static SymbolSource? OnRight(CollectingBlock block)
    {
        var teller = TellerOf(block);
        if (teller is not null)
        {
            teller.IsolatedSuccesses++;
        }

        return teller;
    }

    /// <summary>Shares blocks again when all sources have earned it.</summary>
    public void EndIfTrusted(Instant now)
    {
        if (!_isOn)
        {
            return;
        }

        for (var i = 0; i < _askable.Count; i++)
        {
            var source = _askable[i];
            if (source.IsRaining && !source.IsSetBack(now) && source.IsolatedSuccesses < SuccessesToTrust)
            {
                return;
            }
        }

        End();
    }

    /// <summary>Shares blocks again.</summary>
    public void End()
    {
        _isOn = false;
        foreach (var block in _open)
        {
            // A block that one source alone got wrong stays alone: it is what tells who lied.
            if (block.IsolatedFailures.Count == 0)
            {
                block.IsolatedSource = null;
            }
        }
    }

    /// <summary>Gives a block that is opened to one source, as long as sources are isolated.</summary>
    public void Assign(Instant now, CollectingBlock block)
    {
        if (_isOn)
        {
            block.IsolatedSource = NextFor(now, block);
        }
    }

    /// <summary>The next source in turn, one that brings something and has not failed at this block if there is one.</summary>
    public SymbolSource? NextFor(Instant now, CollectingBlock block)
    {
        SymbolSource? any = null;
        for (var i = 0; i < _askable.Count; i++)
        {
            var source = _askable[_turn++ % _askable.Count];
            if (source.MayBeAskedFor(block.BlockNumber))
            {
                var isSetBack = source.IsSetBack(now);
                if (!isSetBack && !block.IsolatedFailures.Contains(source))
                {
                    return source;
                }

                any = any is null || (!isSetBack && any.IsSetBack(now)) ? source : any;
            }
        }

        return any;
    }

    private static SymbolSource? TellerOf(CollectingBlock block) =>
        block.IsolatedSource ?? (block.Contributors.Count == 1 ? block.Contributors[0] : null);
}
