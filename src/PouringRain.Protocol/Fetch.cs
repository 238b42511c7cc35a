using System.Diagnostics.CodeAnalysis;

namespace PouringRain.Protocol;

/// <summary>Bounds and deadlines of a fetch.</summary>
public sealed record FetchOptions
{
    /// <summary>Until a fetch that no server has answered ends with <see cref="FetchEndReason.Unanswered"/>.</summary>
    public TimeSpan DiscoveryTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Until a fetch that gets no useful droplet ends with <see cref="FetchEndReason.Stalled"/>.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Bytes of blocks in work at once; at least two blocks are allowed whatever their size.</summary>
    public long WindowBytesMax { get; init; } = 64 * 1024 * 1024;
}

/// <summary>What to fetch and where to ask.</summary>
public sealed record FetchRequest
{
    /// <summary>The resource.</summary>
    public required ResourceId Resource { get; init; }

    /// <summary>The version wanted, or <see langword="null"/> for the newest on offer.</summary>
    public Sha256Digest? Version { get; init; }

    /// <summary>The servers to ask.</summary>
    public required IReadOnlyList<PeerAddress> Servers { get; init; }

    /// <summary>The first byte wanted at first.</summary>
    public long DemandOffset { get; init; }

    /// <summary>The bytes wanted at first: <see cref="long.MaxValue"/> for all, 0 for the manifest only.</summary>
    public long DemandLength { get; init; } = long.MaxValue;
}

/// <summary>Every way a fetch can end.</summary>
public enum FetchEndReason
{
    /// <summary>It has not.</summary>
    None,

    /// <summary>All that was demanded is here and verified.</summary>
    Completed,

    /// <summary>Every server said that it does not have the resource.</summary>
    NotFound,

    /// <summary>No server answered in time.</summary>
    Unanswered,

    /// <summary>Sources answered, then all fell silent.</summary>
    Stalled,

    /// <summary>No honest source is left.</summary>
    IntegrityFailure,

    /// <summary>Every server that answered was busy.</summary>
    Busy,

    /// <summary>The owner ended it.</summary>
    Cancelled,

    /// <summary>A verified block could not be kept (disk full or failing).</summary>
    LocalFailure,
}

/// <summary>What a fetch tells its owner.</summary>
public enum FetchEventKind
{
    /// <summary>The manifest is here and verified: <see cref="Fetch.Manifest"/>. Before anything else the owner may say with
    /// <see cref="Fetch.MarkHeld"/> which blocks it has already.</summary>
    ManifestReady,

    /// <summary>A source was dropped because it rained wrong bytes.</summary>
    SourceLied,

    /// <summary>A source holds an older version than the one fetched.</summary>
    SourceStale,

    /// <summary>The fetch is over: <see cref="Fetch.EndReason"/>.</summary>
    Ended,
}

/// <summary>One event of a fetch.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Peer">The source it happened to, where it is about one.</param>
public readonly record struct FetchEvent(FetchEventKind Kind, PeerAddress Peer);

/// <summary>
/// The fetching side: one resource, many servers, one decoder a block. Sans-I/O: whoever owns the socket gives it every datagram
/// that carries its <see cref="SubscriptionId"/>, then calls <see cref="TryPollEvent"/>, <see cref="TryPollWork"/> and
/// <see cref="TryPollTransmit"/> until there is nothing, then waits until <see cref="NextTimeout"/>. Time never goes back. Not
/// thread-safe; <see cref="BlockWork"/> alone runs elsewhere.
/// </summary>
public sealed class Fetch : IDisposable
{
    /// <summary>Makes a fetch; nothing happens before the first poll.</summary>
    /// <param name="options">Bounds.</param>
    /// <param name="request">What is wanted.</param>
    /// <param name="tokens">The tokens servers gave to this process, shared by its fetches.</param>
    /// <param name="seed">Seeds the fetch's random choices.</param>
    /// <param name="now">The time.</param>
    public Fetch(FetchOptions options, FetchRequest request, TokenCache tokens, ulong seed, Instant now) => throw new NotImplementedException();

    /// <summary>Chosen at random by the fetch and carried by all its datagrams, both ways.</summary>
    public uint SubscriptionId => throw new NotImplementedException();

    /// <summary>The manifest, once known.</summary>
    public Manifest? Manifest => throw new NotImplementedException();

    /// <summary>Why it ended, or <see cref="FetchEndReason.None"/>.</summary>
    public FetchEndReason EndReason => throw new NotImplementedException();

    /// <summary>When <see cref="TryPollTransmit"/> has something to do though no datagram came.</summary>
    public Instant NextTimeout => throw new NotImplementedException();

    /// <summary>Reads the subscription id of a server's datagram, by which a socket shared by many fetches finds the one meant.</summary>
    public static bool TryReadSubscriptionId(ReadOnlySpan<byte> datagram, out uint subscriptionId) => throw new NotImplementedException();

    /// <summary>Takes one datagram; any bytes at all.</summary>
    public void Handle(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram) => throw new NotImplementedException();

    /// <summary>Writes what is to be sent next; false when nothing is due yet.</summary>
    public bool TryPollTransmit(Instant now, Span<byte> buffer, out Transmit transmit) => throw new NotImplementedException();

    /// <summary>What the owner should know of, oldest first.</summary>
    public bool TryPollEvent(out FetchEvent fetchEvent) => throw new NotImplementedException();

    /// <summary>A block that has enough symbols: the owner calls <see cref="BlockWork.Run"/> on any thread, keeps the verified bytes,
    /// and gives the work back with <see cref="CompleteWork"/>.</summary>
    public bool TryPollWork([NotNullWhen(true)] out BlockWork? work) => throw new NotImplementedException();

    /// <summary>Takes a work back. A block that was verified is done (when <paramref name="kept"/>) and its memory is used again; one
    /// that was not goes on collecting, or is doubted.</summary>
    public void CompleteWork(Instant now, BlockWork work, bool kept) => throw new NotImplementedException();

    /// <summary>Says which blocks the owner has already: bit i of word i / 64. Only in answer to
    /// <see cref="FetchEventKind.ManifestReady"/>.</summary>
    public void MarkHeld(ReadOnlySpan<ulong> bitmap) => throw new NotImplementedException();

    /// <summary>Wants these bytes too, after what was demanded before, or first of all when <paramref name="urgent"/>.</summary>
    public void Demand(Instant now, long offset, long length, bool urgent) => throw new NotImplementedException();

    /// <summary>Adds a server to ask; one that is known is asked no second time.</summary>
    public void AddServer(Instant now, PeerAddress server) => throw new NotImplementedException();

    /// <summary>Ends the fetch; UNSUBSCRIBE is still to be polled.</summary>
    public void Cancel(Instant now, FetchEndReason reason) => throw new NotImplementedException();

    /// <summary>Its figures now.</summary>
    public FetchSnapshot Snapshot(Instant now) => throw new NotImplementedException();

    /// <summary>Gives decoders and buffers back to their pools.</summary>
    public void Dispose() => throw new NotImplementedException();
}

/// <summary>The decoding and verification of one block; pure work on memory of its own.</summary>
public sealed class BlockWork
{
    /// <summary>The SBN.</summary>
    public int BlockIndex => throw new NotImplementedException();

    /// <summary>The block without padding, valid between <see cref="Run"/> and <see cref="Fetch.CompleteWork"/>.</summary>
    public ReadOnlyMemory<byte> Bytes => throw new NotImplementedException();

    /// <summary>Whether the block was decoded and its SHA-256 is the manifest's.</summary>
    public bool IsVerified => throw new NotImplementedException();

    /// <summary>Decodes and verifies; on any thread, once.</summary>
    public void Run() => throw new NotImplementedException();
}

/// <summary>A fetch's figures.</summary>
public sealed record FetchSnapshot
{
    /// <summary>Bytes of verified blocks.</summary>
    public required long VerifiedBytes { get; init; }

    /// <summary>Verified blocks.</summary>
    public required int VerifiedBlocks { get; init; }

    /// <summary>K summed over the blocks wanted so far and begun.</summary>
    public required long SymbolsNeeded { get; init; }

    /// <summary>Distinct droplets received for these blocks.</summary>
    public required long DropletsReceived { get; init; }

    /// <summary>Bytes of all datagrams received.</summary>
    public required long WireBytes { get; init; }

    /// <summary>A row a server asked.</summary>
    public required IReadOnlyList<SourceSnapshot> Sources { get; init; }

    /// <summary>What bounds the speed just now.</summary>
    public required FetchBound Bound { get; init; }
}

/// <summary>What bounds a fetch's speed.</summary>
public enum FetchBound
{
    /// <summary>Not known yet.</summary>
    Unknown,

    /// <summary>The sources' own ceilings.</summary>
    SourceRate,

    /// <summary>The paths' capacity, as rate control found it.</summary>
    Path,

    /// <summary>Losses.</summary>
    Loss,

    /// <summary>Blocks wait for decoding, verification or the disk.</summary>
    Local,
}

/// <summary>What a server is to a fetch.</summary>
public enum SourceState
{
    /// <summary>Asked, not heard of.</summary>
    Asked,

    /// <summary>It rains.</summary>
    Raining,

    /// <summary>It does not have the resource.</summary>
    NotFound,

    /// <summary>It is overloaded.</summary>
    Busy,

    /// <summary>It holds another version.</summary>
    Stale,

    /// <summary>It was heard of and fell silent.</summary>
    Silent,

    /// <summary>It rained wrong bytes and was dropped.</summary>
    Lied,
}

/// <summary>One server in the eyes of a fetch.</summary>
public sealed record SourceSnapshot
{
    /// <summary>The server.</summary>
    public required PeerAddress Peer { get; init; }

    /// <summary>Its state.</summary>
    public required SourceState State { get; init; }

    /// <summary>Droplets that came from it.</summary>
    public required long Droplets { get; init; }

    /// <summary>Bytes of datagrams that came from it.</summary>
    public required long Bytes { get; init; }

    /// <summary>Droplets that it sent and that did not come.</summary>
    public required long Lost { get; init; }

    /// <summary>Smoothed round-trip time, zero until known.</summary>
    public required TimeSpan RoundTrip { get; init; }

    /// <summary>Rate granted to it.</summary>
    public required long RateBytesPerSecond { get; init; }

    /// <summary>When it was last heard, or null.</summary>
    public required Instant? LastHeard { get; init; }
}
