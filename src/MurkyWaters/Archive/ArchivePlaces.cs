using System.Collections.Immutable;
using System.Globalization;
using PouringRain.Coding.Erasure;
using PouringRain.Protocol;
using PouringRain.Protocol.Cluster;

namespace MurkyWaters.Archive;

/// <summary>Where pieces go, and what can be lost of them.</summary>
internal static class ArchivePlaces
{
    /// <summary>Chooses the nodes: as many as there are pieces, if there are so many that answer, by rendezvous hashing as replicas are
    /// placed, so that zones and machines are spread. With fewer nodes several pieces go to each.</summary>
    /// <param name="id">The resource.</param>
    /// <param name="code">The coding.</param>
    /// <param name="members">Who there is.</param>
    /// <returns>The node of each piece, by index.</returns>
    public static ImmutableArray<NodeId> Choose(ResourceId id, ErasureCode code, IEnumerable<ClusterMember> members)
    {
        var holders = Placement.Of(members.Where(member => member.State == MemberState.Up), code.PieceCount).Holders(id);
        return holders.IsEmpty ? [] : [.. Enumerable.Range(0, code.PieceCount).Select(i => holders[i % holders.Length])];
    }

    /// <summary>How many nodes, or other holders, can be lost, whichever they are.</summary>
    /// <param name="code">The coding.</param>
    /// <param name="holders">What each has.</param>
    public static int Survives(ErasureCode code, IEnumerable<PieceSet> holders)
    {
        // Those that have least make no difference to who counts the worst, and more than 20 are not tried.
        PieceSet[] most = [.. holders.Where(set => set.Count > 0).OrderByDescending(set => set.Count).Take(20)];
        return code.CountLossesSurvived(most);
    }

    /// <summary>Says what places mean.</summary>
    /// <param name="code">The coding.</param>
    /// <param name="places">The node of each piece.</param>
    /// <param name="members">Who there is.</param>
    /// <param name="isGood">Whether it is what the code can do.</param>
    public static string Describe(
        ErasureCode code, ImmutableArray<NodeId> places, IReadOnlyCollection<ClusterMember> members, out bool isGood)
    {
        var byNode = SetsBy(places, node => node.ToString());
        var zones = members.ToDictionary(member => member.Id, member => member.Zone);
        var byZone = SetsBy(places, node => zones.GetValueOrDefault(node, "") is { Length: > 0 } zone ? zone : node.ToString());
        var (nodes, named) = (Survives(code, byNode.Values), members.Select(member => member.Zone).Where(zone => zone.Length > 0)
            .Distinct().Count());
        isGood = nodes >= code.LossesSurvived && (named < 2 || Survives(code, byZone.Values) > 0);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{code.PieceCount} pieces on {byNode.Count} {(byNode.Count == 1 ? "node" : "nodes")} survive the loss of any {nodes}")
            + (named < 2 ? "." : string.Create(
                CultureInfo.InvariantCulture, $", and in {named} zones the loss of any {Math.Max(0, Survives(code, byZone.Values))}."));

        static Dictionary<string, PieceSet> SetsBy(ImmutableArray<NodeId> places, Func<NodeId, string> keyOf)
        {
            var sets = new Dictionary<string, PieceSet>(StringComparer.Ordinal);
            for (var i = 0; i < places.Length; i++)
            {
                var key = keyOf(places[i]);
                sets[key] = sets.GetValueOrDefault(key).With(i);
            }

            return sets;
        }
    }
}
