using Microsoft.Extensions.Logging;
using PouringRain.Protocol;

namespace MurkyWaters.Fetching;

/// <summary>What the fetches say; event ids 3100 to 3199, never used again.</summary>
internal static partial class FetchLog
{
    [LoggerMessage(3100, LogLevel.Information,
        "Transfer {Number} of {Resource}: {State}, {Bytes} bytes in {Ms:F0} ms, {Droplets} droplets from {Sources} servers, overhead "
        + "{Overhead:F3}. {Verdict}")]
    public static partial void TransferEnded(
        ILogger logger, long number, ResourceId resource, string state, long bytes, double ms, long droplets, int sources, double overhead,
        string verdict);

    [LoggerMessage(3101, LogLevel.Warning, "{Endpoint} rained wrong bytes of {Resource} and was dropped from transfer {Number}")]
    public static partial void SourceLied(ILogger logger, string endpoint, ResourceId resource, long number);

    [LoggerMessage(3102, LogLevel.Information, "{Endpoint} holds a stale version of {Resource}")]
    public static partial void SourceStale(ILogger logger, string endpoint, ResourceId resource);

    [LoggerMessage(3103, LogLevel.Error, "Transfer {Number} of {Resource} failed here")]
    public static partial void TransferBroken(ILogger logger, Exception exception, long number, ResourceId resource);

    [LoggerMessage(3105, LogLevel.Error,
        "The sockets that fetch from and propagate to other nodes cannot be opened; it is tried again every second and with every fetch")]
    public static partial void SocketsRefused(ILogger logger, Exception exception);

    [LoggerMessage(3106, LogLevel.Information, "The sockets that fetch from and propagate to other nodes are open by now")]
    public static partial void SocketsOpen(ILogger logger);

    [LoggerMessage(3107, LogLevel.Warning,
        "There is no room to keep {Resource} ({Reason}): transfer {Number} passes it on to its readers and does not keep it")]
    public static partial void PassedThrough(ILogger logger, ResourceId resource, string reason, long number);

    [LoggerMessage(3104, LogLevel.Information, "Fetched {Resource} in format 1 from {Endpoint}: {Bytes} bytes")]
    public static partial void FetchedClassic(ILogger logger, ResourceId resource, string endpoint, int bytes);
}
