using MurkyWaters.Cluster;
using PouringRain.Protocol;

namespace MurkyWaters;

/// <summary>What writes that have conditions ask.</summary>
public sealed partial class MurkyNode
{
    /// <summary>Whether the conditions of writes hold over all nodes: there is a registry that gives turns. Otherwise they are about what
    /// is here.</summary>
    public bool HasConditionsEverywhere => _store.ConditionalWrites is not null;

    /// <summary>The newest version that any node has, as far as <see cref="HasConditionsEverywhere"/>; null when there is none. Another
    /// may follow at any time: it is for conditions that are looked at before a body is asked for, and once more at the commit.</summary>
    /// <exception cref="ClusterUnavailableException">It cannot be known just now, or the commit could not have its turn.</exception>
    public async Task<Manifest?> FindNewestAsync(ResourceId id, CancellationToken cancellationToken)
    {
        var writes = _store.ConditionalWrites ?? throw new InvalidOperationException("There is no registry.");
        writes.ThrowIfAway();
        return (await writes.FindNewestAsync(id, cancellationToken)).Manifest;
    }

    /// <summary>The manifest of what there is to read of a resource, without any of its bytes; null when there is nothing.</summary>
    /// <param name="id">The resource.</param>
    /// <param name="source">Who is asked.</param>
    /// <param name="cancellationToken">Ends the asking.</param>
    public async Task<Manifest?> FindManifestAsync(ResourceId id, OpenSource source, CancellationToken cancellationToken)
    {
        var opened = await OpenAsync(id, new OpenOptions { Source = source, DemandLength = 0 }, cancellationToken);
        if (opened.Reader is not { } reader)
        {
            return null;
        }

        await using (reader)
        {
            return reader.Manifest;
        }
    }
}
