using System.Numerics;

namespace PouringRain.Protocol;

/// <summary>What is ordered before the layout is known, which follows the length, and what becomes of it when it is.</summary>
internal sealed class OrderGuesses
{
    private const int LargeBlockBytes = ResourceLayout.AutoBlockBytesMax, SmallBlockBytes = ResourceLayout.AutoBlockBytesMin;
    private const int ManifestSymbols = 40, LargeCountMax = 3, SmallCountMax = LargeBlockBytes / SmallBlockBytes;

    /// <summary>How many blocks more large resources have where the first is cut up, as in all that are new.</summary>
    private static readonly int GrowthCount = BitOperations.Log2(LargeBlockBytes / ResourceLayout.FirstBlockBytes);

    private readonly List<FetchPath> _paths;
    private readonly DemandList _demand;
    private readonly FetchBlocks _blocks;
    private readonly BlockPicker _picker;
    private readonly VersionChoice _versions;
    private readonly FetchOrders _orders;

    public OrderGuesses(
        List<FetchPath> paths, DemandList demand, FetchBlocks blocks, BlockPicker picker, VersionChoice versions, FetchOrders orders)
    {
        _paths = paths;
        _demand = demand;
        _blocks = blocks;
        _picker = picker;
        _versions = versions;
        _orders = orders;
    }

    /// <summary>The first SUBSCRIBE to servers whose tokens are known asks for the manifest and the first bytes before anything is known of
    /// them, so that the rain starts in one round trip: each of n servers for every n-th symbol.</summary>
    public void Guess(Instant now, FetchPath path)
    {
        var known = _paths.FindAll(static each => each.Token != default);
        var index = known.IndexOf(path);
        var step = Math.Min(known.Count, byte.MaxValue);
        if (index >= step)
        {
            return;
        }

        path.OnAsked(now);
        path.HasGuesses = true;
        path.Log.Add(new RequestItem(WireFormat.ManifestBlockNumber, (uint)index, (byte)step, ManifestSymbols));
        if (_demand.FirstOffset < 0)
        {
            return;
        }

        var perLarge = (LargeBlockBytes / _orders.GuessedSymbolSize / step) + 1;
        var perSmall = (SmallBlockBytes / _orders.GuessedSymbolSize / step) + 1;
        var credit = path.Rate.RoundTrip > TimeSpan.Zero ? path.CreditTarget(_orders.DropletBytes) : 32;
        if (_demand.FirstOffset < SmallBlockBytes)
        {
            // Block 0 begins all, whatever its size. If blocks are small, or grow, those that follow are
            // in credit, too; if not, they come next all the same.
            var growing = ResourceLayout.FirstBlockBytes;
            for (var block = 0; block < SmallCountMax && credit > 0 && block * (long)SmallBlockBytes < _demand.FirstLength; block++)
            {
                var perGrowing = (growing / _orders.GuessedSymbolSize / step) + 1;
                var count = Math.Min(credit, block == 0 ? perLarge : Math.Max(perSmall, perGrowing));
                path.Log.Add(new RequestItem((uint)block, (uint)index, (byte)step, (ushort)count));
                credit -= Math.Min(count, perGrowing);
                growing = block == 0 ? growing : Math.Min(2 * growing, LargeBlockBytes);
            }
        }
        else if (ResourceLayout.AutoBlockBytes(_demand.FirstOffset, _orders.GuessedSymbolSize) == LargeBlockBytes)
        {
            // What has bytes there has large blocks; where in others of unknown size a byte is cannot be told.
            var first = (_demand.FirstOffset / LargeBlockBytes) + GrowthCount;
            for (var n = 0; n < LargeCountMax && credit > 0 && n * (long)LargeBlockBytes < _demand.FirstLength
                && first + n < ResourceLayout.BlockCountMax; n++)
            {
                var count = Math.Min(credit, perLarge);
                path.Log.Add(new RequestItem((uint)(first + n), (uint)index, (byte)step, (ushort)count));
                credit -= count;
            }
        }
    }

    /// <summary>The layout is known now: what was guessed is cut as the servers cut it, and counts as asked for.</summary>
    public void TakeUp(Instant now)
    {
        var served = new ServedLayout(_blocks.Layout, _versions.Chosen!.Code, _versions.Chosen.ManifestBytes);
        foreach (var path in _paths)
        {
            if (!path.HasGuesses)
            {
                continue;
            }

            path.HasGuesses = false;
            for (var i = 0; i < path.Log.Count; i++)
            {
                var item = served.Clamp(path.Log.ItemAt(i), isGuess: true);
                path.Log.Cut(i, item);
                var block = _blocks.Find(item.BlockNumber);
                if (block is null && item.Count > 0 && _picker.IsFirst(item.BlockNumber) && _orders.TryOpenNext(path))
                {
                    block = _blocks.Find(item.BlockNumber);
                }

                if (block is null)
                {
                    path.Log.Withdraw(i);
                }
                else if (item.Count > 0)
                {
                    block.Outstanding += item.Count;
                    block.NextEsi = Math.Max(block.NextEsi, item.EsiAt(item.Count - 1) + 1);
                }
            }

            path.Pace.OnOrdered(now, path.Log.Outstanding);
        }
    }
}
