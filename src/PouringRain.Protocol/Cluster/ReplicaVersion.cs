namespace PouringRain.Protocol.Cluster;

/// <summary>One version of a resource as nodes speak of it among each other. Of two versions of a resource the one with the greater
/// stamp is newer, then the one with the greater tag.</summary>
/// <param name="Stamp">When it was made, milliseconds of Unix time on the hybrid clock of its writer (<see cref="ClusterClock"/>).</param>
/// <param name="Tag">The first 8 bytes of the version's digest, big-endian.</param>
/// <param name="Length">Bytes of the resource; 0 of a tombstone.</param>
/// <param name="IsDeleted">Whether it is a tombstone.</param>
public readonly record struct ReplicaVersion(long Stamp, ulong Tag, long Length, bool IsDeleted) : IComparable<ReplicaVersion>
{
    /// <summary>Older than every version: what is told by one who asks what there is.</summary>
    public static ReplicaVersion None { get; } = new(long.MinValue, 0, 0, false);

    /// <summary>Whether it is no version at all.</summary>
    public bool IsNone => Stamp == long.MinValue;

    /// <summary>The version that a manifest describes.</summary>
    public static ReplicaVersion Of(Manifest manifest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        return new ReplicaVersion(manifest.Stamp, manifest.Version.Tag, manifest.Layout.Length, manifest.IsDeleted);
    }

    /// <summary>Whether it is the same version as another: what length is said of it does not matter.</summary>
    public bool IsSameAs(ReplicaVersion other) => CompareTo(other) == 0;

    /// <inheritdoc/>
    public int CompareTo(ReplicaVersion other) => Stamp != other.Stamp ? Stamp.CompareTo(other.Stamp) : Tag.CompareTo(other.Tag);

    /// <summary>Whether <paramref name="left"/> is older.</summary>
    public static bool operator <(ReplicaVersion left, ReplicaVersion right) => left.CompareTo(right) < 0;

    /// <summary>Whether <paramref name="left"/> is newer.</summary>
    public static bool operator >(ReplicaVersion left, ReplicaVersion right) => left.CompareTo(right) > 0;

    /// <summary>Whether <paramref name="left"/> is not newer.</summary>
    public static bool operator <=(ReplicaVersion left, ReplicaVersion right) => left.CompareTo(right) <= 0;

    /// <summary>Whether <paramref name="left"/> is not older.</summary>
    public static bool operator >=(ReplicaVersion left, ReplicaVersion right) => left.CompareTo(right) >= 0;
}
