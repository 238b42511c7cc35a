using Microsoft.Extensions.Logging;
using PouringRain.Protocol;
using PouringRain.Protocol.Archiving;

namespace MurkyWaters.Archive;

/// <summary>What is said of pieces; event ids 4000 to 4099, never used again.</summary>
internal static partial class ArchiveLog
{
    [LoggerMessage(4000, LogLevel.Information, "{Verb} of {Resource} ({Coding}, piece {Index}) begins")]
    public static partial void Begins(ILogger logger, ArchiveVerb verb, ResourceId resource, string coding, int index);

    [LoggerMessage(4001, LogLevel.Warning, "{Verb} of {Resource} ({Coding}, piece {Index}) failed: {Reason}")]
    public static partial void Failed(ILogger logger, ArchiveVerb verb, ResourceId resource, string coding, int index, string reason);

    [LoggerMessage(4002, LogLevel.Error, "{Verb} of {Resource} ({Coding}, piece {Index}) broke")]
    public static partial void Broken(
        ILogger logger, Exception exception, ArchiveVerb verb, ResourceId resource, string coding, int index);

    [LoggerMessage(4003, LogLevel.Warning, "Piece {Index} of {Resource} is not what it says")]
    public static partial void Lied(ILogger logger, ResourceId resource, int index);

    [LoggerMessage(4004, LogLevel.Information, "Job {Job} of {Resource} ({Kind}) goes on at: {Phase}")]
    public static partial void Goes(ILogger logger, string job, ResourceId resource, ArchiveJobKind kind, ArchivePhase phase);

    [LoggerMessage(4005, LogLevel.Information, "Job {Job} of {Resource} ({Kind}) has ended: {Phase} {Reason}")]
    public static partial void Ended(
        ILogger logger, string job, ResourceId resource, ArchiveJobKind kind, ArchivePhase phase, string reason);

    [LoggerMessage(4006, LogLevel.Warning, "Job {Job} could not be noted; it is tried again: {Why}")]
    public static partial void NotNoted(ILogger logger, string job, string why);

    [LoggerMessage(4007, LogLevel.Error, "Job {Job} broke; it begins again")]
    public static partial void JobBroken(ILogger logger, Exception exception, string job);

    [LoggerMessage(4008, LogLevel.Warning, "{Path} in the store is no note of an archive job and was set aside")]
    public static partial void NoteUnreadable(ILogger logger, string path);

    [LoggerMessage(4009, LogLevel.Information, "Piece {Index} of {Resource} is made anew on {Node}")]
    public static partial void Repairs(ILogger logger, ResourceId resource, int index, NodeId node);

    [LoggerMessage(4010, LogLevel.Error, "Looking after what is in pieces broke; it goes on")]
    public static partial void KeepingBroken(ILogger logger, Exception exception);

    [LoggerMessage(4011, LogLevel.Information, "{Count} pieces of {Resource} are of no use any more and were removed")]
    public static partial void Orphaned(ILogger logger, ResourceId resource, int count);

    [LoggerMessage(4012, LogLevel.Error, "A coding program ({Work}) broke")]
    public static partial void ProgramBroken(ILogger logger, Exception exception, string work);

    [LoggerMessage(4013, LogLevel.Information, "A coding program ({Work}) failed: {Why}")]
    public static partial void ProgramFailed(ILogger logger, string work, string why);

    [LoggerMessage(
        4014, LogLevel.Information, "Piece {Index} of {Resource} was made anew along a path of {Count} nodes, {Bytes} bytes in")]
    public static partial void PathRepaired(ILogger logger, ResourceId resource, int index, int count, long bytes);

    [LoggerMessage(
        4015, LogLevel.Warning, "Piece {Index} of {Resource} could not be made anew along a path of nodes, and is decoded here: {Why}")]
    public static partial void PathFailed(ILogger logger, ResourceId resource, int index, string why);

    [LoggerMessage(4016, LogLevel.Warning, "Piece {Index} of {Resource} is of version {Right}: {Noted}, which was noted, is wrong")]
    public static partial void VersionCorrected(ILogger logger, int index, ResourceId resource, Sha256Digest right, Sha256Digest noted);

    [LoggerMessage(4019, LogLevel.Information, "Piece {Index} of {Resource} was mended: {Count} of its {All} stretches are new")]
    public static partial void Mended(ILogger logger, int index, ResourceId resource, int count, int all);

    [LoggerMessage(4017, LogLevel.Information, "Resource {Resource} is encoded as {Coding} by a chain of {Count} programs")]
    public static partial void ChainBegins(ILogger logger, ResourceId resource, string coding, int count);

    [LoggerMessage(4018, LogLevel.Warning, "The chain of programs over the parts of {Resource} came to nothing: {Why}")]
    public static partial void ChainFailed(ILogger logger, ResourceId resource, string why);
}
