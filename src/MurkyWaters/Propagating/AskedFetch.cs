using MurkyWaters.Fetching;
using PouringRain.Protocol;

namespace MurkyWaters.Propagating;

/// <summary>A request of another node: a resource, the version (null in format 1, which has none), and where it says it rains.</summary>
internal sealed class AskedFetch(ResourceId id, Sha256Digest? version, PeerAddress source, AskedSource share)
{
    public ResourceId Id { get; } = id;

    public Sha256Digest? Version { get; } = version;

    public PeerAddress Source { get; } = source;

    public AskedSource Share { get; } = share;

    /// <summary>What is not begun twice.</summary>
    public (ResourceId Id, Sha256Digest? Version, PeerAddress Source) Key => (Id, Version, Source);

    /// <summary>How often it failed.</summary>
    public int FailureCount { get; set; }

    /// <summary>The fetch that found its version, and what holds it open until the bytes are asked for; null when nothing does.</summary>
    public (SharedFetch Fetch, ResourceReader Reader)? Found { get; set; }
}
