using Microsoft.Extensions.Logging;

namespace MurkyWaters.Store;

/// <summary>What the store says; event ids 3000 to 3099, never used again (3000 and 3001 are gone).</summary>
internal static partial class StoreLog
{
    [LoggerMessage(3008, LogLevel.Information, "Store {Path}: {Count} resources ({Quarantined} set aside in quarantine) in {Ms:F0} ms")]
    public static partial void Opened(ILogger logger, string path, long count, long quarantined, double ms);

    [LoggerMessage(3009, LogLevel.Warning, "{What} is set aside in {Folder}: {Why}")]
    public static partial void Quarantined(ILogger logger, string what, string folder, string why);

    [LoggerMessage(3010, LogLevel.Error, "{What} is not what it should be and could not be set aside")]
    public static partial void NotQuarantined(ILogger logger, Exception exception, string what);

    [LoggerMessage(3002, LogLevel.Information, "Evicted resource {Id} ({Bytes} bytes) to make room")]
    public static partial void Evicted(ILogger logger, PouringRain.Protocol.ResourceId id, long bytes);

    [LoggerMessage(3003, LogLevel.Error, "The node's heartbeat failed")]
    public static partial void BeatFailed(ILogger logger, Exception exception);

    [LoggerMessage(3005, LogLevel.Warning, "{Path} is no node's identity: drawn anew, so that other nodes take this one for a new one")]
    public static partial void IdentityUnreadable(ILogger logger, string path);

    [LoggerMessage(
        3004, LogLevel.Warning, "Block {BlockIndex} of resource {Id} in {Path} was not what it should be: replaced by what rained")]
    public static partial void BlockMended(ILogger logger, PouringRain.Protocol.ResourceId id, int blockIndex, string path);

    [LoggerMessage(
        3012, LogLevel.Warning, "Block {BlockIndex} of what is here in part of {Id} is not what it should be, and is to come again")]
    public static partial void BlockLost(ILogger logger, PouringRain.Protocol.ResourceId id, int blockIndex);

    [LoggerMessage(3013, LogLevel.Warning, "Block {BlockIndex} of what is here in part of resource {Id} could not be compared")]
    public static partial void BlockNotCompared(ILogger logger, Exception exception, PouringRain.Protocol.ResourceId id, int blockIndex);

    [LoggerMessage(3006, LogLevel.Error, "Store {Path} is read-only: {Reason}")]
    public static partial void ReadOnly(ILogger logger, string path, string reason);

    [LoggerMessage(3007, LogLevel.Information, "Store {Path} can be written again")]
    public static partial void Writable(ILogger logger, string path);

    [LoggerMessage(3011, LogLevel.Warning, "The files in {Folder} could not all be compared with the catalog")]
    public static partial void NotChecked(ILogger logger, Exception exception, string folder);
}
