namespace PouringRain.Protocol.Cluster;

/// <summary>Hashes that every node computes alike.</summary>
internal static class ClusterHash
{
    /// <summary>The last step of SplitMix64: one to one, and every bit depends on every other.</summary>
    public static ulong Mix(ulong value)
    {
        unchecked
        {
            value = (value ^ (value >> 30)) * 0xBF58_476D_1CE4_E5B9;
            value = (value ^ (value >> 27)) * 0x94D0_49BB_1331_11EB;
            return value ^ (value >> 31);
        }
    }

    /// <summary>A number for a node.</summary>
    public static ulong Of(NodeId node) => unchecked(Mix(Mix(node.Value.High + 0x9E37_79B9_7F4A_7C15) + node.Value.Low));

    /// <summary>A number for one version of a resource; those of many are added up.</summary>
    public static ulong Of(ResourceId id, ReplicaVersion version) => unchecked(
        Mix(Mix(Mix(id.Value + 0x9E37_79B9_7F4A_7C15) + (ulong)version.Stamp) + version.Tag));
}
