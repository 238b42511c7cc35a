using PouringRain.Protocol;

namespace MurkyWaters;

/// <summary>What a token is worth.</summary>
/// <param name="Outcome">That.</param>
/// <param name="Link">Its link, where this node knows one.</param>
/// <param name="Node">Which node knows.</param>
public readonly record struct ShareLook(ShareOutcome Outcome, ShareLink? Link = null, NodeId Node = default);
