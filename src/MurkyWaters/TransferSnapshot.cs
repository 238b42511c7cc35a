using PouringRain.Protocol;

namespace MurkyWaters;

/// <summary>A running or recent fetch.</summary>
public sealed record TransferSnapshot
{
    /// <summary>Its number in this process, from 1.</summary>
    public required long Id { get; init; }

    /// <summary>The resource.</summary>
    public required ResourceId Resource { get; init; }

    /// <summary>The file name of the version that is fetched, once known; another version may have another.</summary>
    public string? FileName { get; init; }

    /// <summary><c>discovering</c>, <c>raining</c>, <c>completed</c>, <c>deleted</c>, or the end reason in camelCase.</summary>
    public required string State { get; init; }

    /// <summary>The resource's length, once known.</summary>
    public required long? Length { get; init; }

    /// <summary>Bytes of verified blocks.</summary>
    public required long ReceivedBytes { get; init; }

    /// <summary>Verified blocks.</summary>
    public required int DecodedBlocks { get; init; }

    /// <summary>Blocks of the resource.</summary>
    public required int Blocks { get; init; }

    /// <summary>Which blocks are verified, as lengths in turn of a run of missing ones (0 when the first is verified) and one of
    /// verified ones; null while the resource is unknown or when there are more than 4,096 runs.</summary>
    public IReadOnlyList<int>? BlockMap { get; init; }

    /// <summary>K summed over the blocks begun.</summary>
    public required long SymbolsNeeded { get; init; }

    /// <summary>Distinct droplets received.</summary>
    public required long DropletsReceived { get; init; }

    /// <summary>Droplets received / symbols needed.</summary>
    public required double Overhead { get; init; }

    /// <summary>Since it began, until it ended.</summary>
    public required double ElapsedMs { get; init; }

    /// <summary>What bounded the speed, in a sentence.</summary>
    public required string Verdict { get; init; }

    /// <summary>How many others were known to fetch the same version, at most; 0 when it was fetched alone.</summary>
    public int PeersKnown { get; init; }

    /// <summary>Bytes of droplets that this node's rain servers have sent to others that fetch the same version, since anybody was known to
    /// and until the transfer ended.</summary>
    public long GivenBytes { get; init; }

    /// <summary>What came from neighbours that made way for others and have no row; null when there were none.</summary>
    public ReplacedNeighbours? Replaced { get; init; }

    /// <summary>A row a server.</summary>
    public required IReadOnlyList<TransferSource> Sources { get; init; }
}

/// <summary>One server's part in a transfer.</summary>
/// <param name="Endpoint">As in servers.json, <c>host:port</c>.</param>
/// <param name="State"><c>asked</c> (and not heard of), <c>raining</c>, <c>done</c> (it rained until the transfer ended), <c>notFound</c>,
/// <c>busy</c>, <c>stale</c>, <c>silent</c> or <c>lied</c>.</param>
/// <param name="Droplets">Droplets that came from it.</param>
/// <param name="Bytes">Bytes of datagrams that came from it.</param>
/// <param name="Lost">Droplets that it sent and that did not come.</param>
/// <param name="RttMs">Round-trip time, once known.</param>
/// <param name="RateBytesPerSecond">The rate granted to it just now; over the whole transfer once that has ended.</param>
/// <param name="Role"><c>seeder</c> (it holds all blocks), <c>peer</c> (it fetches the same, holds some, and only gives), <c>bothWays</c>
/// (a peer that takes from this node as well); null as long as it has not told what it holds.</param>
/// <param name="GivenBytes">Bytes of droplets that this node's rain servers have sent to it for the same version.</param>
/// <param name="HeldBlocks">Blocks that it holds, as it says; null as long as it has not told.</param>
/// <param name="Named">Whether it was named by others that fetch the same, or turned to this node first, and is in no list of
/// servers.</param>
public sealed record TransferSource(
    string Endpoint, string State, long Droplets, long Bytes, long Lost, double? RttMs, long RateBytesPerSecond, string? Role,
    long GivenBytes, int? HeldBlocks, bool Named);

/// <summary>Neighbours of a transfer that made way for others, since they were dead or of no use.</summary>
/// <param name="Neighbours">How many; who came back and went again counts twice.</param>
/// <param name="Droplets">Droplets that came from them.</param>
/// <param name="Bytes">Bytes of datagrams that came from them.</param>
/// <param name="Lost">Droplets that they sent and that did not come.</param>
public sealed record ReplacedNeighbours(int Neighbours, long Droplets, long Bytes, long Lost);
