namespace PouringRain.Protocol;

/// <summary>
/// Datagrams that <see cref="RainServer.Handle"/> could not answer yet, because the catalog is still loading what they ask for: whoever
/// drives the server keeps them here and gives them to it again. Bounded in number and bytes, beyond which the oldest go; their clients ask
/// again. Of one subscription only the newest is kept. Not thread-safe.
/// </summary>
public sealed class AwaitedDatagrams
{
    /// <summary>The most that are kept: as many clients asking in the time of a slow disk.</summary>
    public const int CountMax = 1024;

    /// <summary>The most bytes that are kept: SUBSCRIBEs that are padded for a first contact
    /// fill it before <see cref="CountMax"/> does.</summary>
    public const int BytesMax = 512 * 1024;

    /// <summary>After as long as a subscription lives nobody waits for the answer any more.</summary>
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(5);

    private readonly LinkedList<Entry> _entries = new();
    private readonly Dictionary<(PeerAddress From, uint SubscriptionId), LinkedListNode<Entry>> _bySubscription = [];

    /// <summary>How many there are.</summary>
    public int Count => _entries.Count;

    /// <summary>Their bytes.</summary>
    public int Bytes { get; private set; }

    /// <summary>How many were dropped, over the bounds or too old.</summary>
    public long Dropped { get; private set; }

    /// <summary>Keeps a copy of a datagram.</summary>
    /// <param name="now">The time.</param>
    /// <param name="resource">What it waits for.</param>
    /// <param name="from">Who sent it.</param>
    /// <param name="datagram">The datagram.</param>
    public void Add(Instant now, ResourceId resource, PeerAddress from, ReadOnlySpan<byte> datagram)
    {
        if (!WireFormat.TryReadHeader(datagram, out _, out var subscriptionId) || datagram.Length > BytesMax)
        {
            return;
        }

        if (_bySubscription.TryGetValue((from, subscriptionId), out var older))
        {
            Remove(older);
        }

        while (_entries.First is { } first
            && (Count == CountMax || Bytes + datagram.Length > BytesMax || first.Value.Came + Lifetime <= now))
        {
            Remove(first);
            Dropped++;
        }

        var entry = new Entry(now, resource, from, subscriptionId, datagram.ToArray());
        _bySubscription.Add((from, subscriptionId), _entries.AddLast(entry));
        Bytes += datagram.Length;
    }

    /// <summary>Takes those out that wait for a resource, oldest first.</summary>
    public IReadOnlyList<(PeerAddress From, ReadOnlyMemory<byte> Datagram)> Take(Instant now, ResourceId resource)
    {
        List<(PeerAddress, ReadOnlyMemory<byte>)>? taken = null;
        for (var node = _entries.First; node is not null;)
        {
            var (entry, next) = (node.Value, node.Next);
            if (entry.Resource == resource)
            {
                Remove(node);
                if (entry.Came + Lifetime > now)
                {
                    (taken ??= []).Add((entry.From, entry.Datagram));
                }
                else
                {
                    Dropped++;
                }
            }

            node = next;
        }

        return taken ?? [];
    }

    private void Remove(LinkedListNode<Entry> node)
    {
        _entries.Remove(node);
        _bySubscription.Remove((node.Value.From, node.Value.SubscriptionId));
        Bytes -= node.Value.Datagram.Length;
    }

    private sealed record Entry(Instant Came, ResourceId Resource, PeerAddress From, uint SubscriptionId, byte[] Datagram);
}
