using Microsoft.Extensions.Logging;
using PouringRain.Protocol;

namespace MurkyWaters.Deploying;

/// <summary>What is said of deployments.</summary>
internal static partial class DeployLog
{
    [LoggerMessage(3900, LogLevel.Information, "Deployment {Deployment:x16} wants version {Version} of {Resource} here")]
    public static partial void Ordered(ILogger logger, ulong deployment, ResourceId resource, Sha256Digest version);

    [LoggerMessage(3901, LogLevel.Information, "Deployment {Deployment:x16}: {Resource} is here, and was read back as {Sha256}")]
    public static partial void Had(ILogger logger, ulong deployment, ResourceId resource, Sha256Digest sha256);

    [LoggerMessage(3902, LogLevel.Warning, "Deployment {Deployment:x16}: {Resource} cannot be had here: {Reason}")]
    public static partial void Failed(ILogger logger, ulong deployment, ResourceId resource, string reason);

    [LoggerMessage(3903, LogLevel.Error, "Deployment {Deployment:x16} of {Resource} broke here")]
    public static partial void Broken(ILogger logger, Exception exception, ulong deployment, ResourceId resource);

    [LoggerMessage(3904, LogLevel.Warning, "{Path} is no record of a deployment, and was set aside")]
    public static partial void NoteUnreadable(ILogger logger, string path);

    [LoggerMessage(3905, LogLevel.Information,
        "Deployment {Deployment:x16} of {Resource} to {Count} nodes is run here from now on")]
    public static partial void Runs(ILogger logger, ulong deployment, ResourceId resource, int count);

    [LoggerMessage(3906, LogLevel.Information,
        "Deployment {Deployment:x16} of {Resource} is over, {Phase}: {Done} of {Count} nodes have it")]
    public static partial void Over(ILogger logger, ulong deployment, ResourceId resource, string phase, int done, int count);

    [LoggerMessage(3907, LogLevel.Warning, "How deployment {Deployment:x16} stands could not be noted; it is tried again: {Reason}")]
    public static partial void NotNoted(ILogger logger, ulong deployment, string reason);

    [LoggerMessage(3908, LogLevel.Error, "Deployment {Deployment:x16} could not go on in this beat")]
    public static partial void BeatFailed(ILogger logger, Exception exception, ulong deployment);

    [LoggerMessage(3909, LogLevel.Warning, "Deployment {Deployment:x16} does without {Group}: {Reason}")]
    public static partial void NoGroup(ILogger logger, ulong deployment, string group, string reason);

    [LoggerMessage(3910, LogLevel.Information, "Deployment {Deployment:x16} rains on {Group} for {Count} nodes")]
    public static partial void Rains(ILogger logger, ulong deployment, string group, int count);
}
