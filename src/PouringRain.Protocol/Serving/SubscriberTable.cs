namespace PouringRain.Protocol;

/// <summary>The subscriber table: rows by (address, subscription id), and in the order of their last renewal, so that the ones that
/// expire are found without a search.</summary>
internal sealed class SubscriberTable
{
    private readonly Dictionary<(PeerAddress Peer, uint SubscriptionId), Subscriber> _rows = [];
    private Subscriber? _oldest, _newest;

    public int Count => _rows.Count;

    public Subscriber? Oldest => _oldest;

    public IEnumerable<Subscriber> Rows => _rows.Values;

    public Subscriber? Find(PeerAddress peer, uint subscriptionId) => _rows.GetValueOrDefault((peer, subscriptionId));

    public void Add(Subscriber subscriber)
    {
        _rows.Add((subscriber.Peer, subscriber.SubscriptionId), subscriber);
        LinkNewest(subscriber);
    }

    public void Remove(Subscriber subscriber)
    {
        _rows.Remove((subscriber.Peer, subscriber.SubscriptionId));
        Unlink(subscriber);
    }

    public void Renew(Subscriber subscriber, Instant now)
    {
        subscriber.Renewed = now;
        if (subscriber != _newest)
        {
            Unlink(subscriber);
            LinkNewest(subscriber);
        }
    }

    private void LinkNewest(Subscriber subscriber)
    {
        subscriber.Older = _newest;
        subscriber.Newer = null;
        if (_newest is null)
        {
            _oldest = subscriber;
        }
        else
        {
            _newest.Newer = subscriber;
        }

        _newest = subscriber;
    }

    private void Unlink(Subscriber subscriber)
    {
        if (subscriber.Older is null)
        {
            _oldest = subscriber.Newer;
        }
        else
        {
            subscriber.Older.Newer = subscriber.Newer;
        }

        if (subscriber.Newer is null)
        {
            _newest = subscriber.Older;
        }
        else
        {
            subscriber.Newer.Older = subscriber.Older;
        }

        subscriber.Older = null;
        subscriber.Newer = null;
    }
}
