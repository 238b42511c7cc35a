namespace PouringRain.Protocol;

/// <summary>The subscriber table: rows by (address, subscription id), and in the order of their last renewal, so that the ones that
/// expire are found without a search; those whose peer has not been heard to hear, which expire sooner, in an order of their own.</summary>
internal sealed class SubscriberTable
{
    private readonly Dictionary<(PeerAddress Peer, uint SubscriptionId), AddressShares<Subscriber>.Place> _rows = [];
    private readonly AddressShares<Subscriber> _shares = new();
    private readonly RenewalOrder _confirmed = new(), _unconfirmed = new();

    public int Count => _rows.Count;

    /// <summary>Of those that are confirmed.</summary>
    public Subscriber? Oldest => _confirmed.Oldest;

    public Subscriber? OldestUnconfirmed => _unconfirmed.Oldest;

    public IEnumerable<Subscriber> Rows => _rows.Values.Select(place => place.Item);

    public Subscriber? Any => Oldest ?? OldestUnconfirmed;

    public Subscriber? Find(PeerAddress peer, uint subscriptionId) => _rows.GetValueOrDefault((peer, subscriptionId))?.Item;

    public void Add(Subscriber subscriber)
    {
        _rows.Add((subscriber.Peer, subscriber.SubscriptionId), _shares.Add(subscriber.Peer.Network, subscriber));
        OrderOf(subscriber).Add(subscriber);
    }

    public void Remove(Subscriber subscriber)
    {
        if (_rows.Remove((subscriber.Peer, subscriber.SubscriptionId), out var place))
        {
            _shares.Remove(place);
            OrderOf(subscriber).Remove(subscriber);
        }
    }

    /// <summary>The row that is to go for one more of a peer when the table is full: the oldest of the network that has most, if that is
    /// more than the peer's network would have then.</summary>
    public Subscriber? FindToGiveWay(PeerAddress peer) =>
        _shares.LargestNetwork is { } network && _shares.LargestCount > _shares.CountOf(peer.Network) + 1
            ? _shares.OldestOf(network)?.Item
            : null;

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
