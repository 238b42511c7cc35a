namespace PouringRain.Protocol;

/// <summary>The way of a droplet: its path's account, the block it is for, its decoder.</summary>
internal sealed class FetchDroplets
{
    /// <summary>About what <see cref="PeerCredit.FirstFlightBytes"/> are.</summary>
    private const int FirstFlightDroplets = 40;

    private readonly FetchBlocks _blocks;
    private readonly VersionChoice _versions;
    private readonly FetchOrders _orders;
    private readonly BlockVerdicts _verdicts;
    private readonly FetchProgress _progress;
    private readonly FetchClock _clock;
    private readonly Inflow? _inflow;

    public FetchDroplets(
        FetchBlocks blocks, VersionChoice versions, FetchOrders orders, BlockVerdicts verdicts, FetchProgress progress, FetchClock clock,
        Inflow? inflow)
    {
        _blocks = blocks;
        _versions = versions;
        _orders = orders;
        _verdicts = verdicts;
        _progress = progress;
        _clock = clock;
        _inflow = inflow;
    }

    /// <summary>When the first came, since the fetch began; null before.</summary>
    public TimeSpan? First { get; private set; }

    /// <summary>Takes a droplet; false when it is none.</summary>
    public bool Handle(Instant now, FetchPath path, ReadOnlySpan<byte> datagram)
    {
        if (!DropletMessage.TryParse(datagram, out var droplet, out var symbol))
        {
            return false;
        }

        path.OnHeard(now, datagram.Length);
        _inflow?.OnDroplet(now, datagram.Length);

        // Whatever version it is of, it crossed the path: the server must learn that it is not in flight any more.
        var isNew = !path.HasLied && path.Sequences.OnReceived(droplet.Sequence);
        if (isNew)
        {
            path.ServerTime = droplet.ServerTime;
            path.Rate.OnDroplet(now, droplet.ServerTime, datagram.Length);
            if (symbol.Length > ResourceLayout.SmallSymbolSize)
            {
                path.BlackHole.OnPassed(droplet.Sequence);
            }
        }

        if (_versions.Chosen is not { } chosen || droplet.Tag != chosen.Tag || symbol.Length != _blocks.SymbolSize
            || path.Offer != chosen || path.State is not (SourceState.Raining or SourceState.Silent))
        {
            return true;
        }

        _orders.Revive(now, path);
        path.Droplets++;
        path.Neighbour?.OnDroplet(now);
        if (path.OnDroplet(now))
        {
            _clock.WakeAt(path.NextSubscribe);
        }

        if (path.Droplets == 1 && path.Log.Outstanding > FirstFlightDroplets / 2)
        {
            // Until a server is told that it is heard it sends no more than a first flight.
            _orders.Hurry(now, path);
        }

        if (isNew)
        {
            Take(now, path, droplet, symbol);
        }

        return true;
    }

    private void Take(Instant now, FetchPath path, in DropletMessage droplet, ReadOnlySpan<byte> symbol)
    {
        _blocks.CountDroplet();
        First ??= now - _clock.Started;
        var block = _blocks.Find(droplet.BlockNumber);
        switch (path.Log.OnDroplet(droplet.BlockNumber, droplet.Esi))
        {
            case LogArrival.Counted:
                path.Pace.OnBrought(now, path.Log.Outstanding);
                path.Neighbour?.OnBrought(now);
                _versions.RememberDelivery(now, path);
                if (block is not null)
                {
                    block.Outstanding--;
                }

                break;
            case LogArrival.Late:
                path.OnLate();
                break;
            default:
                break;
        }

        if (block is { Phase: BlockPhase.Collecting } && block.IsOpenTo(path))
        {
            AddSymbol(now, path, block, droplet.Esi, symbol);
        }
    }

    private void AddSymbol(Instant now, SymbolSource source, CollectingBlock block, uint esi, ReadOnlySpan<byte> symbol)
    {
        switch (_blocks.AddSymbol(source, block, esi, symbol))
        {
            case SymbolUse.Useful:
                _progress.OnSymbol(now);
                if (_versions.OwesManifest)
                {
                    _clock.Wake();
                }

                _verdicts.FinishIfEnough(now, block);
                break;
            case SymbolUse.Full:
                _verdicts.OnEnough(now, block);
                break;
            case SymbolUse.Wrong:
                _verdicts.OnWrong(now, block);
                break;
            default:
                break;
        }
    }
}
