namespace MurkyWaters.Cluster;

/// <summary>How the registry fares. Counts are since its start and only grow.</summary>
public sealed record RegistryStatus
{
    /// <summary>Whether it answered within the last seconds.</summary>
    public required bool IsConnected { get; init; }

    /// <summary>What is wrong, in a sentence; null for nothing.</summary>
    public required string? Trouble { get; init; }

    /// <summary>When it answered last; null for never.</summary>
    public required DateTimeOffset? LastHeard { get; init; }

    /// <summary>Since when the view may be out of date: the age of what was read last; since the start when nothing was.</summary>
    public required TimeSpan Lag { get; init; }

    /// <summary>Whether this node's key is there, as read last.</summary>
    public required bool IsRegistered { get; init; }

    /// <summary>The engine's own count of changes, of the same kind as <see cref="ClusterJob.Revision"/>; the view that is read after this
    /// is as new at least.</summary>
    public required long Revision { get; init; }

    /// <summary>Times that it answered again after it had been away.</summary>
    public required long Reconnects { get; init; }

    /// <summary>Times that this node's key ran out or was lost.</summary>
    public required long LeasesLost { get; init; }

    /// <summary>Times that everything was listed.</summary>
    public required long Lists { get; init; }

    /// <summary>Messages that told of changes.</summary>
    public required long Notices { get; init; }

    /// <summary>Values that were passed over since they were not what they should be.</summary>
    public required long Refused { get; init; }
}
