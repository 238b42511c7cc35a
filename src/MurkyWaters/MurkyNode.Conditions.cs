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

    /// <summary>Brings the manifest of what other nodes have here.</summary>
    private async Task<Manifest?> LookAsync(ResourceId id, CancellationToken cancellationToken)
    {
        var opened = await OpenAsync(id, new OpenOptions { Source = OpenSource.RainOnly, DemandLength = 0 }, cancellationToken);
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
