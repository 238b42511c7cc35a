using Gateway.Configuration;
using MurkyWaters.Engines.Etcd;

namespace Gateway.Doctor;

/// <summary>Whether etcd's servers answer, each for itself, and are of one cluster.</summary>
internal static class RegistryLook
{
    private const int MajorMin = 3, MinorMin = 4;

    public static async IAsyncEnumerable<Finding> LookAsync(GatewaySettings settings)
    {
        var endpoints = settings.Cluster.Etcd;
        var looks = await Task.WhenAll(endpoints.Select(
            address => EtcdProbe.LookAsync(address, settings.Cluster.Name, TimeProvider.System, CancellationToken.None)));
        var isAnyWell = looks.Any(look => look.Trouble is null);
        foreach (var (address, look) in endpoints.Zip(looks))
        {
            yield return Judge(address, look, isAnyWell);
        }

        var clusters = looks.Select(look => look.Cluster).OfType<string>().Distinct().ToList();
        if (clusters.Count > 1)
        {
            yield return Finding.Problem(
                "etcd", $"The servers of Cluster:Etcd are of {clusters.Count} clusters that do not know each other.",
                "Name servers of one cluster there, the same for all nodes.");
        }
    }

    private static Finding Judge(Uri address, EtcdLook look, bool isAnyWell)
    {
        if (look.Trouble is { } trouble)
        {
            var advice = look.Version is null
                ? "Does it run, does it listen for clients at this address (--listen-client-urls), does a firewall let the port pass?"
                : "It runs, and its cluster has no majority: look after its other members.";
            return isAnyWell
                ? Finding.Warning("etcd", $"One of several is of no use: {trouble}.", advice)
                : Finding.Problem("etcd", $"{trouble}.", advice);
        }

        var version = Version.TryParse(look.Version, out var parsed) ? parsed : null;
        return version is null || version < new Version(MajorMin, MinorMin)
            ? Finding.Warning(
                "etcd", $"{address} answers as etcd {look.Version ?? "of an unknown version"}.",
                $"etcd {MajorMin}.{MinorMin} or later is what this was tried with.")
            : Finding.Ok(
                "etcd", FormattableString.Invariant(
                    $"{address} answers as etcd {look.Version}, with a majority, after {look.RoundTrip.TotalMilliseconds:F1} ms."));
    }
}
