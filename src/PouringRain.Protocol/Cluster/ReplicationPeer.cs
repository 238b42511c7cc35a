namespace PouringRain.Protocol.Cluster;

/// <summary>What a node knows of another, and what waits to be said to it.</summary>
internal sealed class ReplicationPeer(ClusterMember member)
{
    public const int GroupCount = 32, GroupSize = ReplicaIndex.PartitionCount / GroupCount;

    public static readonly TimeSpan TimeoutFirst = TimeSpan.FromMilliseconds(500);

    public ClusterMember Member { get; set; } = member;

    public NodeId Id => Member.Id;

    /// <summary>Its number in the placement, -1 when it has no places.</summary>
    public int Index { get; set; } = -1;

    /// <summary>Which of its addresses is asked.</summary>
    public int AddressIndex { get; set; }

    public PeerAddress Address => Member.Rain[AddressIndex % Member.Rain.Length];

    /// <summary>Whether it answered what it was asked last.</summary>
    public bool IsAnswering { get; set; }

    /// <summary>Whether it is not known to be silent: it answers, or has not been asked yet.</summary>
    public bool MayAnswer => IsAnswering || Failures == 0;

    public int Failures { get; set; }

    /// <summary>When who does not answer is asked again.</summary>
    public Instant ProbeAt { get; set; }

    public TimeSpan Timeout { get; set; } = TimeoutFirst;

    /// <summary>The number it drew when it started; 0 while not known.</summary>
    public ulong Start { get; set; }

    public long ForgottenTo { get; set; } = long.MinValue;

    public long AgreedTo { get; set; } = long.MinValue;

    public int DigestsInFlight { get; set; }

    public int ListsInFlight { get; set; }

    public int TellsInFlight { get; set; }

    /// <summary>When digests are compared next.</summary>
    public Instant NextDigests { get; set; }

    /// <summary>Comparisons in a row that found something.</summary>
    public int Differences { get; set; }

    /// <summary>Groups of partitions that differ, to be looked into.</summary>
    public Queue<int> Groups { get; } = [];

    /// <summary>Partitions whose tombstones, and whose other entries, are to be listed, from an id on.</summary>
    public Queue<(int Partition, ResourceId? After)> TombstoneLists { get; } = [];

    public Queue<(int Partition, ResourceId? After)> VersionLists { get; } = [];

    /// <summary>Whether all of a partition has been compared; what it lacks is in <see cref="Tells"/> from then on.</summary>
    public bool[] IsCompared { get; } = new bool[ReplicaIndex.PartitionCount];

    /// <summary>When, in cluster time, a group was last the same.</summary>
    public long[] AgreedAt { get; } = CreateAgreedAt();

    public Dictionary<ResourceId, Telling> Tells { get; } = [];

    public PriorityQueue<ResourceId, long> DueTells { get; } = new();

    /// <summary>Surveys that it is to be asked for.</summary>
    public Queue<long> Surveys { get; } = [];

    public bool HasLists => TombstoneLists.Count > 0 || VersionLists.Count > 0;

    /// <summary>Everything is to be compared anew.</summary>
    public void Reset(Instant now)
    {
        Array.Clear(IsCompared);
        Array.Fill(AgreedAt, long.MinValue);
        Groups.Clear();
        TombstoneLists.Clear();
        VersionLists.Clear();
        NextDigests = now;
        Differences = 0;
    }

    private static long[] CreateAgreedAt()
    {
        var times = new long[GroupCount];
        Array.Fill(times, long.MinValue);
        return times;
    }
}

/// <summary>Something that waits to be told to one node.</summary>
internal sealed class Telling
{
    public Instant Due { get; set; }

    public int Attempts { get; set; }

    public bool IsFresh { get; set; }

    public bool IsInFlight { get; set; }
}

/// <summary>Something that waits to be fetched, or is being fetched.</summary>
internal sealed class Want(ResourceId id, ReplicaVersion version)
{
    public ResourceId Id { get; } = id;

    public ReplicaVersion Version { get; set; } = version;

    /// <summary>Nodes that have it.</summary>
    public List<NodeId> Sources { get; } = [];

    /// <summary>Whoever told of it, when it is no member that is known.</summary>
    public PeerAddress? Teller { get; set; }

    public bool IsFresh { get; set; }

    /// <summary>When this node was told of the version.</summary>
    public Instant Since { get; set; }

    public int Attempts { get; set; }

    public Instant Due { get; set; }

    public bool IsInFlight { get; set; }

    /// <summary>What is being fetched.</summary>
    public ReplicaVersion Fetching { get; set; }
}

/// <summary>A copy of which others are asked before anything is done with it.</summary>
internal sealed class Inquiry(ReplicaVersion version, bool isDoubt)
{
    public ReplicaVersion Version => version;

    /// <summary>Whether the copy is in doubt; otherwise its places are elsewhere.</summary>
    public bool IsDoubt => isDoubt;

    /// <summary>Holders that said that they keep it.</summary>
    public HashSet<NodeId> Confirmed { get; } = [];

    /// <summary>Members that have nothing.</summary>
    public HashSet<NodeId> Missing { get; } = [];
}

/// <summary>A question that is not answered yet.</summary>
internal sealed class Outstanding
{
    public required ReplicationPeer Peer { get; init; }

    public required Messages.ConsultKind Kind { get; init; }

    public required byte[] Body { get; init; }

    public required PeerAddress Address { get; init; }

    public required Instant First { get; init; }

    public required long ClusterMs { get; init; }

    public ulong PlacementHash { get; init; }

    public Instant Due { get; set; }

    public int Tries { get; set; }

    public Bits128 Token { get; set; }

    /// <summary>Of digests: the first partition and how many a digest has.</summary>
    public int FirstPartition { get; init; }

    public int Span { get; init; }

    public int Count { get; init; }

    /// <summary>Of a list.</summary>
    public Messages.ListMessage List { get; init; }

    /// <summary>Of a telling.</summary>
    public List<Messages.ToldEntry> Told { get; init; } = [];

    /// <summary>Of a survey, its number; else 0.</summary>
    public long Survey { get; init; }
}
