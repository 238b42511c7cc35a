namespace PouringRain.Protocol;

/// <summary>A node asked this one to fetch a resource and keep it; its address has been validated by a token.</summary>
/// <param name="Resource">The resource.</param>
/// <param name="Version">The version to fetch.</param>
/// <param name="Source">The asking node's address with its rain port.</param>
public readonly record struct PropagateRequest(ResourceId Resource, Sha256Digest Version, PeerAddress Source);
