using PouringRain.Protocol;

namespace MurkyWaters;

/// <summary>
/// A node of Murky Waters: the store on disk, the rain listeners that serve it, the shared fetches that fill it, propagation to the
/// other nodes, and the tables that tell of all this. All that the gateway knows of the layers above it.
/// </summary>
public sealed class MurkyNode : IAsyncDisposable
{
    /// <summary>Opens the store (recovery included), binds the listeners, reads the servers list.</summary>
    public static Task<MurkyNode> StartAsync(MurkyOptions options, Microsoft.Extensions.Logging.ILoggerFactory loggers, CancellationToken cancellationToken) =>
        throw new NotImplementedException();

    /// <summary>The newest version kept here whole, or a tombstone, or null.</summary>
    public StoredResource? Find(ResourceId id) => throw new NotImplementedException();

    /// <summary>A page of what is kept here, in order of ids, tombstones left out.</summary>
    public ResourcePage List(ResourceId? after, int limit) => throw new NotImplementedException();

    /// <summary>Starts taking a resource in. Nothing is seen of it before <see cref="Upload.CommitAsync"/>.</summary>
    /// <exception cref="StoreFullException">The declared length does not fit.</exception>
    public Upload BeginUpload(UploadOptions options) => throw new NotImplementedException();

    /// <summary>Finds a resource here, or in the rain (joining the fetch that is under way).</summary>
    public Task<OpenResult> OpenAsync(ResourceId id, OpenOptions options, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>Writes a tombstone and propagates it. False when there is nothing to delete here.</summary>
    public Task<DeleteOutcome> DeleteAsync(ResourceId id, Func<StoredResource?, bool> precondition, CancellationToken cancellationToken) =>
        throw new NotImplementedException();

    /// <summary>Asks the other nodes to fetch and keep what is here, and counts those that hold it (this one included) until
    /// <paramref name="replicas"/> do or the time is up; 1 does not wait.</summary>
    public Task<int> PropagateAsync(ResourceId id, int replicas, TimeSpan limit, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>Starts (or joins) a fetch into the store without a reader.</summary>
    public TransferSnapshot Prefetch(ResourceId id) => throw new NotImplementedException();

    /// <summary>The servers known, with what was learnt of them.</summary>
    public IReadOnlyList<ServerSnapshot> Servers => throw new NotImplementedException();

    /// <summary>Adds a server until the process ends; false when it was known.</summary>
    public bool AddServer(string host, int port) => throw new NotImplementedException();

    /// <summary>Forgets a server; false when it was not known.</summary>
    public bool RemoveServer(string host, int port) => throw new NotImplementedException();

    /// <summary>The subscriber tables of all listeners.</summary>
    public Task<IReadOnlyList<SubscriberSnapshot>> GetSubscribersAsync() => throw new NotImplementedException();

    /// <summary>Running and recent fetches, newest first.</summary>
    public IReadOnlyList<TransferSnapshot> Transfers => throw new NotImplementedException();

    /// <summary>Stops listeners and fetches; nothing kept is lost.</summary>
    public ValueTask DisposeAsync() => throw new NotImplementedException();
}

/// <summary>Every setting of a node; the gateway fills it from configuration and has checked it.</summary>
public sealed record MurkyOptions
{
    /// <summary>Folder of the store.</summary>
    public required string StorePath { get; init; }

    /// <summary>Limit in bytes for what was fetched (what was put does not count); 0 is none.</summary>
    public long QuotaBytes { get; init; }

    /// <summary>UDP endpoints of the local rain server.</summary>
    public required IReadOnlyList<System.Net.IPEndPoint> Listen { get; init; }

    /// <summary>Path of servers.json; edits are picked up while running.</summary>
    public required string ServersFile { get; init; }

    /// <summary>Code, symbol size and block size of new resources.</summary>
    public string Code { get; init; } = "lt";

    /// <inheritdoc cref="Code"/>
    public int SymbolSize { get; init; } = 1408;

    /// <inheritdoc cref="Code"/>
    public int BlockSize { get; init; } = 1024 * 1024;

    /// <summary>Ceiling over all subscribers of a listener, bytes a second; 0 is none.</summary>
    public long RateBytesPerSecondMax { get; init; }

    /// <summary>Subscribers beyond which BUSY is answered.</summary>
    public int SubscriberCountMax { get; init; } = 10_000;

    /// <summary>Deadlines and window of fetches.</summary>
    public FetchOptions Fetch { get; init; } = new();

    /// <summary>As in 2012.</summary>
    public bool PropagateOnStartup { get; init; }

    /// <inheritdoc cref="PropagateOnStartup"/>
    public bool AutoAddPeers { get; init; } = true;

    /// <inheritdoc cref="PropagateOnStartup"/>
    public bool ShareContent { get; init; } = true;

    /// <summary>Networks that may speak wire format 1.</summary>
    public IReadOnlyList<System.Net.IPNetwork> ClassicAllow { get; init; } = [];

    /// <summary>Faults under the sockets, for tests.</summary>
    public PouringRain.Network.DatagramFaults? Faults { get; init; }
}

/// <summary>One version kept here.</summary>
/// <param name="Id">The resource.</param>
/// <param name="Manifest">Its manifest; a tombstone has <see cref="Manifest.IsDeleted"/>.</param>
/// <param name="Origin">Whether it was put here or fetched.</param>
public sealed record StoredResource(ResourceId Id, Manifest Manifest, ResourceOrigin Origin);

/// <summary>How a resource came here.</summary>
public enum ResourceOrigin
{
    /// <summary>By PUT, or because a node propagated it: kept until deleted.</summary>
    Put,

    /// <summary>Fetched for a reader: may be evicted.</summary>
    Fetched,
}

/// <summary>A page of resources.</summary>
/// <param name="Items">In order of ids.</param>
/// <param name="Next">What to give as <c>after</c> for the next page, or null at the end.</param>
public sealed record ResourcePage(IReadOnlyList<StoredResource> Items, ResourceId? Next);

/// <summary>What an upload is to become.</summary>
public sealed record UploadOptions
{
    /// <summary>The id, or null to take it from the content (first 64 bits of its SHA-256, big-endian).</summary>
    public ResourceId? Id { get; init; }

    /// <summary>The length, when the sender said it.</summary>
    public long? Length { get; init; }

    /// <summary>The media type, or null when none was given.</summary>
    public string? ContentType { get; init; }

    /// <summary>The file name, or null.</summary>
    public string? FileName { get; init; }

    /// <summary>The code, or null for the default.</summary>
    public string? Code { get; init; }

    /// <summary>SHA-256 that the sender announced, or null.</summary>
    public Sha256Digest? ExpectedSha256 { get; init; }

    /// <summary>Checked with what is stored at the moment of the commit, under the lock that makes commits atomic; false stores nothing.</summary>
    public Func<StoredResource?, bool>? Precondition { get; init; }
}

/// <summary>A resource on its way in. Disposed without commit, it leaves nothing behind.</summary>
public abstract class Upload : IAsyncDisposable
{
    /// <summary>Takes the next bytes.</summary>
    /// <exception cref="StoreFullException">The disk or the quota is full.</exception>
    public abstract ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken);

    /// <summary>Makes it durable and visible (fsync, rename) and rains it.</summary>
    public abstract Task<UploadResult> CommitAsync(CancellationToken cancellationToken);

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();
}

/// <summary>How an upload ended.</summary>
public enum UploadOutcome
{
    /// <summary>The resource is new.</summary>
    Created,

    /// <summary>A new version took the place of another.</summary>
    Replaced,

    /// <summary>The same bytes were there; no new version.</summary>
    Unchanged,

    /// <summary>The bytes do not have the announced digest; nothing was stored.</summary>
    DigestMismatch,

    /// <summary>Fewer or more bytes came than announced; nothing was stored.</summary>
    LengthMismatch,

    /// <summary>The precondition failed at the commit; nothing was stored.</summary>
    PreconditionFailed,
}

/// <summary>The end of an upload.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Resource">What is stored now, when something is.</param>
public sealed record UploadResult(UploadOutcome Outcome, StoredResource? Resource);

/// <summary>The disk or the quota has no room.</summary>
public sealed class StoreFullException : IOException
{
    /// <inheritdoc/>
    public StoreFullException()
        : this("The store is full.")
    {
    }

    /// <inheritdoc/>
    public StoreFullException(string message)
        : base(message)
    {
    }

    /// <inheritdoc/>
    public StoreFullException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>How a resource is to be found.</summary>
public sealed record OpenOptions
{
    /// <summary>Where to look.</summary>
    public OpenSource Source { get; init; }

    /// <summary>First byte wanted soon; more can be demanded by reading.</summary>
    public long DemandOffset { get; init; }

    /// <summary>Bytes wanted soon; 0 for the manifest only.</summary>
    public long DemandLength { get; init; } = long.MaxValue;
}

/// <summary>Where to look for a resource.</summary>
public enum OpenSource
{
    /// <summary>Here, then in the rain.</summary>
    Any,

    /// <summary>Only here.</summary>
    LocalOnly,

    /// <summary>In the rain, even if it is here.</summary>
    RainOnly,
}

/// <summary>How looking for a resource ended.</summary>
public enum OpenStatus
{
    /// <summary>There is a reader.</summary>
    Found,

    /// <summary>It was deleted (a tombstone is the newest version).</summary>
    Deleted,

    /// <summary>Every server said that it has no such resource (or none is listed).</summary>
    NotFound,

    /// <summary>Not here, and the rain was forbidden.</summary>
    NotCached,

    /// <summary>No server answered in time, or all fell silent before the manifest was here.</summary>
    Unanswered,

    /// <summary>No honest source is left.</summary>
    IntegrityFailure,

    /// <summary>The servers, or this node's limit of fetches, are at their bounds.</summary>
    Busy,

    /// <summary>The store has no room or failed.</summary>
    LocalFailure,
}

/// <summary>What came of looking for a resource.</summary>
/// <param name="Status">How it ended.</param>
/// <param name="Reader">The reader, when found; the caller disposes it.</param>
/// <param name="Sources">The servers asked, when some were.</param>
public sealed record OpenResult(OpenStatus Status, ResourceReader? Reader, IReadOnlyList<SourceReport> Sources);

/// <summary>Reads one version of a resource, which may still be coming. Holds it against eviction until disposed.</summary>
public abstract class ResourceReader : IAsyncDisposable
{
    /// <summary>The manifest.</summary>
    public abstract Manifest Manifest { get; }

    /// <summary>Whether it was here: no fetch is behind it.</summary>
    public abstract bool IsHit { get; }

    /// <summary>The file that holds it whole, for the system's own file-to-socket copy; null while a fetch is behind it.</summary>
    public abstract string? FilePath { get; }

    /// <summary>The fetch behind it, or null.</summary>
    public abstract TransferSnapshot? Transfer { get; }

    /// <summary>Reads verified bytes at an offset, waiting for those that are not here yet.</summary>
    /// <returns>How many bytes were read: at least 1, 0 only at the end.</returns>
    /// <exception cref="FetchFailedException">The rain has stopped for good.</exception>
    public abstract ValueTask<int> ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken);

    /// <summary>Lets go; a fetch that nobody reads or keeps is ended.</summary>
    public abstract ValueTask DisposeAsync();
}

/// <summary>A fetch ended before the bytes wanted were here.</summary>
public sealed class FetchFailedException : IOException
{
    /// <summary>Makes the exception.</summary>
    public FetchFailedException(FetchEndReason reason, IReadOnlyList<SourceReport> sources)
        : base($"The rain has stopped: {reason}.")
    {
        Reason = reason;
        Sources = sources;
    }

    /// <summary>Why it ended.</summary>
    public FetchEndReason Reason { get; }

    /// <summary>The servers asked.</summary>
    public IReadOnlyList<SourceReport> Sources { get; }
}

/// <summary>How a deletion ended.</summary>
public enum DeleteOutcome
{
    /// <summary>A tombstone is stored and on its way to the other nodes.</summary>
    Deleted,

    /// <summary>There was nothing to delete here.</summary>
    NotFound,

    /// <summary>The precondition failed.</summary>
    PreconditionFailed,
}

/// <summary>A server in the eyes of one fetch, for error documents.</summary>
public sealed record SourceReport(string Endpoint, string State, long Droplets, double Loss, double? RttMs, DateTimeOffset? LastSeen);

/// <summary>One server known to this node.</summary>
/// <param name="Endpoint">As in servers.json, <c>host:port</c>.</param>
/// <param name="Origin"><c>file</c>, <c>api</c> or <c>peer</c> (added by itself).</param>
/// <param name="State"><c>unknown</c>, <c>up</c>, <c>silent</c>, <c>busy</c>, <c>stale</c>, <c>lied</c> or <c>unresolvable</c>.</param>
/// <param name="RttMs">Round-trip time, once known.</param>
/// <param name="RateBytesPerSecond">Rate of the last fetch.</param>
/// <param name="Loss">Loss of the last fetch, 0 to 1.</param>
/// <param name="LastSeen">When it was last heard.</param>
public sealed record ServerSnapshot(string Endpoint, string Origin, string State, double? RttMs, long RateBytesPerSecond, double Loss, DateTimeOffset? LastSeen);

/// <summary>A running or recent fetch.</summary>
public sealed record TransferSnapshot
{
    /// <summary>Its number in this process, from 1.</summary>
    public required long Id { get; init; }

    /// <summary>The resource.</summary>
    public required ResourceId Resource { get; init; }

    /// <summary><c>discovering</c>, <c>raining</c>, <c>completed</c>, or the end reason in camelCase.</summary>
    public required string State { get; init; }

    /// <summary>The resource's length, once known.</summary>
    public required long? Length { get; init; }

    /// <summary>Bytes of verified blocks.</summary>
    public required long ReceivedBytes { get; init; }

    /// <summary>Verified blocks.</summary>
    public required int DecodedBlocks { get; init; }

    /// <summary>Blocks of the resource.</summary>
    public required int Blocks { get; init; }

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

    /// <summary>A row a server.</summary>
    public required IReadOnlyList<TransferSource> Sources { get; init; }
}

/// <summary>One server's part in a transfer.</summary>
public sealed record TransferSource(string Endpoint, string State, long Droplets, long Bytes, long Lost, double? RttMs, long RateBytesPerSecond);
