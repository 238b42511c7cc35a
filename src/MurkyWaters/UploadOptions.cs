using PouringRain.Protocol;

namespace MurkyWaters;

/// <summary>What an upload is to become.</summary>
public sealed record UploadOptions
{
    /// <summary>The id, or null to take it from the content (first 64 bits of its SHA-256, big-endian).</summary>
    public ResourceId? Id { get; init; }

    /// <summary>The name, of which <see cref="Id"/> is the id (<see cref="PouringRain.Protocol.Naming.ResourcePath"/>); null to leave it as
    /// it is.</summary>
    public string? Path { get; init; }

    /// <summary>The length, when the sender said it.</summary>
    public long? Length { get; init; }

    /// <summary>The media type, or null when none was given.</summary>
    public string? ContentType { get; init; }

    /// <summary>The file name, or null.</summary>
    public string? FileName { get; init; }

    /// <summary>Whether it is to be saved rather than shown, or null when nothing was said.</summary>
    public bool? IsAttachment { get; init; }

    /// <summary>Whether bytes that are here already keep the description they have: what it says stays, what it lacks is taken.</summary>
    public bool KeepsDescription { get; init; }

    /// <summary>The code, or null for the default.</summary>
    public string? Code { get; init; }

    /// <summary>SHA-256 that the sender announced, or null.</summary>
    public Sha256Digest? ExpectedSha256 { get; init; }

    /// <summary>Checked with what is stored at the moment of the commit (null when nothing is, or a tombstone), under the lock that
    /// makes commits atomic; false stores nothing.</summary>
    public Func<StoredResource?, bool>? Precondition { get; init; }
}
