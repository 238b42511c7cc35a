using Microsoft.Extensions.Logging;

namespace MurkyWaters.Sharing;

/// <summary>What is said of links; event ids 4100 to 4199, never used again.</summary>
internal static partial class ShareLog
{
    [LoggerMessage(4100, LogLevel.Warning, "{Path} in the store is no link and was set aside")]
    public static partial void Unreadable(ILogger logger, string path);
}
