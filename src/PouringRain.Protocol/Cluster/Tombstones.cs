using System.Diagnostics.CodeAnalysis;

namespace PouringRain.Protocol.Cluster;

/// <summary>Makes a tombstone anew of what another node says of it, so that deletions never wait for a fetch.</summary>
internal static class Tombstones
{
    /// <summary>Makes it; false when it is not the version that was said.</summary>
    public static bool TryCreate(string? code, ReplicaVersion version, [NotNullWhen(true)] out Manifest? tombstone)
    {
        tombstone = null;
        if (!version.IsDeleted || !Manifest.IsCode(code) || !Manifest.IsStamp(version.Stamp, isDeleted: true))
        {
            return false;
        }

        var made = Manifest.CreateTombstone(code, version.Stamp);
        tombstone = made.Version.Tag == version.Tag ? made : null;
        return tombstone is not null;
    }
}
