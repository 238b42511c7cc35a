namespace PouringRain.Protocol;

// The way of a droplet: its path's account, the block it is for, its decoder.
public sealed partial class Fetch
{
    /// <summary>About what <see cref="PeerCredit.FirstFlightBytes"/> are.</summary>
    private const int FirstFlightDroplets = 40;

    private long _wireBytes;

    /// <summary>When its first droplet came, since it began; null before.</summary>
    public TimeSpan? FirstDroplet { get; private set; }

    private void HandleDroplet(Instant now, FetchPath path, ReadOnlySpan<byte> datagram)
    {
        if (!DropletMessage.TryParse(datagram, out var droplet, out var symbol))
        {
            return;
        }

        _wireBytes += datagram.Length;
        path.OnHeard(now, datagram.Length);

        // Whatever version it is of, it crossed the path: the server must learn that it is not in flight any more.
        var isNew = path.State != SourceState.Lied && path.Sequences.OnReceived(droplet.Sequence);
        if (isNew)
        {
            path.ServerTime = droplet.ServerTime;
            path.Rate.OnDroplet(now, droplet.ServerTime, datagram.Length);
            if (symbol.Length > ResourceLayout.SmallSymbolSize)
            {
                path.BlackHole.OnPassed(droplet.Sequence);
            }
        }

        if (_chosen is null || droplet.Tag != _chosen.Tag || symbol.Length != _blocks.SymbolSize
            || path.Offer != _chosen || path.State is not (SourceState.Raining or SourceState.Silent))
        {
            return;
        }

        Revive(now, path);
        path.Droplets++;
        if (path.Droplets == 1 && path.Log.Outstanding > FirstFlightDroplets / 2)
        {
            // Until a server is told that it is heard it sends no more than a first flight.
            path.Hurry(now);
            _due = Instant.Min(_due, path.NextSubscribe);
        }

        if (!isNew)
        {
            return;
        }

        _blocks.CountDroplet();
        FirstDroplet ??= now - _started;
        var block = _blocks.Find(droplet.BlockNumber);
        switch (path.Log.OnDroplet(droplet.BlockNumber, droplet.Esi))
        {
            case LogArrival.Counted:
                path.Pace.OnBrought(now, path.Log.Outstanding);
                RememberDelivery(now, path);
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

    private void AddSymbol(Instant now, FetchPath path, CollectingBlock block, uint esi, ReadOnlySpan<byte> symbol)
    {
        switch (_blocks.AddSymbol(path, block, esi, symbol))
        {
            case SymbolUse.Useful:
                OnUseful(now);
                FinishIfEnough(now, block);
                break;
            case SymbolUse.Full:
                OnEnough(now, block);
                break;
            case SymbolUse.Wrong:
                OnWrong(now, block);
                break;
            default:
                break;
        }
    }
}
