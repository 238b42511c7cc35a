using PouringRain.Protocol;

namespace MurkyWaters;

/// <summary>Every setting of a node; the gateway fills it from configuration and has checked it.</summary>
public sealed record MurkyOptions
{
    /// <summary>Folder of the store.</summary>
    public required string StorePath { get; init; }

    /// <summary>Limit in bytes for what was fetched (what was put does not count); 0 is none.</summary>
    public long QuotaBytes { get; init; }

    /// <summary>The bytes of resources of up to so many are kept in the store's catalog,
    /// those of larger ones in files; 0 is none.</summary>
    public int InlineBytes { get; init; } = 64 * 1024;

    /// <summary>Within which every body of the store is read and compared with its digests; zero for never.</summary>
    public TimeSpan ScrubPeriod { get; init; }

    /// <summary>Bytes a second that are read for it at most; 0 is none.</summary>
    public long ScrubBytesPerSecondMax { get; init; } = 32 * 1024 * 1024;

    /// <summary>UDP endpoints of the local rain server.</summary>
    public required IReadOnlyList<System.Net.IPEndPoint> Listen { get; init; }

    /// <summary>Path of servers.json; edits are picked up while running.</summary>
    public required string ServersFile { get; init; }

    /// <summary>Code, symbol size and block size of new resources.</summary>
    public string Code { get; init; } = "raptorq";

    /// <inheritdoc cref="Code"/>
    public int SymbolSize { get; init; } = 1408;

    /// <inheritdoc cref="Code"/>
    public int BlockSize { get; init; }

    /// <summary>Ceiling over all subscribers of the node, bytes a second; 0 is none.</summary>
    public long RateBytesPerSecondMax { get; init; }

    /// <summary>Subscribers beyond which BUSY is answered.</summary>
    public int SubscriberCountMax { get; init; } = 10_000;

    /// <summary>Loops, each with a thread and a socket, that serve one endpoint of <see cref="Listen"/>, and as many that fetch. 0 is a
    /// quarter of the cores, 1 to 4: one rains some 2 GB/s, which is more than the rest of four
    /// cores reads, hashes and sends over HTTP.</summary>
    public int ReceiveLoopCount { get; init; }

    /// <summary>Deadlines and window of fetches.</summary>
    public FetchOptions Fetch { get; init; } = new();

    /// <summary>Fetches that may rain at once; beyond, they wait for <see cref="FetchPatience"/>.</summary>
    public int FetchCountMax { get; init; } = 32;

    /// <summary>Bytes of blocks that all fetches together may have in work; each gets a part, of at most its window.</summary>
    public long FetchBytesMax { get; init; } = 2L << 30;

    /// <summary>After how long without being read what is kept is archived; zero for never.</summary>
    public TimeSpan ArchiveAfter { get; init; }

    /// <summary>Bytes of what is archived so at least.</summary>
    public long ArchiveBytesMin { get; init; } = 1 << 20;

    /// <summary>How often what is in pieces is looked at.</summary>
    public TimeSpan PieceLookInterval { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a fetch waits for its part; beyond, <see cref="OpenStatus.Busy"/>.</summary>
    public TimeSpan FetchPatience { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Uploads in several requests that may be under way at once.</summary>
    public int UploadCountMax { get; init; } = 1000;

    /// <summary>How long an upload in several requests is kept after its last one.</summary>
    public TimeSpan UploadLifetime { get; init; } = TimeSpan.FromDays(1);

    /// <summary>Whether nodes of 2012 are told of all that was put here at every start.</summary>
    public bool PropagateOnStartup { get; init; }

    /// <summary>Whether a node that makes itself known, or asks this one to keep a resource, is added to the servers. A sealed one
    /// always; without <see cref="Secret"/> only one at the address of a server that is named, on another machine; in format 1, one of
    /// <see cref="ClassicAllow"/>.</summary>
    public bool AutoAddPeers { get; init; } = true;

    /// <summary>Whether what was fetched for a reader is kept and rained on.</summary>
    public bool ShareContent { get; init; } = true;

    /// <summary>Networks that may speak wire format 1.</summary>
    public IReadOnlyList<System.Net.IPNetwork> ClassicAllow { get; init; } = [];

    /// <summary>The cluster's secret: with one every datagram is sealed, and nothing that is not is heard, format 1 included. Empty is
    /// none.</summary>
    public ReadOnlyMemory<byte> Secret { get; init; }

    /// <summary>Further secrets that are accepted while <see cref="Secret"/> is being changed.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> SecretsAccepted { get; init; } = [];

    /// <summary>An object store into which what is kept here is put, and which is asked when nobody rains; null for none. The node disposes
    /// of it.</summary>
    public Backing.IBlobBackEnd? BackEnd { get; init; }

    /// <summary>Opens the registry of the cluster; null for none.</summary>
    public Func<Cluster.IClusterRegistry>? OpenRegistry { get; init; }

    /// <summary>How nodes give each other coding programs and their streams; null for not at all.</summary>
    public Archive.ICodingNetwork? CodingNetwork { get; init; }

    /// <summary>The clock by which versions are stamped.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The cluster of which the node is one.</summary>
    public Cluster.ClusterOptions Cluster { get; init; } = new();

    /// <summary>The groups of deployments.</summary>
    public Deploying.DeployGroupOptions Deploy { get; init; } = new();

    /// <summary>Faults under the sockets, for tests.</summary>
    public PouringRain.Network.DatagramFaults? Faults { get; init; }

    /// <summary>Makes what all sockets are sealed with; null for nothing.</summary>
    internal PouringRain.Network.SealSettings? CreateSeal() => Secret.IsEmpty ? null : new(Secret, SecretsAccepted);

    /// <summary><see cref="ReceiveLoopCount"/>, or what it stands for.</summary>
    internal int EffectiveReceiveLoopCount =>
        ReceiveLoopCount > 0 ? ReceiveLoopCount : Math.Clamp(Environment.ProcessorCount / 4, 1, 4);

    /// <summary>In place of the network, for tests.</summary>
    internal Fetching.IRainTransport? Transport { get; init; }

    /// <summary>In place of the disk's own figures, for tests.</summary>
    internal Store.DiskSpace? Space { get; init; }

    /// <summary>How long what was fetched waits to be put into the object store, for tests.</summary>
    internal TimeSpan? BackingDelay { get; init; }

    /// <summary>How long a fetch outlives its last reader, for tests.</summary>
    internal TimeSpan? FetchGrace { get; init; }

    /// <summary>The patience with what other nodes ask for, for tests.</summary>
    internal Propagating.InboxTimes InboxTimes { get; init; } = new();
}
