namespace PouringRain.Protocol;

/// <summary>The subscriber table: rows by (address, subscription id), and in the order of their last renewal, so that the ones that
/// expire are found without a search; those whose peer has not been heard to hear, which expire sooner, in an order of their own.</summary>
internal sealed class SubscriberTable
{
    private readonly Dictionary<(PeerAddress Peer, uint SubscriptionId), Subscriber> _rows = [];
    private readonly RenewalOrder _confirmed = new(), _unconfirmed = new();

    public int Count => _rows.Count;

    /// <summary>Of those that are confirmed.</summary>
    public Subscriber? Oldest => _confirmed.Oldest;

    public Subscriber? OldestUnconfirmed => _unconfirmed.Oldest;

    public IEnumerable<Subscriber> Rows => _rows.Values;

    public Subscriber? Any => Oldest ?? OldestUnconfirmed;

    public Subscriber? Find(PeerAddress peer, uint subscriptionId) => _rows.GetValueOrDefault((peer, subscriptionId));

    public void Add(Subscriber subscriber)
    {
        _rows.Add((subscriber.Peer, subscriber.SubscriptionId), subscriber);
        OrderOf(subscriber).Add(subscriber);
    }

    public void Remove(Subscriber subscriber)
    {
        if (_rows.Remove((subscriber.Peer, subscriber.SubscriptionId)))
        {
            OrderOf(subscriber).Remove(subscriber);
        }
    }

    public void Renew(Subscriber subscriber, Instant now)
    {
        subscriber.Renewed = now;
        OrderOf(subscriber).MoveToEnd(subscriber);
    }

    /// <summary>A row's peer has shown that it hears. A row that is no longer in the table only learns it.</summary>
    public void Confirm(Subscriber subscriber)
    {
        if (subscriber.IsConfirmed)
        {
            return;
        }

        if (Find(subscriber.Peer, subscriber.SubscriptionId) != subscriber)
        {
            subscriber.IsConfirmed = true;
            return;
        }

        // Its renewal is that of the SUBSCRIBE that told it, so it is the newest there too.
        _unconfirmed.Remove(subscriber);
        subscriber.IsConfirmed = true;
        _confirmed.Add(subscriber);
    }

    private RenewalOrder OrderOf(Subscriber subscriber) => subscriber.IsConfirmed ? _confirmed : _unconfirmed;
}
