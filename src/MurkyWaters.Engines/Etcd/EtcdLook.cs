namespace MurkyWaters.Engines.Etcd;

/// <summary>What a look at one of etcd's servers has found.</summary>
/// <param name="Version">Its release, as in <c>3.4.30</c>; null when it does not say.</param>
/// <param name="Cluster">The id of the cluster that it is a member of; null when it does not say.</param>
/// <param name="Trouble">Why it is of no use, in a sentence; null when it answers for its cluster.</param>
/// <param name="RoundTrip">How long an answer took that a majority has to agree to; zero with a trouble.</param>
public sealed record EtcdLook(string? Version, string? Cluster, string? Trouble, TimeSpan RoundTrip);
