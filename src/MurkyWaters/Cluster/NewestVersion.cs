using PouringRain.Protocol;
using PouringRain.Protocol.Cluster;

namespace MurkyWaters.Cluster;

/// <summary>The newest version of a resource that is known.</summary>
/// <param name="Version">Which one; <see cref="ReplicaVersion.None"/> when there is none.</param>
/// <param name="Manifest">Its manifest; null when there is none, and when it is a tombstone.</param>
internal readonly record struct NewestVersion(ReplicaVersion Version, Manifest? Manifest)
{
    /// <summary>What a manifest, of a tombstone or none, comes to.</summary>
    public static NewestVersion Of(Manifest? manifest) => manifest is null
        ? new NewestVersion(ReplicaVersion.None, null)
        : new NewestVersion(ReplicaVersion.Of(manifest), manifest.IsDeleted ? null : manifest);
}
