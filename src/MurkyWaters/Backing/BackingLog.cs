using Microsoft.Extensions.Logging;
using PouringRain.Protocol;

namespace MurkyWaters.Backing;

/// <summary>What is said of the object store; event ids 3400 to 3449, never used again.</summary>
internal static partial class BackingLog
{
    [LoggerMessage(
        3400, LogLevel.Error,
        "The object store {Name} is of no use just now: {Reason} It is tried again, and nothing waiting is lost")]
    public static partial void Troubled(ILogger logger, string name, string reason);

    [LoggerMessage(3401, LogLevel.Information, "The object store {Name} serves again")]
    public static partial void Served(ILogger logger, string name);

    [LoggerMessage(3402, LogLevel.Warning, "{Resource} was not put into the object store (try {Try}), and will be tried again: {Reason}")]
    public static partial void NotPut(ILogger logger, ResourceId resource, int @try, string reason);

    [LoggerMessage(3403, LogLevel.Error, "{Object} in the object store is not what it should be: {Reason}")]
    public static partial void Wrong(ILogger logger, string @object, string reason);

    [LoggerMessage(
        3404, LogLevel.Information, "{Count} resources and deletions that are kept here are compared with the object store {Name}")]
    public static partial void Seeded(ILogger logger, long count, string name);

    [LoggerMessage(3405, LogLevel.Error, "The queue of the object store failed, and goes on")]
    public static partial void QueueFailed(ILogger logger, Exception exception);
}
