using PouringRain.Protocol;

namespace MurkyWaters.Fetching;

/// <summary>The figures of a transfer, summed over its rounds. Not thread-safe.</summary>
internal sealed class TransferFigures
{
    private readonly Dictionary<PeerAddress, SourceSnapshot> _sources = [];

    public long SymbolsNeeded { get; private set; }

    public long DropletsReceived { get; private set; }

    public FetchBound Bound { get; private set; }

    public IReadOnlyCollection<SourceSnapshot> Sources => _sources.Values;

    public double Overhead => SymbolsNeeded == 0 ? 0 : (double)DropletsReceived / SymbolsNeeded;

    /// <summary>Adds the figures of a round.</summary>
    public void Add(FetchSnapshot round)
    {
        SymbolsNeeded += round.SymbolsNeeded;
        DropletsReceived += round.DropletsReceived;
        Bound = round.Bound == FetchBound.Unknown ? Bound : round.Bound;
        foreach (var source in round.Sources)
        {
            _sources[source.Peer] = !_sources.TryGetValue(source.Peer, out var before) ? source : source with
            {
                State = before.State == SourceState.Lied ? SourceState.Lied : source.State,
                Droplets = before.Droplets + source.Droplets,
                Bytes = before.Bytes + source.Bytes,
                Lost = before.Lost + source.Lost,
                RoundTrip = source.RoundTrip > TimeSpan.Zero ? source.RoundTrip : before.RoundTrip,
                LastHeard = source.LastHeard ?? before.LastHeard,
            };
        }
    }

    /// <summary>These and a round that is still running.</summary>
    public TransferFigures With(FetchSnapshot? round)
    {
        if (round is null)
        {
            return this;
        }

        var sum = new TransferFigures { SymbolsNeeded = SymbolsNeeded, DropletsReceived = DropletsReceived, Bound = Bound };
        foreach (var (peer, source) in _sources)
        {
            sum._sources.Add(peer, source);
        }

        sum.Add(round);
        return sum;
    }

    /// <summary>Droplets lost as a share of those sent.</summary>
    public static double LossOf(SourceSnapshot source) =>
        source.Droplets + source.Lost == 0 ? 0 : (double)source.Lost / (source.Droplets + source.Lost);
}
