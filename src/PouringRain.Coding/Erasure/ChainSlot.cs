namespace PouringRain.Coding.Erasure;

/// <summary>
/// A replica of a part at a node of the chain, and what the node multiplies it with: of the stream x that comes from the node before,
/// it passes on x + <paramref name="Psi"/> * part and keeps the piece x + <paramref name="Xi"/> * part. A node with two parts adds both.
/// </summary>
/// <param name="Node">The node's place in the chain, 0 to n - 1, which is also the index of the piece that it keeps.</param>
/// <param name="Part">The part, 0 to k - 1.</param>
/// <param name="Psi">Its multiple in the stream; without meaning at the last node, which passes nothing on.</param>
/// <param name="Xi">Its multiple in the piece.</param>
public readonly record struct ChainSlot(int Node, int Part, byte Psi, byte Xi);
