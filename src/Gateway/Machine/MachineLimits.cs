namespace Gateway.Machine;

/// <summary>
/// The one place that knows what the machine gives this process, and divides it. Nothing here is ever handed out whole: the runtime, the
/// store and the rain come first, then fetches, then clients. docs/settings.md says the same in words.
/// </summary>
internal sealed record MachineLimits
{
    /// <summary>The runtime's own: it keeps two for every assembly, some 260, and the loops, pipes, sockets and logs of a node.</summary>
    public const int RuntimeDescriptors = 320;

    /// <summary>Files that the store opens for a moment, folders to flush among them.</summary>
    public const int StoreDescriptors = 32;

    /// <summary>Below this there would be nothing left for clients.</summary>
    public const int DescriptorsMin = 400;

    /// <summary>A version on its way in: its bytes to write, its journal, its bytes to send.</summary>
    private const int DescriptorsPerFetch = 3;

    /// <summary>More at once are no faster, and each costs its share of every turn.</summary>
    private const int FetchCountMax = 128;

    private const int FetchCountMin = 4;

    /// <summary>Of an idle connection, measured, with its pipes and what the server keeps for it.</summary>
    private const int BytesPerConnection = 25 * 1024;

    /// <summary>Files and sockets that the process may have open.</summary>
    public required int DescriptorCount { get; init; }

    /// <summary>Memory that the process may use, in bytes: the machine's, or what a container
    /// or <c>DOTNET_GCHeapHardLimit</c> allows.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>Fetches that may rain at once.</summary>
    public int FetchCount => Math.Clamp((DescriptorCount - RuntimeDescriptors) / 4 / DescriptorsPerFetch, FetchCountMin, FetchCountMax);

    /// <summary>Descriptors for clients: one a connection, and one more (the file that it
    /// sends or writes) while a request is in work.</summary>
    public int ClientDescriptors =>
        Math.Max(1, DescriptorCount - RuntimeDescriptors - StoreDescriptors - (FetchCount * DescriptorsPerFetch));

    /// <summary>Connections for which an eighth of the memory is enough.</summary>
    public int ConnectionCount => (int)Math.Min(ClientDescriptors, MemoryBytes / 8 / BytesPerConnection);

    /// <summary>Bytes of blocks that all fetches together may have in work: a quarter of the memory. The codes' scratch, what the collector
    /// has not got round to yet, connections and the rain's own blocks have the rest.</summary>
    public long FetchBytes => MemoryBytes / 4;

    /// <summary>What this process has; the limit of descriptors has to be raised before.</summary>
    public static MachineLimits Of(int descriptorCount) =>
        new() { DescriptorCount = descriptorCount, MemoryBytes = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes };
}
