using PouringRain.Protocol;

namespace MurkyWaters.Cluster;

/// <summary>One node as the registry has it.</summary>
/// <param name="Node">What it said of itself last.</param>
/// <param name="Presence">Whether it is there.</param>
/// <param name="Since">Since when that is so, as this process saw it: never earlier than it was, and for what it found at its own start the
/// moment of its first look. While the registry cannot be reached nothing changes.</param>
public sealed record SeenNode(RegisteredNode Node, NodePresence Presence, Instant Since);
