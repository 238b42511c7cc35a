namespace PouringRain.Protocol;

/// <summary>The <see cref="PeerCredit"/> of every peer with a subscription, and of those that had one last: who takes up one after another
/// and never gives feedback gets no second first flight. Bounded.</summary>
internal sealed class PeerCredits
{
    /// <summary>Peers remembered without a subscription: about a megabyte.</summary>
    private const int IdleCountMax = 8192;

    private readonly Dictionary<PeerAddress, PeerCredit> _byPeer = [];
    private readonly LinkedList<PeerAddress> _idle = new();

    /// <summary>Takes up a subscription of a peer.</summary>
    public PeerCredit Enter(PeerAddress peer)
    {
        if (!_byPeer.TryGetValue(peer, out var credit))
        {
            credit = new PeerCredit(peer);
            _byPeer.Add(peer, credit);
        }
        else if (credit.RowCount == 0)
        {
            _idle.Remove(credit.Node);
        }

        credit.RowCount++;
        return credit;
    }

    /// <summary>A subscription has ended; of the peers that have none the one longest without goes when there are too many.</summary>
    public void Leave(Subscriber row)
    {
        row.IsBlocked = false;
        if (--row.Credit.RowCount > 0)
        {
            return;
        }

        _idle.AddLast(row.Credit.Node);
        if (_idle.Count > IdleCountMax)
        {
            _byPeer.Remove(_idle.First!.Value);
            _idle.RemoveFirst();
        }
    }
}
