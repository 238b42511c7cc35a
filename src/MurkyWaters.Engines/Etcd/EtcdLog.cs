using Microsoft.Extensions.Logging;

namespace MurkyWaters.Engines.Etcd;

/// <summary>What the registry says; event ids 4000 to 4099, never used again.</summary>
internal static partial class EtcdLog
{
    [LoggerMessage(4000, LogLevel.Information, "etcd answers: cluster {Name}, revision {Revision}, {Nodes} nodes, {Jobs} jobs")]
    public static partial void Connected(ILogger logger, string name, long revision, int nodes, int jobs);

    [LoggerMessage(4001, LogLevel.Warning, "etcd does not answer, what was known last stays: {Reason}")]
    public static partial void Disconnected(ILogger logger, string? reason);

    [LoggerMessage(4002, LogLevel.Information, "Registered as node {Node}")]
    public static partial void Registered(ILogger logger, string node);

    [LoggerMessage(4003, LogLevel.Warning, "The key of this node was lost, it registers again")]
    public static partial void LeaseLost(ILogger logger);

    [LoggerMessage(4004, LogLevel.Warning, "Key {Key} in etcd is passed over: {Reason}")]
    public static partial void Refused(ILogger logger, string key, string reason);

    [LoggerMessage(4005, LogLevel.Warning, "There are more than {Limit} keys below {Folder} in etcd, the others are passed over")]
    public static partial void TooMany(ILogger logger, string folder, int limit);

    [LoggerMessage(4006, LogLevel.Warning, "etcd went back from revision {Before} to {Now}: it is another one, or an old copy")]
    public static partial void WentBack(ILogger logger, long before, long now);

    [LoggerMessage(
        4007, LogLevel.Error,
        "Another process registers as node {Node} too: a store was copied with its file \"node\", which belongs to one node alone")]
    public static partial void Twin(ILogger logger, string node);

    [LoggerMessage(4008, LogLevel.Information, "Node {Node} is taken off")]
    public static partial void Removed(ILogger logger, string node);

    [LoggerMessage(4009, LogLevel.Error, "The registry failed and goes on")]
    public static partial void Failed(ILogger logger, Exception exception);
}
