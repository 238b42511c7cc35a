namespace PouringRain.Protocol;

/// <summary>What came of a propagation.</summary>
/// <param name="State">Where it stands.</param>
/// <param name="Node">Who answered, by which several addresses of one node are told from several nodes; default when nobody has.</param>
public readonly record struct PropagationResult(PropagationState State, NodeId Node);
