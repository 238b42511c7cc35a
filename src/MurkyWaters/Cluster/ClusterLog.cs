using Microsoft.Extensions.Logging;

namespace MurkyWaters.Cluster;

/// <summary>What is said of the cluster.</summary>
internal static partial class ClusterLog
{
    [LoggerMessage(3700, LogLevel.Error,
        "{Address} answers under this node's own identity {Node}: its store is a copy of this one's; stop that node and remove the file "
        + "'node' from its store")]
    public static partial void Twin(ILogger logger, string address, string node);

    [LoggerMessage(3701, LogLevel.Warning, "{Path} is no note of a drain, and was set aside")]
    public static partial void NoteUnreadable(ILogger logger, string path);

    [LoggerMessage(3702, LogLevel.Information, "This node is to be drained: what it keeps goes to other nodes")]
    public static partial void DrainBegins(ILogger logger);

    [LoggerMessage(3703, LogLevel.Information, "This node is not to be drained any more")]
    public static partial void DrainEnds(ILogger logger);

    [LoggerMessage(3704, LogLevel.Warning, "This node is not drained after all: {Reason}")]
    public static partial void DrainYields(ILogger logger, string reason);
}
