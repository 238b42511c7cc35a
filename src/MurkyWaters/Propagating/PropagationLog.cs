using Microsoft.Extensions.Logging;
using PouringRain.Protocol;

namespace MurkyWaters.Propagating;

/// <summary>What propagation says; event ids 3300 to 3399, never used again.</summary>
internal static partial class PropagationLog
{
    [LoggerMessage(3300, LogLevel.Warning, "The request of {Source} to keep {Resource} failed here")]
    public static partial void RequestFailed(ILogger logger, Exception exception, ResourceId resource, string source);

    [LoggerMessage(
        3302, LogLevel.Information,
        "Transfer {Number} of {Resource}, which a node asked for, is given up for now: {Bytes} bytes in {Seconds} s")]
    public static partial void SourceTooSlow(ILogger logger, ResourceId resource, long number, long bytes, double seconds);
}
