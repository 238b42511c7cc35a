namespace MurkyWaters.Store;

/// <summary>What is held of a store: all zero when nobody is at work in it.</summary>
/// <param name="BlobLeases">Leases of blobs.</param>
/// <param name="FetchLeases">Leases of what is here in part.</param>
/// <param name="Mending">Fetches that mend a blob.</param>
/// <param name="Turns">Resources and blobs that somebody has the turn of.</param>
/// <param name="PromisedBytes">Room that is set aside.</param>
internal sealed record StoreHoldings(int BlobLeases = 0, int FetchLeases = 0, int Mending = 0, int Turns = 0, long PromisedBytes = 0);
