namespace PouringRain.Protocol;

/// <summary>What the owner of a fetch is to be told, the end and its reason included.</summary>
internal sealed class FetchNews
{
    private readonly Queue<FetchEvent> _events = new();
    private readonly List<FetchPath> _paths;
    private readonly TokenCache _tokens;
    private readonly FetchClock _clock;

    public FetchNews(List<FetchPath> paths, TokenCache tokens, FetchClock clock)
    {
        _paths = paths;
        _tokens = tokens;
        _clock = clock;
    }

    public FetchEndReason EndReason { get; private set; }

    public bool HasEnded => EndReason != FetchEndReason.None;

    public bool IsEmpty => _events.Count == 0;

    public void Tell(FetchEventKind kind, PeerAddress peer = default) => _events.Enqueue(new FetchEvent(kind, peer));

    public bool TryTake(out FetchEvent fetchEvent) => _events.TryDequeue(out fetchEvent);

    /// <summary>Tells nothing of this kind after all.</summary>
    public void TakeBack(FetchEventKind kind)
    {
        for (var count = _events.Count; count > 0; count--)
        {
            var fetchEvent = _events.Dequeue();
            if (fetchEvent.Kind != kind)
            {
                _events.Enqueue(fetchEvent);
            }
        }
    }

    /// <summary>The fetch is over, once. What was found out about the paths serves the next.</summary>
    public void End(FetchEndReason reason)
    {
        if (HasEnded)
        {
            return;
        }

        EndReason = reason;
        _clock.Wake();
        Tell(FetchEventKind.Ended);
        foreach (var path in _paths)
        {
            if (path.Rate.BandwidthBytesPerSecond > 0 && !path.HasLied)
            {
                _tokens.Store(path.Peer, path.Rate.RoundTripMin, path.RateKnown);
            }
        }
    }
}
