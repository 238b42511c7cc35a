namespace MurkyWaters.Fetching;

/// <summary>Sums over transfers. Not thread-safe.</summary>
internal sealed class TransferTotals
{
    public TransferTotals()
    {
    }

    public TransferTotals(TransferTotals other)
    {
        Ended = new Dictionary<string, long>(other.Ended);
        (Droplets, Bytes, Lost, Symbols) = (other.Droplets, other.Bytes, other.Lost, other.Symbols);
    }

    public Dictionary<string, long> Ended { get; } = [];

    public long Droplets { get; private set; }

    public long Bytes { get; private set; }

    public long Lost { get; private set; }

    public long Symbols { get; private set; }

    public void Add(TransferSnapshot transfer)
    {
        Droplets += transfer.DropletsReceived;
        Symbols += transfer.SymbolsNeeded;
        foreach (var source in transfer.Sources)
        {
            Bytes += source.Bytes;
            Lost += source.Lost;
        }

        Bytes += transfer.Replaced?.Bytes ?? 0;
        Lost += transfer.Replaced?.Lost ?? 0;
    }
}
