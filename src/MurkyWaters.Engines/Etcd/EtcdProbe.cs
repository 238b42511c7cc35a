using System.Text;
using MurkyWaters.Cluster;

namespace MurkyWaters.Engines.Etcd;

/// <summary>Looks at one of etcd's servers alone, and changes nothing.</summary>
public static class EtcdProbe
{
    private const string Status = "maintenance/status";

    /// <summary>Looks.</summary>
    /// <param name="address">The server.</param>
    /// <param name="name">The cluster's name.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<EtcdLook> LookAsync(Uri address, string name, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(time);
        var times = new EtcdTimes();
        var keys = new EtcdKeys(name);
        using var client = new EtcdClient([address], times, time);
        string? version = null, cluster = null;
        try
        {
            var status = await client.CallAsync(Status, Encoding.ASCII.GetBytes("{}"), times.Call, cancellationToken);
            version = status.FindText("version");
            cluster = status.Find("header").FindText("cluster_id");
            var began = time.GetTimestamp();
            await client.CallAsync(
                EtcdPaths.Range, EtcdRequests.Range(keys.Members, EtcdKeys.EndOf(keys.Members), limit: 1), times.Call, cancellationToken);
            return new EtcdLook(version, cluster, null, time.GetElapsedTime(began));
        }
        catch (Exception error) when (error is ClusterUnavailableException or EtcdException)
        {
            return new EtcdLook(version, cluster, error.Message, TimeSpan.Zero);
        }
    }
}
