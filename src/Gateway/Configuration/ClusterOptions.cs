using System.Globalization;
using MurkyWaters.Cluster;
using MurkyWaters.Servers;
using static Gateway.Configuration.SettingForms;

namespace Gateway.Configuration;

/// <summary>Section <c>Cluster</c>.</summary>
internal sealed class ClusterOptions(SettingsReader reader)
{
    /// <summary>Empty for a cluster without etcd.</summary>
    public IReadOnlyList<Uri> Etcd { get; } = reader.Read(
        "Cluster:Etcd", "", Endpoints, "etcd's servers, in which the nodes find each other");

    public string Name { get; } = reader.Read(
        "Cluster:Name", "rain", ClusterName, "the cluster's name, which keeps several in one etcd apart");

    public string Zone { get; } = reader.Read(
        "Cluster:Zone", "", ClusterName, "where this node stands, as GET /nodes of all nodes says");

    public double Weight { get; } = reader.Read(
        "Cluster:Weight", "1", WeightForm, "how much this node takes in proportion to others");

    /// <summary>0 is every node.</summary>
    public int Replicas { get; } = reader.Read(
        "Cluster:Replicas", "3", Whole(0, 100), "nodes that keep each resource, 0: every node");

    public TimeSpan DownAfter { get; } = reader.Read(
        "Cluster:DownAfterSeconds", "10m", Duration(1, 7 * 86_400), "how long a node may be silent before it counts as down");

    /// <summary>0 is none.</summary>
    public long RepairBytesPerSecondMax { get; } = reader.Read(
        "Cluster:RepairBytesPerSecond", "0", Rate, "bytes a second that putting copies where they belong takes at most; 0: no limit");

    public TimeSpan ClockSkewMax { get; } = reader.Read(
        "Cluster:ClockSkewSeconds", "10m", Duration(1, 86_400),
        "how far ahead of the cluster's clock a version may be stamped");

    public string AdvertiseUrl { get; } = reader.Read("Cluster:AdvertiseUrl", "", Address, "where others reach this node's HTTP");

    public IReadOnlyList<string> AdvertiseRain { get; } = reader.Read(
        "Cluster:AdvertiseRain", "", RainAddresses, "where others reach this node's rain, where that is not Rain:Listen");

    private static SettingForm<IReadOnlyList<Uri>> Endpoints => new(
        "a list of host:port, or of http and https addresses, with commas", "10.0.0.1:2379,https://etcd-2.example.org:2379",
        TryParseEndpoints);

    private static SettingForm<string> ClusterName => new(
        "a name of up to 64 letters, digits, -, _ and .", "rain-2",
        (string text, [System.Diagnostics.CodeAnalysis.MaybeNullWhen(false)] out string value) =>
            (value = text).Length <= 64 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'));

    private static SettingForm<double> WeightForm => new(
        $"a number above 0, up to {RegisteredNode.WeightMax.ToString(CultureInfo.InvariantCulture)},", "2.5",
        (string text, out double value) =>
            double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out value)
            && value is > 0 and <= RegisteredNode.WeightMax);

    private static SettingForm<IReadOnlyList<string>> RainAddresses => new(
        "a list of up to 16 host:port, with commas", "rain-1.example.org:1980,[fd00::1]:1980",
        (string text, [System.Diagnostics.CodeAnalysis.MaybeNullWhen(false)] out IReadOnlyList<string> value) =>
            TryParseList(text, out value) && value.Count <= 16 && value.All(item => ServerName.TryParse(item, out _)));

    /// <summary>What runs the cluster gets.</summary>
    public MurkyWaters.Cluster.ClusterOptions ToOptions() => new()
    {
        Etcd = Etcd,
        Name = Name,
        Zone = Zone,
        Weight = Weight,
        Replicas = Replicas,
        DownAfter = DownAfter,
        RepairBytesPerSecondMax = RepairBytesPerSecondMax,
        ClockSkewMax = ClockSkewMax,
        AdvertiseUrl = AdvertiseUrl,
        AdvertiseRain = AdvertiseRain,
    };

    private static bool TryParseEndpoints(string text, out IReadOnlyList<Uri> value)
    {
        var endpoints = new List<Uri>();
        value = endpoints;
        var isList = TryParseList(text, out var items);
        foreach (var item in items)
        {
            // etcd speaks at the root of its address, and who asks it is not known by a name in it.
            var address = item.Contains("://", StringComparison.Ordinal) ? item : ServerName.TryParse(item, out _) ? $"http://{item}" : "";
            if (!Uri.TryCreate(address, UriKind.Absolute, out var endpoint) || endpoint.Scheme is not ("http" or "https")
                || endpoint.PathAndQuery != "/" || endpoint.Fragment.Length > 0 || endpoint.UserInfo.Length > 0 || endpoint.Host.Length == 0
                || endpoints.Contains(endpoint))
            {
                return false;
            }

            endpoints.Add(endpoint);
        }

        return isList;
    }
}
