namespace PouringRain.Protocol;

/// <summary>How what is missing is divided among the sources once the layout is known: who is asked for how much, and what is taken
/// back.</summary>
internal sealed class OrderShares
{
    private readonly List<FetchPath> _paths;
    private readonly FetchBlocks _blocks;
    private readonly BlockPicker _picker;
    private readonly VersionChoice _versions;
    private readonly FetchOrders _orders;

    public OrderShares(List<FetchPath> paths, FetchBlocks blocks, BlockPicker picker, VersionChoice versions, FetchOrders orders)
    {
        _paths = paths;
        _blocks = blocks;
        _picker = picker;
        _versions = versions;
        _orders = orders;
    }

    /// <summary>Orders what a path has room for, from the earliest block that misses symbols.</summary>
    public void Fill(Instant now, FetchPath path)
    {
        if (_orders.IsPassedOver(path, now))
        {
            return;
        }

        var loss = _orders.LossExpected();
        var timely = _picker.IsStarving ? int.MaxValue : TimelyCount(now, path, loss);
        WithdrawBeyond(path, timely);
        var room = Math.Min(_orders.CreditOf(path), timely) - path.Log.Outstanding;
        var credit = Math.Min(room, ShareOfMissing(now, path, loss));
        path.ForgetRefusals(now);
        for (var i = 0; credit > 0 && !path.Log.IsFull; i++)
        {
            if (i >= _blocks.Open.Count)
            {
                var hasRoom = _blocks.Room > 0;
                if (!_orders.TryOpenNext(path))
                {
                    OrderProactiveRepair(now, path, credit, loss);
                    OrderOfAll(now, path, credit);
                    return;
                }

                // One that was idle may have given way to it, which is no use where the path has just refused what it claims to hold.
                i = _blocks.Open.Count - 1;
                if (!hasRoom && !_orders.MayServe(path, _blocks.Open[i]))
                {
                    return;
                }
            }

            var block = _blocks.Open[i];
            var isAwaited = _blocks.IsAwaited(block);
            var deficit = _orders.MayServe(path, block) ? block.Deficit(loss, isAwaited) : 0;
            if (deficit > 0)
            {
                var count = CollectingBlock.OrderFor(deficit, Math.Min(path.Rate.LossRatio, 0.5), isAwaited);
                count = Math.Min(count, Math.Min(credit, ushort.MaxValue));
                _orders.Order(now, path, block, count);
                credit -= count;
            }
        }
    }

    /// <summary>What a path may take when the window, and not the paths, is the limit: then whoever asked first would take all, and the
    /// others' capacity would go unseen. The paths that have room and have not had their turn get equal parts.</summary>
    private int ShareOfMissing(Instant now, FetchPath path, double loss)
    {
        var turns = 1;
        foreach (var other in _paths)
        {
            if (other != path && other.IsRaining && !other.IsSetBack(now) && now - other.LastSubscribe >= path.Interval / 2
                && other.CreditTarget(_orders.DropletBytes) > other.Log.Outstanding)
            {
                turns++;
            }
        }

        if (turns == 1)
        {
            return int.MaxValue;
        }

        long missing = 0;
        foreach (var block in _blocks.Open)
        {
            missing += block.Deficit(loss);
        }

        // A path's credit is rarely more than these many blocks: what lies beyond need not be counted.
        const int blocksCounted = 32;
        var openable = _picker.CountUpTo(Math.Clamp(_blocks.Room, 0, blocksCounted));
        if (openable > 0)
        {
            missing += openable * (long)_blocks.Layout.SymbolsOfLargest;
        }

        return openable == blocksCounted ? int.MaxValue : (int)Math.Max(1, (missing + turns - 1) / turns);
    }

    /// <summary>How much may be on order from a source towards the end: no more than it sends while all sources together send all that is
    /// still wanted. So nobody waits for a slow source at the end: what it would send too late is asked of the others.</summary>
    private int TimelyCount(Instant now, FetchPath path, double loss)
    {
        // Further from the end than this, every source has time enough for what it is asked.
        const int blocksCounted = 32;
        var unopened = _picker.CountUpTo(blocksCounted);
        double rate = 0;
        var fastest = path.RateExpected;
        var others = 0;
        var roundTrip = path.Rate.RoundTrip;
        foreach (var other in _paths)
        {
            if (other.IsRaining && other.Offer == _versions.Chosen && !other.IsBehind(now) && (other == path || !other.IsSetBack(now))
                && (other == path || unopened == blocksCounted || _orders.MayHelp(other)))
            {
                rate += other.RateExpected;
                fastest = Math.Max(fastest, other.RateExpected);
                others += other == path || other.RefusedBlocks.Count > 0 ? 0 : 1;
                roundTrip = other.Rate.RoundTrip < roundTrip ? other.Rate.RoundTrip : roundTrip;
            }
        }

        if (others == 0 || path.RefusedBlocks.Count > 0 || _blocks.Layout.BlockCount == 0
            || _blocks.Open.Exists(static block => block.IsolatedSource is not null))
        {
            return int.MaxValue;
        }

        if (path.IsBehind(now))
        {
            return 0;
        }

        if (unopened == blocksCounted)
        {
            return int.MaxValue;
        }

        double missing = unopened * (long)_blocks.Layout.SymbolsOfLargest;
        foreach (var block in _blocks.Open)
        {
            missing += block.Phase == BlockPhase.Collecting ? Math.Max(block.Outstanding + block.Deficit(loss), 0) : 0;
        }

        var seconds = (missing * _orders.DropletBytes / rate) + roundTrip.TotalSeconds;
        var count = (int)Math.Min(path.RateExpected * seconds / _orders.DropletBytes, int.MaxValue);

        // Where all are slow and near, each one's part of the last symbol is less than one: then it is the fastest's.
        return count == 0 && path.RateExpected == fastest ? 1 : count;
    }

    /// <summary>Takes the newest requests of a source back while more than this is on
    /// order; what is under way counts when it comes.</summary>
    private void WithdrawBeyond(FetchPath path, int count)
    {
        // Measured rates swing: only what is clearly too much is worth the droplets that are under way already.
        var allowed = count + (count / 4L) + 2;
        for (var i = path.Log.Count - 1; i >= 0 && path.Log.Outstanding > allowed; i--)
        {
            _orders.Withdraw(path, i);
        }

        path.Log.Trim();
    }

    /// <summary>Where nobody has brought anything for seconds, those whom the last symbols were ordered of may lie or be gone: what the
    /// first block misses is ordered of everybody who has nothing else to send, whatever is on order.</summary>
    private void OrderOfAll(Instant now, FetchPath path, int credit)
    {
        if (!_picker.IsStarving || path.Log.Outstanding > 0 || path.Log.IsFull)
        {
            return;
        }

        foreach (var block in _blocks.Open)
        {
            if (block.Phase == BlockPhase.Collecting && block.ReceivedCount < block.Need && _orders.MayServe(path, block))
            {
                _orders.Order(now, path, block, Math.Min(credit, block.Need - block.ReceivedCount));
                return;
            }
        }
    }

    /// <summary>Proactive repair: at the end, when there is nothing else to order, the unfinished blocks get as many more repair symbols as
    /// chance may take of what is under way (two standard deviations), so that they rarely wait another round trip.</summary>
    private void OrderProactiveRepair(Instant now, FetchPath path, int credit, double loss)
    {
        if (loss < 0.0005 || (_picker.IsInCompany && _picker.HasAny))
        {
            return;
        }

        foreach (var block in _blocks.Open)
        {
            if (block.Phase == BlockPhase.Collecting && !block.HasProactiveRepair && block.Outstanding > 0 && _orders.MayServe(path, block)
                && !path.Log.IsFull)
            {
                var count = Math.Min(credit, block.SpareFor(loss));
                if (credit <= 0)
                {
                    return;
                }

                block.HasProactiveRepair = true;
                if (count > 0)
                {
                    _orders.Order(now, path, block, count);
                    credit -= count;
                }
            }
        }
    }
}
