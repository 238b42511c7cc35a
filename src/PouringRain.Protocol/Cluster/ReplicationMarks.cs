namespace PouringRain.Protocol.Cluster;

/// <summary>What a store remembers of the cluster from one start to the next.</summary>
/// <param name="AgreedTo">Every tombstone up to this stamp, in milliseconds, was here and at every other member when they were last
/// compared; the least number when there was no such time.</param>
/// <param name="ForgottenTo">Tombstones up to this stamp may have been forgotten here; the least number when none was.</param>
public readonly record struct ReplicationMarks(long AgreedTo, long ForgottenTo)
{
    /// <summary>Those of a store that was never part of a cluster.</summary>
    public static ReplicationMarks None { get; } = new(long.MinValue, long.MinValue);
}
