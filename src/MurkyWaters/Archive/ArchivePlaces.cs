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
        // Parts go to where the chain that will encode them has them.
        var chain = code == ErasureCodes.Parts ? ErasureCodes.RapidRaid : code;
        var holders = Placement.Of(members.Where(member => member.State == MemberState.Up), chain.PieceCount).Holders(id);
        return holders.IsEmpty ? []
            : [.. Enumerable.Range(0, code.PieceCount).Select(i => holders[(chain == code ? i : ChainNodeOf(i)) % holders.Length])];

        // With few nodes both replicas of a part may fall to one: then the second goes to the next.
        int ChainNodeOf(int replica)
        {
            var part = replica % chain.PartCount;
            var second = chain.Slots.First(slot => slot.Part == part && slot.Node != part).Node;
            return replica == part ? part : second % holders.Length == part % holders.Length ? second + 1 : second;
        }
    }

    /// <summary>Where the chain of a code can run that begins with parts: for each of its nodes one that has all parts of it, each another
    /// one as far as may be.</summary>
    /// <param name="code">The code.</param>
    /// <param name="holders">What each node has of the parts, as pieces of <see cref="ErasureCodes.Parts"/>.</param>
    /// <returns>The nodes, in the order of the chain; none when a node of it would lack a part.</returns>
    public static ImmutableArray<NodeId> ChooseChain(ErasureCode code, IReadOnlyDictionary<NodeId, PieceSet> holders)
    {
        var chosen = ImmutableArray.CreateBuilder<NodeId>(code.PieceCount);
        for (var i = 0; i < code.PieceCount; i++)
        {
            var parts = code.SlotsOf(i).ToArray();
            var able = holders.Where(holder => Array.TrueForAll(parts, slot => ReplicaAt(holder.Value, slot.Part) is not null)).ToList();
            if (able.Count == 0)
            {
                return [];
            }

            // One that has little else is of less use to the nodes behind.
            chosen.Add(able.OrderBy(holder => chosen.Count(node => node == holder.Key)).ThenBy(holder => holder.Value.Count)
                .ThenBy(holder => holder.Key.Value).First().Key);
        }

        return chosen.MoveToImmutable();
    }

    /// <summary>Which replica of a part a node has; null when it has none.</summary>
    public static int? ReplicaAt(PieceSet held, int part)
    {
        for (var replica = part; replica < ErasureCodes.Parts.PieceCount; replica += ErasureCodes.Parts.PartCount)
        {
            if (held.Contains(replica))
            {
                return replica;
            }
        }

        return null;
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
