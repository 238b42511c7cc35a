using PouringRain.Protocol;

namespace MurkyWaters.Cluster;

/// <summary>A piece of work that outlives the process that does it.</summary>
/// <param name="Kind">What sort of work, as in <c>drain</c>.</param>
/// <param name="Id">Which one of its kind.</param>
/// <param name="Document">What is to be done and how far it is, as JSON.</param>
/// <param name="Revision">Greater with every change of it; to be given back with the next.</param>
/// <param name="Runner">Who has it in hand; null when nobody has.</param>
public sealed record ClusterJob(string Kind, string Id, ReadOnlyMemory<byte> Document, long Revision, NodeId? Runner)
{
    /// <inheritdoc/>
    public bool Equals(ClusterJob? other) =>
        other is not null && Kind == other.Kind && Id == other.Id && Revision == other.Revision && Runner == other.Runner;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Kind, Id, Revision, Runner);
}
