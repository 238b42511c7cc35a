using System.Diagnostics.CodeAnalysis;

namespace PouringRain.Protocol;

/// <summary>
/// How many more bytes of droplets a peer (address and port) is sent before it shows that it hears them. A token proves that it could be
/// heard once; whoever then falls silent, or had a token obtained for it, is not flooded: a first flight goes out, and from then on
/// some multiple of what feedback has confirmed. Feedback names a sequence, which counts
/// from a random number, so that nobody can make it up.
/// </summary>
internal sealed class PeerCredit
{
    /// <summary>A first flight, with a kilobyte for answers, is 64 KiB on the wire.</summary>
    private const int FirstFlightBytes = 63 * 1024;

    /// <summary>What may be said to it beyond its first flight of what it holds to know and of others, which is more than it asked
    /// with.</summary>
    private const int WordsBytes = 4 * 1024;

    /// <summary>What a droplet takes beside itself: headers of IPv6 and UDP, and the seal.</summary>
    private const int OverheadBytes = 48 + 18;

    /// <summary>What was confirmed is given again, and as much for growth eight times over: a path that carries 60 KB in a round trip is
    /// filled to half a megabyte in the next and to four in the one after it.</summary>
    private const int Growth = 9;

    /// <summary>More than 10 Gbit/s carries in 100 ms.</summary>
    private const long RoomBytesMax = 128 * 1024 * 1024;

    private readonly Queue<Subscriber> _blocked = new();

    public PeerCredit(PeerAddress peer) => Node = new LinkedListNode<PeerAddress>(peer);

    /// <summary>Its place among those without a subscription.</summary>
    public LinkedListNode<PeerAddress> Node { get; }

    /// <summary>Subscriptions it has.</summary>
    public int RowCount { get; set; }

    private long _roomBytes = FirstFlightBytes;

    /// <summary>Droplets of a size that may go out to it.</summary>
    public int RoomFor(int dropletBytes) => (int)(Math.Max(0, _roomBytes) / (dropletBytes + OverheadBytes));

    public void Spend(int count, int dropletBytes) => _roomBytes -= (long)count * (dropletBytes + OverheadBytes);

    /// <summary>Takes room for an answer that is longer than what it answers; false when there is none.</summary>
    public bool TryAnswer(int bytes, int bytesAsked)
    {
        var more = Math.Max(0, bytes - bytesAsked);
        if (_roomBytes + WordsBytes < more)
        {
            return false;
        }

        _roomBytes -= more;
        return true;
    }

    /// <summary>The peer has shown that it hears.</summary>
    /// <param name="count">Droplets that its feedback is about for the first time.</param>
    /// <param name="dropletBytes">Their size.</param>
    public void Confirm(int count, int dropletBytes) =>
        _roomBytes = Math.Clamp(_roomBytes + ((long)count * (dropletBytes + OverheadBytes) * Growth), FirstFlightBytes, RoomBytesMax);

    /// <summary>Entries of those that wait for room.</summary>
    public int BlockedCount => _blocked.Count;

    /// <summary>A subscription waits for room.</summary>
    public void Block(Subscriber row)
    {
        if (!row.IsBlocked)
        {
            row.IsBlocked = true;
            _blocked.Enqueue(row);
        }
    }

    /// <summary>Takes the one that has waited longest; false when it has ended meanwhile.</summary>
    public bool TryUnblock([NotNullWhen(true)] out Subscriber? row)
    {
        var isThere = _blocked.TryDequeue(out row) && row.IsBlocked;
        if (isThere)
        {
            row!.IsBlocked = false;
        }

        return isThere;
    }
}
