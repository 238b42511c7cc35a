namespace MurkyWaters;

/// <summary>What a node has done since it started, and its tables' sizes now. All but those of now only grow.</summary>
public sealed record NodeFigures
{
    /// <summary>Transfers that ended, by their last state.</summary>
    public required IReadOnlyDictionary<string, long> TransfersEnded { get; init; }

    /// <summary>Distinct droplets received.</summary>
    public required long DropletsReceived { get; init; }

    /// <summary>Bytes of datagrams received with them.</summary>
    public required long BytesReceived { get; init; }

    /// <summary>Droplets that servers sent and that did not come.</summary>
    public required long DropletsLost { get; init; }

    /// <summary>Symbols that the blocks begun needed.</summary>
    public required long SymbolsNeeded { get; init; }

    /// <summary>Blocks decoded or found wrong.</summary>
    public required long BlocksWorked { get; init; }

    /// <summary>Time that decoding, verifying and keeping them took, summed over the threads that do it.</summary>
    public required TimeSpan WorkTime { get; init; }

    /// <summary>Droplets rained on subscribers.</summary>
    public required long DropletsSent { get; init; }

    /// <summary>Bytes of datagrams rained on them.</summary>
    public required long BytesSent { get; init; }

    /// <summary>Of these, bytes to nodes that fetch the same in company.</summary>
    public required long BytesSentInCompany { get; init; }

    /// <summary>Versions that others are known to fetch in company just now.</summary>
    public required int Swarms { get; init; }

    /// <summary>Nodes known to fetch those; who fetches two versions counts twice.</summary>
    public required int SwarmMembers { get; init; }

    /// <summary>Datagrams that did not open under the secret and were dropped, by the reason as of
    /// <see cref="PouringRain.Network.SealAccount.Dropped"/>; empty without a secret.</summary>
    public required IReadOnlyDictionary<string, long> DatagramsDropped { get; init; }

    /// <summary>Droplets received a symbol needed, over all transfers; 0 before the first.</summary>
    public double Overhead => SymbolsNeeded == 0 ? 0 : (double)DropletsReceived / SymbolsNeeded;

    /// <summary>Droplets lost of those sent, 0 to 1.</summary>
    public double Loss => DropletsLost == 0 ? 0 : (double)DropletsLost / (DropletsLost + DropletsReceived);

    /// <summary>Transfers that run.</summary>
    public required int TransfersRunning { get; init; }

    /// <summary>Subscribers in the tables of all listeners, but for those of format 1.</summary>
    public required int Subscribers { get; init; }

    /// <summary>Whether the store's disk fails, so that nothing is taken in.</summary>
    public required bool IsStoreReadOnly { get; init; }

    /// <summary>Errors that ended a write, by what they said: <c>full</c> (no room), <c>busy</c>
    /// (no open files or memory), <c>failing</c>.</summary>
    public required IReadOnlyDictionary<string, long> StoreErrors { get; init; }

    /// <summary>Rows and files of the store that were set aside since they could not be
    /// understood, or were not what they should be.</summary>
    public required long StoreQuarantined { get; init; }

    /// <summary>Bytes of bodies that were read to be compared with their digests, by the scrub.</summary>
    public required long StoreScrubbedBytes { get; init; }

    /// <summary>Bodies that the scrub has found damaged.</summary>
    public required long StoreScrubDamaged { get; init; }

    /// <summary>Resources kept.</summary>
    public required long Resources { get; init; }
}
