namespace PouringRain.Protocol.Classic;

/// <summary>A node that speaks wire format 1 asked this one to fetch a resource and keep it.</summary>
/// <param name="Resource">The resource.</param>
/// <param name="Source">The asking node's address with its rain port.</param>
public readonly record struct ClassicPropagateRequest(ResourceId Resource, PeerAddress Source);
