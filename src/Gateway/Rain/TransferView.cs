using System.Globalization;
using MurkyWaters;

namespace Gateway.Rain;

/// <summary>A running or recent fetch.</summary>
/// <param name="Id">Its number in this process.</param>
/// <param name="Resource">The resource's id.</param>
/// <param name="FileName">The file name of the version that is fetched, once known, if it has one.</param>
/// <param name="State"><c>discovering</c>, <c>raining</c>, <c>completed</c>, or why it ended.</param>
/// <param name="Length">The resource's bytes, once known.</param>
/// <param name="ReceivedBytes">Bytes verified so far.</param>
/// <param name="DecodedBlocks">Source blocks verified so far.</param>
/// <param name="Blocks">Source blocks of the resource.</param>
/// <param name="BlockMap">Which blocks are verified: lengths in turn of a run of missing ones (0 when the first is verified) and one of
/// verified ones; null while nothing is known or when there are more than 4,096 runs.</param>
/// <param name="SymbolsNeeded">Symbols of the blocks begun.</param>
/// <param name="DropletsReceived">Distinct droplets received for them.</param>
/// <param name="Overhead">Droplets received / symbols needed.</param>
/// <param name="ElapsedMs">Since it began, until it ended.</param>
/// <param name="Verdict">What bounded the speed, in a sentence.</param>
/// <param name="PeersKnown">How many other nodes were known to fetch the same version, at most; 0 when it was fetched alone.</param>
/// <param name="GivenBytes">Bytes of droplets that this node has rained on others that fetch the same version, until the transfer
/// ended.</param>
/// <param name="Replaced">Neighbours that made way for others and have no row, with what came from them; null when there were none.</param>
/// <param name="Sources">A row a server.</param>
/// <example>
/// {
/// "id": "1", "resource": "42", "fileName": "holiday.mp4", "state": "completed", "length": 50000000, "receivedBytes": 50000000,
/// "decodedBlocks": 48, "blocks": 48, "blockMap": [0, 48], "symbolsNeeded": 35527, "dropletsReceived": 35527, "overhead": 1,
/// "elapsedMs": 412.7, "verdict": "The network set the pace: 127.0.0.1:1980 41.9 MB/s, 127.0.0.1:1981 41.5 MB/s.",
/// "peersKnown": 15, "givenBytes": 22114000, "replaced": null, "sources": [
/// {
/// "endpoint": "127.0.0.1:1980", "state": "done", "droplets": 11980, "bytes": 17307000, "lost": 0, "rttMs": 0.4,
/// "rateBytesPerSecond": 41936000, "role": "seeder", "givenBytes": 0, "heldBlocks": 48, "named": false
/// },
/// {
/// "endpoint": "127.0.0.1:1981", "state": "done", "droplets": 23547, "bytes": 34017000, "lost": 0, "rttMs": 0.3,
/// "rateBytesPerSecond": 41558000, "role": "bothWays", "givenBytes": 22114000, "heldBlocks": 31, "named": true
/// }
/// ]
/// }
/// </example>
internal sealed record TransferView(
    string Id,
    string Resource,
    string? FileName,
    string State,
    long? Length,
    long ReceivedBytes,
    int DecodedBlocks,
    int Blocks,
    IReadOnlyList<int>? BlockMap,
    long SymbolsNeeded,
    long DropletsReceived,
    double Overhead,
    double ElapsedMs,
    string Verdict,
    int PeersKnown,
    long GivenBytes,
    ReplacedNeighbours? Replaced,
    IReadOnlyList<TransferSource> Sources)
{
    /// <summary>Whether it is still going on.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsRunning => State is "discovering" or "raining";

    public static TransferView Of(TransferSnapshot snapshot) => new(
        snapshot.Id.ToString(CultureInfo.InvariantCulture),
        snapshot.Resource.ToString(),
        snapshot.FileName,
        snapshot.State,
        snapshot.Length,
        snapshot.ReceivedBytes,
        snapshot.DecodedBlocks,
        snapshot.Blocks,
        snapshot.BlockMap,
        snapshot.SymbolsNeeded,
        snapshot.DropletsReceived,
        snapshot.Overhead,
        snapshot.ElapsedMs,
        snapshot.Verdict,
        snapshot.PeersKnown,
        snapshot.GivenBytes,
        snapshot.Replaced,
        snapshot.Sources);
}
