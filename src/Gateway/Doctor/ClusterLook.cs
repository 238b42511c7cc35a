using System.Globalization;
using System.Security.Cryptography;
using Gateway.Configuration;
using MurkyWaters.Cluster;
using MurkyWaters.Engines.Etcd;
using MurkyWaters.Servers;
using PouringRain.Network;
using PouringRain.Protocol;
using PouringRain.Protocol.Cluster;

namespace Gateway.Doctor;

/// <summary>Whether the nodes agree about the time, and are in as many zones as there are copies: each is asked who it is, as nodes ask one
/// another, by somebody who is none.</summary>
internal static class ClusterLook
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2), RegistryPatience = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan DifferenceLow = TimeSpan.FromSeconds(5);

    public static async IAsyncEnumerable<Finding> LookAsync(GatewaySettings settings, IReadOnlyList<ServerName> servers)
    {
        var (seal, unfit) = ServerLook.SealOf(settings);
        var contacts = unfit is null ? await FindContactsAsync(settings, servers) : [];
        if (contacts.Count == 0)
        {
            yield break;
        }

        var heard = await AskAsync(settings, seal, contacts);
        var own = settings.Rain.Listen.Select(PeerAddress.From).ToHashSet();
        var others = heard.Where(node => !node.Addresses.Any(own.Contains)).ToList();
        if (others.Count == 0)
        {
            yield break;
        }

        foreach (var finding in LookAtClocks(others, settings.Cluster.ClockSkewMax).Concat(LookAtZones(settings.Cluster, others)))
        {
            yield return finding;
        }
    }

    private static IEnumerable<Finding> LookAtClocks(List<ClusterNode> others, TimeSpan differenceMax)
    {
        var well = others.Where(node => DifferenceOf(node) <= DifferenceLow).ToList();
        if (well.Count > 0)
        {
            yield return Finding.Ok(
                "clocks", string.Create(
                    CultureInfo.InvariantCulture,
                    $"{well.Count} of {others.Count} other nodes have this clock's time, to {well.Max(DifferenceOf).TotalSeconds:F1} s."));
        }

        foreach (var node in others.Except(well))
        {
            var side = node.ClockOffsetMs > 0 ? "ahead" : "behind";
            var detail = string.Create(
                CultureInfo.InvariantCulture,
                $"Node {node.Id} ({node.Addresses[0]}) is {DifferenceOf(node).TotalSeconds:F0} s {side}.");
            const string advice = "Set both by NTP (timedatectl set-ntp true): versions of resources are ordered by time.";
            yield return DifferenceOf(node) < differenceMax
                ? Finding.Warning("clocks", detail, advice)
                : Finding.Problem(
                    "clocks", $"{detail} What is further ahead than Cluster:ClockSkewSeconds is refused.", advice);
        }
    }

    private static IEnumerable<Finding> LookAtZones(Configuration.ClusterOptions cluster, List<ClusterNode> others)
    {
        var placed = others.Where(node => !node.Status.IsDraining).ToList();
        var nodes = placed.Count + 1;
        var copies = cluster.Replicas == 0 ? nodes : Math.Min(cluster.Replicas, nodes);
        var zones = placed.Select(node => node.Status.Zone).Append(cluster.Zone).Distinct().ToList();
        var named = zones.Count(zone => zone.Length > 0);
        if (nodes < cluster.Replicas)
        {
            yield return Finding.Warning(
                "replicas", $"{nodes} nodes are there to keep {cluster.Replicas} copies of each resource: there are {copies}.",
                "Add nodes, or lower Cluster:Replicas.");
        }

        if (named == 0)
        {
            yield return Finding.Ok("zones", $"No node names a zone: copies are put on machines as different as there are, {copies} each.");
        }
        else if (named < zones.Count)
        {
            yield return Finding.Warning(
                "zones", "Some nodes name a zone and some do not, which are taken for one zone together.",
                "Set Cluster:Zone on all nodes, or on none.");
        }
        else if (zones.Count < copies)
        {
            yield return Finding.Warning(
                "zones", $"{zones.Count} zones are fewer than the {copies} copies of each resource: some are in one zone, and no more than "
                    + $"{zones.Count - 1} zones can be lost.",
                "Add nodes in other zones, or lower Cluster:Replicas.");
        }
        else
        {
            yield return Finding.Ok("zones", $"{zones.Count} zones are enough for {copies} copies in as many of them.");
        }
    }

    private static TimeSpan DifferenceOf(ClusterNode node) => TimeSpan.FromMilliseconds(Math.Abs(node.ClockOffsetMs));

    private static async Task<HashSet<PeerAddress>> FindContactsAsync(GatewaySettings settings, IReadOnlyList<ServerName> servers)
    {
        var names = servers.Where(server => !server.IsClassic).ToHashSet();
        if (settings.Cluster.Etcd.Count > 0)
        {
            await using var registry = EtcdRegistry.Open(
                settings.Cluster.ToOptions(), TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
            using var limit = new CancellationTokenSource(RegistryPatience);
            try
            {
                var view = await registry.NextViewAsync(0, limit.Token);
                names.UnionWith(view.Nodes.Where(seen => seen.Presence == NodePresence.There).SelectMany(seen => seen.Node.Rain)
                    .Select(place => ServerName.TryParse(place, out var name) ? name : default).Where(name => name != default));
            }
            catch (OperationCanceledException)
            {
                // The look at etcd has said so.
            }
        }

        var contacts = await Task.WhenAll(names.Select(ServerLook.ResolveAsync));
        return [.. contacts.OfType<System.Net.IPEndPoint>().Select(PeerAddress.From)];
    }

    private static async Task<List<ClusterNode>> AskAsync(GatewaySettings settings, SealSettings? seal, HashSet<PeerAddress> contacts)
    {
        // Where nothing is sealed those are believed who rain where the others' lists say.
        var rain = new PeerAddress(default, (ushort)Math.Max(1, settings.Rain.Listen.Select(place => place.Port).FirstOrDefault()));
        var membership = new Membership(
            new MembershipOptions { Node = default, TokenKey = RandomNumberGenerator.GetBytes(32) }, new NodeStatus { Rain = [rain] },
            RandomNumber.Draw());
        await using var client = new RainClient(new RainClientOptions { WorkerCount = 1, Seal = seal });
        var began = TimeProvider.System.GetTimestamp();
        membership.SetContacts(new Instant(0), contacts);
        client.Start(membership, TimeProvider.System, () => { })();
        while (TimeProvider.System.GetElapsedTime(began) < Patience && membership.Nodes.Length <= contacts.Count)
        {
            await Task.Delay(Pause, TimeProvider.System, CancellationToken.None);
        }

        return [.. membership.Nodes.Where(node => !node.IsSelf)];
    }
}
