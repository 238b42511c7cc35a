using Microsoft.Extensions.Logging;

namespace MurkyWaters.Servers;

/// <summary>What the table of servers says; event ids 3200 to 3299, never used again.</summary>
internal static partial class ServersLog
{
    [LoggerMessage(3200, LogLevel.Information, "Servers list {Path} read: {Count} servers")]
    public static partial void FileRead(ILogger logger, string path, int count);

    [LoggerMessage(3201, LogLevel.Warning, "Servers list {Path} refused, the one before stays: {Reason}")]
    public static partial void FileRefused(ILogger logger, string path, string reason);

    [LoggerMessage(3202, LogLevel.Warning, "Servers list {Path} is not there: no server is known until it is")]
    public static partial void FileMissing(ILogger logger, string path);

    [LoggerMessage(3203, LogLevel.Information, "Node {Endpoint} made itself known and was added to the servers")]
    public static partial void PeerAdded(ILogger logger, string endpoint);

    [LoggerMessage(
        3204, LogLevel.Information, "Node {Endpoint}, which had made itself known, is silent and asked no more until it speaks again")]
    public static partial void PeerForgotten(ILogger logger, string endpoint);
}
