using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;

namespace PouringRain.Protocol.Cluster;

/// <summary>
/// Who is to keep what: the holders of a resource, from the members that have places. Every node that has the same members finds the same
/// holders, in whatever order it learnt of the members and on whatever machine it runs. Immutable.
/// </summary>
/// <remarks>
/// Rendezvous hashing (Thaler and Ravishankar, "Using Name-Based Mappings to Increase Hit Rates", 1998): of each member a number is
/// drawn from (resource, member), and those with the greatest have it, so that a member that comes or goes moves nothing but what is its
/// own. With weights the number is <c>-weight / ln(h)</c>, h from 0 to 1 (Schindelhauer and Schomaker, 2005): each has its share. Here
/// <c>-log2(h) / weight</c> is compared the other way round, in integers, so that it matters not how a machine rounds a logarithm.
/// The next holder is always one of the zone that has fewest of them so far, then of the machine that has fewest, then by that number.
/// </remarks>
public sealed class Placement
{
    /// <summary>Members that can have places; more are left out, those with the greatest ids.</summary>
    public const int MemberCountMax = 1024;

    private readonly ImmutableArray<NodeId> _members;
    private readonly ulong[] _seeds;
    private readonly ulong[] _costs;
    private readonly int[] _zones;
    private readonly int[] _hosts;
    private readonly int _zoneCount, _hostCount;
    private readonly Dictionary<NodeId, int> _indexes = [];

    private Placement(ClusterMember[] members, int replicas)
    {
        _members = [.. members.Select(member => member.Id)];
        _seeds = [.. members.Select(member => ClusterHash.Of(member.Id))];
        _costs = [.. members.Select(member => CostOf(member.Weight))];
        (_zones, _zoneCount) = Number(members, member => member.Zone);
        (_hosts, _hostCount) = Number(members, member => member.Host.Length > 0 ? $"h{member.Host}" : $"n{member.Id}");
        for (var i = 0; i < members.Length; i++)
        {
            _indexes[members[i].Id] = i;
        }

        WantedCount = replicas == 0 ? members.Length : Math.Min(replicas, members.Length);
        Hash = HashOf(members, _costs, replicas);
    }

    /// <summary>A hash of all that places depend on: two nodes that have the same one agree about every resource.</summary>
    public ulong Hash { get; }

    /// <summary>Those that have places, by their ids.</summary>
    public ImmutableArray<NodeId> Members => _members;

    /// <summary>How many holders a resource has.</summary>
    public int WantedCount { get; }

    /// <summary>Places of some members.</summary>
    /// <param name="members">All there are; those without places are passed over.</param>
    /// <param name="replicas">How many are to keep each resource; 0 for all.</param>
    public static Placement Of(IEnumerable<ClusterMember> members, int replicas)
    {
        ArgumentNullException.ThrowIfNull(members);
        ArgumentOutOfRangeException.ThrowIfNegative(replicas);
        var placed = members.Where(member => member.IsPlaced).OrderBy(member => member.Id.Value).DistinctBy(member => member.Id);
        return new Placement([.. placed.Take(MemberCountMax)], replicas);
    }

    /// <summary>Who is to keep a resource, the first first.</summary>
    public ImmutableArray<NodeId> Holders(ResourceId id)
    {
        Span<int> holders = stackalloc int[WantedCount];
        var builder = ImmutableArray.CreateBuilder<NodeId>(FindHolders(id, holders));
        foreach (var holder in holders)
        {
            builder.Add(_members[holder]);
        }

        return builder.MoveToImmutable();
    }

    /// <summary>Whether a node is to keep a resource.</summary>
    public bool IsHolder(ResourceId id, NodeId node)
    {
        if (!_indexes.TryGetValue(node, out var index) || WantedCount == _members.Length)
        {
            return _indexes.ContainsKey(node);
        }

        Span<int> holders = stackalloc int[WantedCount];
        FindHolders(id, holders);
        return holders.Contains(index);
    }

    /// <summary>A member's number in <see cref="Members"/>; -1 of who has no places.</summary>
    internal int IndexOf(NodeId node) => _indexes.GetValueOrDefault(node, -1);

    /// <summary>How many zones the members are of.</summary>
    internal int ZoneCount => _zoneCount;

    /// <summary>The number, below <see cref="ZoneCount"/>, of a member's zone.</summary>
    internal int ZoneOf(int member) => _zones[member];

    /// <summary>Finds the holders' numbers in <see cref="Members"/>.</summary>
    /// <param name="id">The resource.</param>
    /// <param name="holders">Room for <see cref="WantedCount"/>.</param>
    /// <returns>How many.</returns>
    internal int FindHolders(ResourceId id, Span<int> holders)
    {
        var count = _members.Length;
        Span<ulong> ranks = stackalloc ulong[count];
        var key = ClusterHash.Mix(id.Value + 0x686F_6C64_6572_7321);
        for (var i = 0; i < count; i++)
        {
            var draw = ClusterHash.Mix(key ^ _seeds[i]);
            var high = Math.BigMul(FixedLog2.Negative(draw), _costs[i], out var low);

            // The last number is kept for those that have been taken.
            ranks[i] = Math.Min((high << 40) | (low >> 24), ulong.MaxValue - 1);
        }

        Span<int> inZone = stackalloc int[_zoneCount];
        Span<int> onHost = stackalloc int[_hostCount];
        inZone.Clear();
        onHost.Clear();
        for (var taken = 0; taken < WantedCount; taken++)
        {
            var best = -1;
            for (var i = 0; i < count; i++)
            {
                if (ranks[i] < ulong.MaxValue && (best < 0 || IsBefore(i, best, inZone, onHost, ranks)))
                {
                    best = i;
                }
            }

            ranks[best] = ulong.MaxValue;
            inZone[_zones[best]]++;
            onHost[_hosts[best]]++;
            holders[taken] = best;
        }

        return WantedCount;
    }

    private bool IsBefore(int one, int other, Span<int> inZone, Span<int> onHost, Span<ulong> ranks)
    {
        var byZone = inZone[_zones[one]].CompareTo(inZone[_zones[other]]);
        var byHost = byZone != 0 ? byZone : onHost[_hosts[one]].CompareTo(onHost[_hosts[other]]);
        return byHost != 0 ? byHost < 0 : ranks[one] < ranks[other];
    }

    /// <summary>2^44 / (2^16 weight): what -log2 is multiplied with. Weights are taken from 1/1024 to 1024. One multiplication by a power
    /// of two, one rounding and one division of integers: the same everywhere.</summary>
    private static ulong CostOf(double weight)
    {
        var bounded = double.IsNaN(weight) ? 1 : Math.Clamp(weight, 1.0 / 1024, 1024);
        return (1UL << 44) / (ulong)Math.Round(bounded * 65_536);
    }

    private static (int[] Numbers, int Count) Number(ClusterMember[] members, Func<ClusterMember, string> name)
    {
        var numbers = new Dictionary<string, int>(StringComparer.Ordinal);
        var result = new int[members.Length];
        for (var i = 0; i < members.Length; i++)
        {
            var key = name(members[i]);
            numbers.TryAdd(key, numbers.Count);
            result[i] = numbers[key];
        }

        return (result, numbers.Count);
    }

    private static ulong HashOf(ClusterMember[] members, ulong[] costs, int replicas)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> bytes = stackalloc byte[28];
        BinaryPrimitives.WriteInt32BigEndian(bytes, replicas);
        hash.AppendData(bytes[..4]);
        for (var i = 0; i < members.Length; i++)
        {
            var (zone, host) = (Encoding.UTF8.GetBytes(members[i].Zone), Encoding.UTF8.GetBytes(members[i].Host));
            members[i].Id.Value.Write(bytes);
            BinaryPrimitives.WriteUInt64BigEndian(bytes[16..], costs[i]);
            BinaryPrimitives.WriteInt32BigEndian(bytes[24..], zone.Length);
            hash.AppendData(bytes);
            hash.AppendData(zone);
            BinaryPrimitives.WriteInt32BigEndian(bytes, host.Length);
            hash.AppendData(bytes[..4]);
            hash.AppendData(host);
        }

        return BinaryPrimitives.ReadUInt64BigEndian(hash.GetHashAndReset());
    }
}
