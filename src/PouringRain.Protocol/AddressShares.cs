namespace PouringRain.Protocol;

/// <summary>Things counted by the network that they belong to (an IPv4 address, or an IPv6 /64, which is what one customer has), so that
/// who has most of a scarce thing is known at once and gives way to who has little. Adding, removing and finding are O(1). Not
/// thread-safe.</summary>
/// <typeparam name="T">What is counted.</typeparam>
public sealed class AddressShares<T>
    where T : class
{
    private readonly Dictionary<Bits128, Share> _shares = [];

    /// <summary>At index n the shares of n things.</summary>
    private readonly List<Share?> _byCount = [null];

    private int _largest;

    /// <summary>Things of all networks.</summary>
    public int Count { get; private set; }

    /// <summary>Networks that have any.</summary>
    public int NetworkCount => _shares.Count;

    /// <summary>How many the network has that has most; 0 when nobody has any.</summary>
    public int LargestCount => _largest;

    /// <summary>The network that has most, or one of them; null when nobody has any.</summary>
    public Bits128? LargestNetwork => _byCount[_largest]?.Network;

    /// <summary>How many a network has.</summary>
    public int CountOf(Bits128 network) => _shares.TryGetValue(network, out var share) ? share.Count : 0;

    /// <summary>Adds a thing as the newest of its network.</summary>
    /// <returns>Its place, by which it is removed.</returns>
    public Place Add(Bits128 network, T item)
    {
        if (!_shares.TryGetValue(network, out var share))
        {
            _shares.Add(network, share = new Share(network));
        }

        var place = new Place(item, share);
        Count++;
        Move(share, share.Count + 1);
        return place;
    }

    /// <summary>Removes a thing; one that is removed already stays so.</summary>
    public void Remove(Place place)
    {
        ArgumentNullException.ThrowIfNull(place);
        if (place.Share is not { } share)
        {
            return;
        }

        share.Places.Remove(place.Node);
        place.Share = null;
        Count--;
        Move(share, share.Count - 1);
        if (share.Count == 0)
        {
            _shares.Remove(share.Network);
        }
    }

    /// <summary>The oldest thing of a network; null when it has none.</summary>
    public Place? OldestOf(Bits128 network) => _shares.TryGetValue(network, out var share) ? share.Places.First?.Value : null;

    private void Move(Share share, int count)
    {
        if (share.Count > 0)
        {
            if (share.Before is null)
            {
                _byCount[share.Count] = share.After;
            }
            else
            {
                share.Before.After = share.After;
            }

            if (share.After is not null)
            {
                share.After.Before = share.Before;
            }
        }

        share.Count = count;
        (share.Before, share.After) = (null, null);
        if (count > 0)
        {
            if (count == _byCount.Count)
            {
                _byCount.Add(null);
            }

            share.After = _byCount[count];
            if (share.After is not null)
            {
                share.After.Before = share;
            }

            _byCount[count] = share;
        }

        // A count changes by one, so the largest does too.
        _largest = count > _largest ? count : _largest > 0 && _byCount[_largest] is null ? _largest - 1 : _largest;
    }

    /// <summary>A thing and where it stands.</summary>
    public sealed class Place
    {
        internal Place(T item, Share share)
        {
            Item = item;
            Share = share;
            Node = share.Places.AddLast(this);
        }

        /// <summary>The thing.</summary>
        public T Item { get; }

        /// <summary>The network that it counts for; 0 once it is removed.</summary>
        public Bits128 Network => Share?.Network ?? default;

        internal Share? Share { get; set; }

        internal LinkedListNode<Place> Node { get; }

        /// <summary>Makes it the newest of its network.</summary>
        public void Renew()
        {
            if (Share is { } share)
            {
                share.Places.Remove(Node);
                share.Places.AddLast(Node);
            }
        }
    }

    /// <summary>What one network has.</summary>
    internal sealed class Share(Bits128 network)
    {
        public Bits128 Network { get; } = network;

        /// <summary>By which it stands in the list of its count; of <see cref="Places"/> while nothing changes.</summary>
        public int Count { get; set; }

        public Share? Before { get; set; }

        public Share? After { get; set; }

        /// <summary>Oldest first.</summary>
        public LinkedList<Place> Places { get; } = [];
    }
}
