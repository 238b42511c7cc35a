using Microsoft.Extensions.Logging;

namespace MurkyWaters.Store;

/// <summary>What the store says; event ids 3000 to 3099, never used again.</summary>
internal static partial class StoreLog
{
    [LoggerMessage(3000, LogLevel.Information, "Store {Path}: {Count} resources ({Discarded} records discarded, {Orphans} orphan files removed) in {Ms:F0} ms")]
    public static partial void Opened(ILogger logger, string path, int count, int discarded, int orphans, double ms);

    [LoggerMessage(3001, LogLevel.Warning, "Record {Name} is torn, expired or names a file that is not whole: discarded")]
    public static partial void RecordDiscarded(ILogger logger, string name);

    [LoggerMessage(3002, LogLevel.Information, "Evicted resource {Id} ({Bytes} bytes) to make room")]
    public static partial void Evicted(ILogger logger, PouringRain.Protocol.ResourceId id, long bytes);

    [LoggerMessage(3003, LogLevel.Error, "The node's heartbeat failed")]
    public static partial void BeatFailed(ILogger logger, Exception exception);

    [LoggerMessage(3005, LogLevel.Warning, "{Path} is no node's identity: drawn anew, so that other nodes take this one for a new one")]
    public static partial void IdentityUnreadable(ILogger logger, string path);

    [LoggerMessage(3004, LogLevel.Warning, "Block {BlockIndex} of resource {Id} in {Path} was not what it should be: replaced by what rained")]
    public static partial void BlockMended(ILogger logger, PouringRain.Protocol.ResourceId id, int blockIndex, string path);

    [LoggerMessage(3006, LogLevel.Error, "Store {Path} is read-only: {Reason}")]
    public static partial void ReadOnly(ILogger logger, string path, string reason);

    [LoggerMessage(3007, LogLevel.Information, "Store {Path} can be written again")]
    public static partial void Writable(ILogger logger, string path);
}
