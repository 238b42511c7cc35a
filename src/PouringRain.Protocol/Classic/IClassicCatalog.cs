namespace PouringRain.Protocol.Classic;

/// <summary>What a server may rain in wire format 1. Thread-safe; the store implements it.</summary>
public interface IClassicCatalog
{
    /// <summary>Reads a resource whole. False when it is not held complete, was deleted, or is longer than
    /// <see cref="ClassicFormat.LengthMax"/>. Asked once a new subscription, on the thread that rains: it may read the disk, and must
    /// not wait for anything else.</summary>
    /// <param name="resource">The resource.</param>
    /// <param name="bytes">Its bytes, which must not change as long as somebody holds them.</param>
    bool TryRead(ResourceId resource, out ReadOnlyMemory<byte> bytes);
}
