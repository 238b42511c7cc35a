using Microsoft.Extensions.Logging;

namespace MurkyWaters.Cluster;

/// <summary>What is said of the cluster.</summary>
internal static partial class ClusterLog
{
    [LoggerMessage(3700, LogLevel.Error,
        "{Address} answers under this node's own identity {Node}: its store is a copy of this one's; stop that node and remove the file "
        + "'node' from its store")]
    public static partial void Twin(ILogger logger, string address, string node);
}
