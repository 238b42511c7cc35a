using PouringRain.Protocol;

namespace MurkyWaters.Propagating;

/// <summary>Whose share of the inbox a request counts for: a server that is known, by itself; of others everybody at an address (in IPv6
/// in a network of 64 bits, which is what one has) in a few buckets by the port that they name, so that one who names many ports has no
/// more shares for it, and another at that address still has one.</summary>
internal readonly record struct AskedSource(Bits128 Network, ushort Place, bool IsKnown)
{
    /// <summary>Shares of one address.</summary>
    private const int BucketCount = 16;

    /// <summary>The share of a source.</summary>
    /// <param name="source">The asking node's address with its rain port.</param>
    /// <param name="isKnown">Whether it is among the servers.</param>
    public static AskedSource Of(PeerAddress source, bool isKnown) => isKnown
        ? new AskedSource(source.Address, source.Port, IsKnown: true)
        : new AskedSource(source.Network, (ushort)(source.Port % BucketCount), IsKnown: false);
}
