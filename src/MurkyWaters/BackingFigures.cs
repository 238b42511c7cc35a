namespace MurkyWaters;

/// <summary>How the object store under the node fares.</summary>
public sealed record BackingFigures
{
    /// <summary>Which it is.</summary>
    public required string Name { get; init; }

    /// <summary>Whether it served when it was last asked.</summary>
    public required bool IsConnected { get; init; }

    /// <summary>Why it is of no use just now, in a sentence, or null.</summary>
    public required string? Trouble { get; init; }

    /// <summary>Versions and deletions that are kept here and of which it is not known that it has them.</summary>
    public required long Waiting { get; init; }

    /// <summary>Bytes of those.</summary>
    public required long BytesLeft { get; init; }

    /// <summary>Bytes a second that go there just now.</summary>
    public required long RateBytesPerSecond { get; init; }

    /// <summary>When all that waits will be there at this pace, in seconds; null while nothing moves.</summary>
    public required double? EtaSeconds { get; init; }

    /// <summary>Some of those that were tried and failed for what they are; they are tried again.</summary>
    public required IReadOnlyList<BackingFailure> Failed { get; init; }

    /// <summary>Versions and deletions that were put, or found there, since the start.</summary>
    public required long Settled { get; init; }

    /// <summary>Objects of it that were not what they should be, since the start.</summary>
    public required long Wrong { get; init; }

    /// <summary>What has gone over the wire.</summary>
    public required Backing.BackEndTraffic Traffic { get; init; }
}

/// <summary>Something that is not in the object store yet.</summary>
/// <param name="Id">The resource.</param>
/// <param name="Tries">How often it was tried.</param>
/// <param name="Reason">Why the last one failed.</param>
public sealed record BackingFailure(PouringRain.Protocol.ResourceId Id, int Tries, string Reason);
