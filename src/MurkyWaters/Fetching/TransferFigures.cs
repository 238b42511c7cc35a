using PouringRain.Protocol;

namespace MurkyWaters.Fetching;

/// <summary>The figures of a transfer, summed over its rounds. Immutable.</summary>
internal sealed class TransferFigures
{
    private readonly Dictionary<PeerAddress, SourceSnapshot> _sources = [];
    private readonly int[] _boundSamples = new int[Enum.GetValues<FetchBound>().Length];

    public long SymbolsNeeded { get; private init; }

    public long DropletsReceived { get; private init; }

    /// <summary>How many others were known to fetch the version, at most.</summary>
    public int KnownPeers { get; private init; }

    /// <summary>What came from neighbours that made way for others.</summary>
    public FormerSources Former { get; private init; }

    /// <summary>What bounded the speed most of the time.</summary>
    public FetchBound Bound
    {
        get
        {
            var most = Array.IndexOf(_boundSamples, _boundSamples.Max());
            return _boundSamples[most] == 0 ? FetchBound.Unknown : (FetchBound)most;
        }
    }

    public IReadOnlyCollection<SourceSnapshot> Sources => _sources.Values;

    public double Overhead => SymbolsNeeded == 0 ? 0 : (double)DropletsReceived / SymbolsNeeded;

    /// <summary>These and what bounds the speed just now: once a second, so that the end of a round, when nothing does, does not speak for
    /// all of it.</summary>
    public TransferFigures WithSample(FetchBound bound)
    {
        var sum = Copy();
        sum.Count(bound);
        return sum;
    }

    /// <summary>These and those of one more round.</summary>
    public TransferFigures With(FetchSnapshot? round)
    {
        if (round is null)
        {
            return this;
        }

        var sum = Copy(round);
        sum.Count(round.Bound);
        foreach (var source in round.Sources)
        {
            sum._sources[source.Peer] = !_sources.TryGetValue(source.Peer, out var before) ? source : source with
            {
                State = before.State == SourceState.Lied ? SourceState.Lied : source.State,
                Droplets = before.Droplets + source.Droplets,
                Bytes = before.Bytes + source.Bytes,
                Lost = before.Lost + source.Lost,
                RoundTrip = source.LastHeard is not null && source.RoundTrip > TimeSpan.Zero ? source.RoundTrip : before.RoundTrip,
                LastHeard = source.LastHeard ?? before.LastHeard,
                HoldsAll = source.HoldsAll || (source.HeldBlocks is null && before.HoldsAll),
                HeldBlocks = source.HeldBlocks ?? before.HeldBlocks,
            };
        }

        return sum;
    }

    /// <summary>Bytes a second from a source: the rate it is granted just now; over the whole transfer once that has ended.</summary>
    public static long RateOf(SourceSnapshot source, TimeSpan elapsed, bool isOver) =>
        !isOver ? source.RateBytesPerSecond : elapsed > TimeSpan.Zero ? (long)(source.Bytes / elapsed.TotalSeconds) : 0;

    /// <summary>The round trip that was measured; null for a source that was not heard, of which a fetch only assumes what an earlier
    /// one has left behind.</summary>
    public static double? RoundTripMsOf(SourceSnapshot source) =>
        source.LastHeard is not null && source.RoundTrip > TimeSpan.Zero ? source.RoundTrip.TotalMilliseconds : null;

    /// <summary>Droplets lost as a share of those sent.</summary>
    public static double LossOf(SourceSnapshot source) =>
        source.Droplets + source.Lost == 0 ? 0 : (double)source.Lost / (source.Droplets + source.Lost);

    private TransferFigures Copy(FetchSnapshot? more = null)
    {
        var copy = new TransferFigures
        {
            SymbolsNeeded = SymbolsNeeded + (more?.SymbolsNeeded ?? 0),
            DropletsReceived = DropletsReceived + (more?.DropletsReceived ?? 0),
            KnownPeers = Math.Max(KnownPeers, more?.KnownPeers ?? 0),
            Former = Former.With(more?.Former ?? default),
        };
        _boundSamples.CopyTo(copy._boundSamples, 0);
        foreach (var (peer, source) in _sources)
        {
            copy._sources.Add(peer, source);
        }

        return copy;
    }

    /// <summary>Only before anybody sees it.</summary>
    private void Count(FetchBound bound)
    {
        if (bound != FetchBound.Unknown)
        {
            _boundSamples[(int)bound]++;
        }
    }
}
