using Microsoft.Extensions.Logging;
using PouringRain.Protocol;
using PouringRain.Protocol.Cluster;

namespace MurkyWaters.Replicating;

/// <summary>What replication says; event ids 3800 to 3899, never used again.</summary>
internal static partial class ReplicationLog
{
    [LoggerMessage(3800, LogLevel.Warning, "{Kind} of {Resource}, which replication wants, failed; it is tried again")]
    public static partial void ActionFailed(ILogger logger, Exception exception, ReplicationActionKind kind, ResourceId resource);

    [LoggerMessage(3801, LogLevel.Warning, "What is known of the cluster could not be noted in the store")]
    public static partial void MarksNotSaved(ILogger logger, Exception exception);

    [LoggerMessage(3802, LogLevel.Warning, "The catalog could not be read for replication; it is tried again")]
    public static partial void NotLoaded(ILogger logger, Exception exception);

    [LoggerMessage(3803, LogLevel.Information, "Replication knows of all {Count} resources and tombstones here, after {Milliseconds:0} ms")]
    public static partial void Loaded(ILogger logger, long count, double milliseconds);
}
