namespace PouringRain.Protocol.Sealing;

/// <summary>
/// How many datagrams of senders that are not known may be tried: each costs a key derivation and, when it is forged, an exception.
/// The budget is divided among shares by address, so that whoever floods from one network spends only that one's; 64 shares of 16 a
/// second are about a thousandth of a core. A real sender that finds its share spent asks again a moment later.
/// </summary>
internal sealed class StrangerBudget
{
    /// <summary>Tries that a share has at once, and how many come back in a second.</summary>
    public const int BurstCount = 16, CountPerSecond = 16;

    public const int ShareCount = 64;

    private readonly TryBudget[] _shares = new TryBudget[ShareCount];

    public StrangerBudget() => Array.Fill(_shares, new TryBudget(BurstCount, CountPerSecond));

    /// <summary>Takes one try, if there is one.</summary>
    public bool TryTake(Instant now, PeerAddress from) => _shares[ShareOf(from)].TryTake(now);

    /// <summary>By the address of IPv4, by the network of 64 bits of IPv6, which is one subscriber's.</summary>
    internal static int ShareOf(PeerAddress from)
    {
        var network = from.IsIPv4 ? (uint)from.Address.Low : from.Address.High;
        return (int)(unchecked(network * 0x9E37_79B9_7F4A_7C15) >> 58);
    }
}
