namespace MurkyWaters.Cluster;

/// <summary>The settings of the cluster, checked.</summary>
public sealed record ClusterOptions
{
    /// <summary>Endpoints of etcd, http or https; none for a cluster without.</summary>
    public IReadOnlyList<Uri> Etcd { get; init; } = [];

    /// <summary>The cluster's name, which keeps several in one etcd apart.</summary>
    public string Name { get; init; } = "rain";

    /// <summary>Where this node stands; empty for nowhere in particular.</summary>
    public string Zone { get; init; } = "";

    /// <summary>How much this node takes in proportion to others.</summary>
    public double Weight { get; init; } = 1;

    /// <summary>Nodes that keep each resource; 0 is every node.</summary>
    public int Replicas { get; init; } = 3;

    /// <summary>How long a node may be silent before what it held is put elsewhere.</summary>
    public TimeSpan DownAfter { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>What repair may take, bytes a second; 0 is none.</summary>
    public long RepairBytesPerSecondMax { get; init; }

    /// <summary>How far ahead of this node's clock a version may be stamped.</summary>
    public TimeSpan ClockSkewMax { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long it takes to look once through all that is here; tests are in a hurry.</summary>
    internal TimeSpan SweepInterval { get; init; } = TimeSpan.FromSeconds(32);

    /// <summary>Where others reach this node's HTTP; empty when it is not said.</summary>
    public string AdvertiseUrl { get; init; } = "";

    /// <summary>Where others reach this node's rain, <c>host:port</c> each; empty for the endpoints it listens on.</summary>
    public IReadOnlyList<string> AdvertiseRain { get; init; } = [];
}
