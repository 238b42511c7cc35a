using System.Collections.Immutable;

namespace MurkyWaters.Cluster;

/// <summary>Work that outlives processes: small JSON documents, and for each the right to run it. Kinds and ids are 1 to 64 characters of
/// <c>a-z</c>, <c>A-Z</c>, <c>0-9</c>, <c>-</c>, <c>_</c> and <c>.</c>, documents <see cref="DocumentBytesMax"/> bytes at most. Every call
/// throws <see cref="ClusterUnavailableException"/> when the registry cannot be reached; what it asked for may then have happened
/// nevertheless. <see cref="ClusterView.Jobs"/> has all jobs, and tells of changes.</summary>
public interface IClusterJobs
{
    /// <summary>Bytes of a document at most.</summary>
    const int DocumentBytesMax = 32 * 1024;

    /// <summary>Writes a document.</summary>
    /// <param name="kind">What sort of work.</param>
    /// <param name="id">Which one of its kind.</param>
    /// <param name="document">JSON.</param>
    /// <param name="revision">Of the document that this one takes the place of; 0 when there must be none.</param>
    /// <param name="turn">A turn of this registry that must still be held; null for none.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>The job as it is now; null when it was another revision's or the turn was lost, and nothing was written.</returns>
    Task<ClusterJob?> PutAsync(
        string kind, string id, ReadOnlyMemory<byte> document, long revision, IClusterTurn? turn, CancellationToken cancellationToken);

    /// <summary>Removes a job.</summary>
    /// <param name="kind">What sort of work.</param>
    /// <param name="id">Which one of its kind.</param>
    /// <param name="revision">Of the document that is removed.</param>
    /// <param name="turn">A turn of this registry that must still be held; null for none.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>Whether it is not there now; false when it was another revision's or the turn was lost.</returns>
    Task<bool> DeleteAsync(string kind, string id, long revision, IClusterTurn? turn, CancellationToken cancellationToken);

    /// <summary>The jobs of a kind, asked now, by id.</summary>
    Task<ImmutableArray<ClusterJob>> ListAsync(string kind, CancellationToken cancellationToken);

    /// <summary>Takes a job in hand; when the runner ends or dies, another can.</summary>
    /// <returns>Null when somebody has it.</returns>
    Task<IClusterTurn?> TryRunAsync(string kind, string id, CancellationToken cancellationToken);
}
