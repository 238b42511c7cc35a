namespace PouringRain.Protocol;

/// <summary>What is on order, at which server, for which block: the accounts of paths and blocks kept in step, and who is passed over.
/// <see cref="OrderGuesses"/> and <see cref="OrderShares"/> order, <see cref="SubscribeWriter"/> says so to the servers.</summary>
/// <remarks>
/// What is missing is divided among the sources by pull: each source's order book is kept as full as its rate and round trip need,
/// from the earliest block that misses symbols. So shares follow the measured rates. An ESI is asked for once, of one source; what
/// is lost is made good by an ESI that nobody was asked for yet.
/// </remarks>
internal sealed class FetchOrders
{
    private readonly List<FetchPath> _paths;
    private readonly FetchBlocks _blocks;
    private readonly BlockPicker _picker;
    private readonly VersionChoice _versions;
    private readonly FetchClock _clock;

    public FetchOrders(List<FetchPath> paths, FetchBlocks blocks, BlockPicker picker, VersionChoice versions, FetchClock clock)
    {
        _paths = paths;
        _blocks = blocks;
        _picker = picker;
        _versions = versions;
        _clock = clock;
    }

    /// <summary>Bytes of the symbols that are asked for before the layout is known.</summary>
    public int GuessedSymbolSize => _blocks.AreSmall ? ResourceLayout.SmallSymbolSize : ResourceLayout.UsualSymbolSize;

    /// <summary>Whether sources hold different blocks.</summary>
    public bool IsInCompany => _picker.IsInCompany;

    public int DropletBytes =>
        WireFormat.DropletHeaderBytes + (_versions.Chosen is null ? GuessedSymbolSize : _blocks.SymbolSize);

    /// <summary>Whether something is missing that nobody was asked for.</summary>
    public bool HasDeficit()
    {
        var loss = LossExpected();
        foreach (var block in _blocks.Open)
        {
            if (block.Deficit(loss) > 0)
            {
                return true;
            }
        }

        return _blocks.Room > 0 && _picker.HasAny;
    }

    /// <summary>Whether a path may bring anything that nobody was asked for.</summary>
    public bool MayBring(FetchPath path)
    {
        if (!_picker.IsInCompany)
        {
            return HasDeficit();
        }

        var loss = LossExpected();
        foreach (var block in _blocks.Open)
        {
            if (MayServe(path, block) && block.Deficit(loss) > 0)
            {
                return true;
            }
        }

        return _picker.CanPick(path) && (_blocks.Room > 0 || FindIdle(path) is not null);
    }

    /// <summary>Whether a path may be asked for anything of what is still to come, were it not on order.</summary>
    public bool MayHelp(FetchPath path)
    {
        if (!_picker.IsInCompany)
        {
            return true;
        }

        foreach (var block in _blocks.Open)
        {
            if (block.Phase == BlockPhase.Collecting && MayServe(path, block))
            {
                return true;
            }
        }

        return _picker.CanPick(path);
    }

    /// <summary>Whether symbols of a block in work may be ordered of a path: in company, of who holds it, and of one that suggests blocks
    /// only what it has suggested; or what is to come from it alone, also before it has said what it holds: it may be who rains wrong
    /// bytes.</summary>
    public bool MayServe(FetchPath path, CollectingBlock block) =>
        block.IsOpenTo(path) && !path.RefusedBlocks.Contains(block.BlockNumber)
        && (!_picker.IsInCompany
            || (block.Index < 0 ? !_picker.MindsSuggestions(path) || block.ReceivedCount > 0 || !IsManifestElsewhere(_clock.Now)
                : _picker.MindsSuggestions(path) ? block.SuggestedBy == path || block.IsolatedSource == path
                : (path.MayHoldAny || block.IsolatedSource == path) && path.MayHold(block.Index)));

    /// <summary>Whether somebody rains the version, and so has its manifest, who is not asked to be spared.</summary>
    public bool IsManifestElsewhere(Instant now)
    {
        foreach (var path in _paths)
        {
            if (path.IsRaining && path.IsValidated && path.Offer == _versions.Chosen && !path.IsSetBack(now)
                && !_picker.MindsSuggestions(path))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Symbols that should be on order of a path. In company a source that serves whoever holds least may not serve this fetch for
    /// a while, and when it does it is to send a block whole: so one is on order at least, whatever its rate.</summary>
    public int CreditOf(FetchPath path)
    {
        var credit = path.CreditTarget(DropletBytes);
        if (!_picker.IsInCompany || _blocks.Layout.BlockCount == 0)
        {
            return credit;
        }

        var block = _blocks.Layout.SymbolsOfLargest;
        return Math.Max(credit, path.Log.Outstanding + (path.Log.Outstanding < block / 2 ? block : 0));
    }

    /// <summary>The share of what is on order that will not come.</summary>
    public double LossExpected()
    {
        double weight = 0, loss = 0;
        foreach (var path in _paths)
        {
            if (path.IsRaining && !path.IsSetBack(_clock.Now))
            {
                weight += path.Rate.RateBytesPerSecond;
                loss += path.Rate.RateBytesPerSecond * path.Rate.LossRatio;
            }
        }

        return weight == 0 ? 0 : Math.Min(loss / weight, 0.5);
    }

    /// <summary>Whether a source that brought nothing must wait while others of the version are asked. Where nobody does better, nobody is
    /// passed over.</summary>
    public bool IsPassedOver(SymbolSource source, Instant now)
    {
        if (!source.IsSetBack(now))
        {
            return false;
        }

        foreach (var other in _paths)
        {
            if (other != source && other.IsRaining && other.Offer == _versions.Chosen && !other.IsSetBack(now))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Opens the block that is next for this path, if the window has room or one that is idle gives way.</summary>
    public bool TryOpenNext(FetchPath path)
    {
        var idle = _blocks.Room > 0 ? null : FindIdle(path);
        if ((_blocks.Room <= 0 && idle is null) || !_picker.TryPick(_clock.Now, path, out var index))
        {
            return false;
        }

        if (idle is not null)
        {
            _blocks.PutBack(idle);
            _picker.OnPutBack(idle.Index);
        }

        _picker.OnOpened(index);
        _blocks.OpenBlock(_clock.Now, index);
        if (_picker.MindsSuggestions(path))
        {
            _blocks.Open[^1].SuggestedBy = path;
        }

        return true;
    }

    /// <summary>A block in work that waits for a source that may never come: nothing is on order for it, this path may not be asked for it,
    /// and nothing of it is here, or nobody may be asked. In company such blocks would fill the window for good: those of a neighbour that
    /// has died, or never held what it claimed, while a source that suggests blocks waits to be asked for others.</summary>
    private CollectingBlock? FindIdle(FetchPath path)
    {
        if (!_picker.IsInCompany)
        {
            return null;
        }

        CollectingBlock? idle = null;
        foreach (var block in _blocks.Open)
        {
            if (block.Index < 0 || block.Phase != BlockPhase.Collecting || block.Outstanding > 0 || block.IsolatedSource is not null
                || MayServe(path, block))
            {
                continue;
            }

            if (block.ReceivedCount == 0)
            {
                return block;
            }

            idle ??= MayAnyServe(block) ? null : block;
        }

        return idle;
    }

    private bool MayAnyServe(CollectingBlock block)
    {
        foreach (var path in _paths)
        {
            if (path.IsRaining && !path.IsSetBack(_clock.Now) && MayServe(path, block))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Orders the next symbols of a block.</summary>
    public void Order(Instant now, FetchPath path, CollectingBlock block, int count)
    {
        path.OnAsked(now);
        path.Pace.OnOrdered(now, count);
        path.Log.Add(block.Take(count, _versions.Chosen!.EsiMax));
    }

    /// <summary>Declares lost what should have come of a request a reordering window ago.</summary>
    /// <returns>The block whose account that changed, if one's was.</returns>
    public CollectingBlock? DeclareLost(Instant now, FetchPath path, int index)
    {
        var lost = path.Log.DeclareLost(index, now, path.Reordering);
        if (lost == 0 || _blocks.Find(path.Log.ItemAt(index).BlockNumber) is not { } block)
        {
            return null;
        }

        block.Outstanding -= lost;
        return block;
    }

    /// <summary>Has a path asked soon.</summary>
    public void Hurry(Instant now, FetchPath path)
    {
        path.Hurry(now);
        _clock.WakeAt(path.NextSubscribe);
    }

    /// <summary>Has all asked soon that rain.</summary>
    public void HurryAll(Instant now)
    {
        foreach (var path in _paths)
        {
            if (path.IsRaining)
            {
                Hurry(now, path);
            }
        }
    }

    /// <summary>A block is done, or there is more that one may be asked for: has those asked soon that this is news to. In company that is
    /// who would send for nothing, or has little left to send: a dozen sources told of each block cost more datagrams than the block.
    /// </summary>
    public void HurryShort(Instant now)
    {
        foreach (var path in _paths)
        {
            if (path.IsRaining && IsShort(path))
            {
                Hurry(now, path);
            }
        }
    }

    /// <summary>Whether a source cannot wait for its next SUBSCRIBE.</summary>
    public bool IsShort(FetchPath path) =>
        !_picker.IsInCompany || path.Log.HasWithdrawn
        || (path.Log.Outstanding < _blocks.Layout.SymbolsOfLargest / 2 && MayBring(path));

    /// <summary>A source that was silent is heard again.</summary>
    public void Revive(Instant now, FetchPath path)
    {
        if (path.State == SourceState.Silent && path.Offer is not null && path.Offer == _versions.Chosen)
        {
            path.State = SourceState.Raining;
            path.Pace.BeginNext(now, path.Log.Outstanding, path.Rate.RoundTrip);
            path.Rate.Restart(now);
            Hurry(now, path);
        }
    }

    /// <summary>Takes back all that is on order at a path.</summary>
    public void WithdrawAll(FetchPath path)
    {
        for (var i = 0; i < path.Log.Count; i++)
        {
            Withdraw(path, i);
        }

        path.Log.Trim();
    }

    /// <summary>Takes back all that is on order for a block.</summary>
    public void WithdrawBlock(CollectingBlock block)
    {
        foreach (var path in _paths)
        {
            if (path.Log.Outstanding == 0)
            {
                continue;
            }

            for (var i = 0; i < path.Log.Count; i++)
            {
                if (path.Log.ItemAt(i).BlockNumber == block.BlockNumber)
                {
                    Withdraw(path, i);
                }
            }
        }
    }

    /// <summary>Takes one request back.</summary>
    public void Withdraw(FetchPath path, int index)
    {
        var blockNumber = path.Log.ItemAt(index).BlockNumber;
        var outstanding = path.Log.Withdraw(index);
        path.Pace.OnWithdrawn(outstanding);
        if (outstanding > 0 && _blocks.Find(blockNumber) is { } block)
        {
            block.Outstanding -= outstanding;
        }
    }
}
