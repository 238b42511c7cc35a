using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using EndToEnd;
using Gateway.Configuration;
using Microsoft.Extensions.Configuration;
using YamlDotNet.Core;
using YamlDotNet.Serialization;

namespace Gateway.Tests.Structure;

/// <summary>What can be said of the files of deploy/ where no container is run: they can be read, and say nothing that the program or they
/// themselves do not know.</summary>
public sealed partial class DeploymentFileTests
{
    private const string Image = "pouring-rain", EtcdImage = "gcr.io/etcd-development/etcd:v3.5.17";

    private static readonly string Root = Repository.Root;
    private static readonly JsonElement[] Objects = ReadAll("kubernetes.yaml");
    private static readonly JsonElement Compose = ReadAll("compose.yaml").Single();

    private static IEnumerable<JsonProperty> ComposeNodes =>
        Compose.GetProperty("services").EnumerateObject().Where(service => Text(service.Value, "image") == Image);

    private static JsonElement Node => Find("StatefulSet", "rain-node");

    private static JsonElement NodePod => At(Node, "spec.template.spec");

    private static JsonElement NodeContainer => NodePod.GetProperty("containers").EnumerateArray().Single();

    [Fact]
    public void Every_node_of_compose_has_settings_that_are_right()
    {
        Assert.Equal(3, ComposeNodes.Count());
        foreach (var node in ComposeNodes)
        {
            var environment = node.Value.GetProperty("environment").EnumerateObject()
                .ToDictionary(entry => entry.Name, entry => entry.Value.GetString()!);
            var settings = Check(environment, node.Name);
            Assert.Equal([$"{node.Name}:1980"], settings.Cluster.AdvertiseRain);
            Assert.Equal($"http://{node.Name}:8080", settings.Cluster.AdvertiseUrl);
            Assert.Equal(node.Name, Text(node.Value, "hostname"));
            Assert.Equal(
                $"{Text(Compose, "services.etcd.environment.ETCD_ADVERTISE_CLIENT_URLS")}/", $"{Assert.Single(settings.Cluster.Etcd)}");
        }
    }

    [Fact]
    public void Compose_publishes_the_port_of_the_image_and_keeps_what_is_stored()
    {
        var exposed = ExposedPort();
        var volumes = Compose.GetProperty("volumes").EnumerateObject().Select(volume => volume.Name).ToHashSet();
        var published = new HashSet<string>();
        foreach (var node in ComposeNodes)
        {
            var port = node.Value.GetProperty("ports").EnumerateArray().Single().GetString()!.Split(':');
            Assert.Equal(("127.0.0.1", exposed), (port[0], port[2]));
            Assert.True(published.Add(port[1]));
            var volume = node.Value.GetProperty("volumes").EnumerateArray().Single().GetString()!.Split(':');
            Assert.Equal(Text(node.Value, "environment.Store__Path"), volume[1]);
            Assert.True(volumes.Remove(volume[0]));
            Assert.Equal("etcd", node.Value.GetProperty("depends_on").EnumerateArray().Single().GetString());
            var config = node.Value.GetProperty("configs").EnumerateArray().Single();
            Assert.Equal(Text(node.Value, "environment.Rain__Servers"), Text(config, "target"));
            Assert.Equal("[]", Text(Compose, $"configs.{Text(config, "source")}.content"));
        }

        Assert.Equal(EtcdImage, Text(Compose, "services.etcd.image"));
        Assert.Equal(["etcd"], volumes);
    }

    [Fact]
    public void Every_pod_of_kubernetes_has_settings_that_are_right()
    {
        var replicas = Node.GetProperty("spec").GetProperty("replicas").GetInt32();
        Assert.Equal(3, replicas);
        for (var i = 0; i < replicas; i++)
        {
            var settings = Check(EnvironmentOf(NodeContainer, $"rain-node-{i}"), $"rain-node-{i}");
            var service = Text(Node, "spec.serviceName");
            Assert.Equal([$"rain-node-{i}.{service}:1980"], settings.Cluster.AdvertiseRain);
            Assert.Equal($"http://rain-node-{i}.{service}:8080", settings.Cluster.AdvertiseUrl);
        }
    }

    [Fact]
    public void Etcd_of_kubernetes_is_where_the_nodes_look_for_it()
    {
        var set = Find("StatefulSet", "etcd");
        var container = At(set, "spec.template.spec").GetProperty("containers").EnumerateArray().Single();
        Assert.Equal(EtcdImage, Text(container, "image"));
        string[] clients = [], peers = [];
        for (var i = 0; i < set.GetProperty("spec").GetProperty("replicas").GetInt32(); i++)
        {
            var environment = EnvironmentOf(container, $"etcd-{i}");
            clients = [.. clients, $"{environment["ETCD_ADVERTISE_CLIENT_URLS"]}/"];
            peers = [.. peers, $"etcd-{i}={environment["ETCD_INITIAL_ADVERTISE_PEER_URLS"]}"];
            Assert.StartsWith($"http://etcd-{i}.{Text(set, "spec.serviceName")}:", clients[^1], StringComparison.Ordinal);
        }

        Assert.Equal(clients, Check(EnvironmentOf(NodeContainer, "rain-node-0"), "").Cluster.Etcd.Select(server => server.ToString()));
        Assert.Equal(string.Join(',', peers), EnvironmentOf(container, "etcd-0")["ETCD_INITIAL_CLUSTER"]);
    }

    /// <summary>Names that one object says of another lead somewhere.</summary>
    [Fact]
    public void What_kubernetes_is_told_fits_together()
    {
        Assert.All(Objects, one => Assert.True(Text(one, "apiVersion").Length > 0 && Text(one, "metadata.name").Length > 0));
        Assert.Equal(Objects.Length, Objects.Select(one => $"{Text(one, "kind")} {Text(one, "metadata.name")}").Distinct().Count());
        var pods = Objects.Where(one => Text(one, "kind") == "StatefulSet").ToArray();
        foreach (var service in Objects.Where(one => Text(one, "kind") == "Service"))
        {
            var pod = Assert.Single(pods, set => Selects(service.GetProperty("spec").GetProperty("selector"), set));
            foreach (var port in service.GetProperty("spec").GetProperty("ports").EnumerateArray())
            {
                var target = port.TryGetProperty("targetPort", out var named) ? named : port.GetProperty("port");
                Assert.Contains(PortsOf(pod), one => (one.Name == target.ToString() || one.Number == target.ToString())
                    && one.Protocol == Text(port, "protocol"));
            }
        }

        foreach (var set in pods)
        {
            var headless = Find("Service", Text(set, "spec.serviceName"));
            Assert.Equal("None", Text(headless, "spec.clusterIP"));
            Assert.True(Selects(headless.GetProperty("spec").GetProperty("selector"), set));
            Assert.True(Selects(At(set, "spec.selector.matchLabels"), set));
            var budget = Find("PodDisruptionBudget", Text(set, "metadata.name"));
            Assert.True(Selects(At(budget, "spec.selector.matchLabels"), set));
            CheckMounts(set);
        }

        Assert.Equal(ExposedPort(), PortsOf(Node).Single(port => port.Name == "http").Number);
        Assert.Equal(Image, Text(NodeContainer, "image"));
        Assert.Equal(
            Text(NodePod, "serviceAccountName"),
            Text(Find("ClusterRoleBinding", "rain-zone").GetProperty("subjects").EnumerateArray().Single(), "name"));
        var rule = Find("ClusterRole", "rain-zone").GetProperty("rules").EnumerateArray().Single();
        Assert.Equal("""[""]""", $"{rule.GetProperty("apiGroups")}");
        Assert.Equal("""["nodes"]["get"]""", $"{rule.GetProperty("resources")}{rule.GetProperty("verbs")}");
    }

    /// <summary>The machine's zone becomes a settings file, whatever of it is there.</summary>
    [Theory]
    [InlineData("""{ "kubernetes.io/os": "linux", "topology.kubernetes.io/zone": "eu-west-1a" }""", "eu-west-1a")]
    [InlineData("""{"topology.kubernetes.io/region":"a","topology.kubernetes.io/zone":"b"}""", "b")]
    [InlineData("""{ "kubernetes.io/os": "linux" }""", "")]
    public async Task A_pod_learns_its_zone(string labels, string zone)
    {
        var machine = "{\n  \"metadata\": {\n \"labels\": " + labels + ",\n"
            + "    \"managedFields\": [ { \"f:labels\": { \"f:topology.kubernetes.io/zone\": {} } } ] }\n}\n";
        using var folder = new TestFolder();
        foreach (var name in new[] { "account", "zone", "bin" })
        {
            Directory.CreateDirectory(folder[name]);
        }

        var init = NodePod.GetProperty("initContainers").EnumerateArray().Single();
        Assert.Equal("/settings/zone.sh", init.GetProperty("command")[1].GetString());
        var script = Text(Find("ConfigMap", "rain").GetProperty("data"), "zone@sh")
            .Replace("/var/run/rain-zone", folder["account"], StringComparison.Ordinal)
            .Replace("/zone/", $"{folder["zone"]}/", StringComparison.Ordinal);
        await File.WriteAllTextAsync(folder["zone.sh"], script, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(folder["account/token"], "t0ken", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(folder["machine.json"], machine, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(
            folder["bin/curl"], $"#!/bin/sh\necho \"$@\" > {folder["asked"]}\ncat {folder["machine.json"]}\n",
            TestContext.Current.CancellationToken);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(folder["bin/curl"], UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }

        var start = new ProcessStartInfo("sh", [folder["zone.sh"]]);
        start.Environment["PATH"] = $"{folder["bin"]}:{Environment.GetEnvironmentVariable("PATH")}";
        start.Environment["NODE_NAME"] = "machine-7";
        using var process = Process.Start(start)!;
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(0, process.ExitCode);
        var asked = await File.ReadAllTextAsync(folder["asked"], TestContext.Current.CancellationToken);
        Assert.EndsWith("https://kubernetes.default.svc/api/v1/nodes/machine-7\n", asked, StringComparison.Ordinal);
        Assert.Contains("Authorization: Bearer t0ken", asked, StringComparison.Ordinal);
        var mount = NodeContainer.GetProperty("volumeMounts").EnumerateArray().Single(one => Text(one, "name") == "zone");
        Assert.Equal("/app/appsettings.Production.json", Text(mount, "mountPath"));
        var file = Path.Combine(folder["zone"], Text(mount, "subPath"));
        var loaded = SettingsLoader.Load([$"--contentRoot={folder["zone"]}", $"--Store:Path={folder["data"]}"], isRunning: true);
        Assert.Equal("Production", loaded.EnvironmentName);
        Assert.Contains(loaded.Files, read => read.Path == file && read.Bytes is not null);
        Assert.Equal(zone, loaded.Settings.Cluster.Zone);
    }

    /// <summary>Reads settings as a process with this environment would.</summary>
    private static GatewaySettings Check(Dictionary<string, string> environment, string name)
    {
        foreach (var (variable, _) in environment)
        {
            Assert.True(
                variable is "POD_NAME" || KnownSettings.Find(variable.Replace("__", ":", StringComparison.Ordinal)) is not null,
                $"{variable} is no setting.");
        }

        // The secret is the user's; the port of rain and HTTP are those that the files name elsewhere.
        environment["Rain__Secret"] = "0123456789abcdef0123456789abcdef";
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(
            environment.Select(entry => KeyValuePair.Create(
                entry.Key.Replace("__", ":", StringComparison.Ordinal), (string?)entry.Value))).Build();
        var reader = new SettingsReader(configuration, Root, []);
        var settings = new GatewaySettings(reader);
        Assert.True(reader.Mistakes.Count == 0, $"{name}: {string.Join("; ", reader.Mistakes)}");
        Assert.Equal($"http://*:{ExposedPort()}", Assert.Single(settings.Urls));
        Assert.Equal(1980, Assert.Single(settings.Rain.Listen).Port);
        Assert.Equal(3, settings.Cluster.Replicas);
        Assert.NotEmpty(settings.Cluster.Etcd);
        return settings;
    }

    private static Dictionary<string, string> EnvironmentOf(JsonElement container, string pod)
    {
        var values = new Dictionary<string, string>();
        foreach (var variable in container.GetProperty("env").EnumerateArray())
        {
            var value = Text(variable, "value");
            if (variable.TryGetProperty("valueFrom", out var from))
            {
                value = from.TryGetProperty("fieldRef", out var field) && Text(field, "fieldPath") == "metadata.name" ? pod : "";
            }

            // Kubernetes puts in what stands before it.
            values.Add(Text(variable, "name"), Reference().Replace(value, match => values[match.Groups[1].Value]));
        }

        return values;
    }

    private static void CheckMounts(JsonElement set)
    {
        var pod = At(set, "spec.template.spec");
        var volumes = (pod.TryGetProperty("volumes", out var named) ? named.EnumerateArray().Select(one => Text(one, "name")) : [])
            .Concat(set.GetProperty("spec").GetProperty("volumeClaimTemplates").EnumerateArray().Select(one => Text(one, "metadata.name")))
            .ToHashSet();
        var mounted = pod.GetProperty("containers").EnumerateArray()
            .Concat(pod.TryGetProperty("initContainers", out var first) ? first.EnumerateArray() : [])
            .SelectMany(one => one.GetProperty("volumeMounts").EnumerateArray()).Select(mount => Text(mount, "name")).ToHashSet();
        Assert.Equal(volumes.Order(), mounted.Order());
        var container = pod.GetProperty("containers")[0];
        var data = container.GetProperty("volumeMounts").EnumerateArray().Single(one => Text(one, "name") == "data");
        Assert.Contains(
            EnvironmentOf(container, "pod").Values,
            value => $"{value}/".StartsWith($"{Text(data, "mountPath")}/", StringComparison.Ordinal));
    }

    private static IEnumerable<(string Name, string Number, string Protocol)> PortsOf(JsonElement set) =>
        At(set, "spec.template.spec").GetProperty("containers").EnumerateArray()
            .SelectMany(container => container.GetProperty("ports").EnumerateArray())
            .Select(port => (Text(port, "name"), Text(port, "containerPort"), Text(port, "protocol")));

    private static bool Selects(JsonElement selector, JsonElement set)
    {
        var labels = At(set, "spec.template.metadata.labels");
        return selector.EnumerateObject().All(
            label => labels.TryGetProperty(label.Name, out var value) && value.ToString() == label.Value.ToString());
    }

    private static JsonElement Find(string kind, string name) =>
        Assert.Single(Objects, one => Text(one, "kind") == kind && Text(one, "metadata.name") == name);

    private static string Text(JsonElement element, string path) =>
        TryAt(element, path, out var found) ? found.ToString() : "";

    private static JsonElement At(JsonElement element, string path) =>
        TryAt(element, path, out var found) ? found : throw new KeyNotFoundException(path);

    /// <summary>What stands at names with dots between; a dot in a name is written @.</summary>
    private static bool TryAt(JsonElement element, string path, out JsonElement found)
    {
        found = element;
        foreach (var name in path.Split('.'))
        {
            if (!found.TryGetProperty(name.Replace('@', '.'), out found))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The port that the image says it listens on.</summary>
    private static string ExposedPort() =>
        File.ReadLines(Path.Combine(Root, "Dockerfile")).Single(line => line.StartsWith("EXPOSE ", StringComparison.Ordinal)).Split(' ')[1];

    /// <summary>The documents of a file, with what they merge and refer to in place.</summary>
    private static JsonElement[] ReadAll(string name)
    {
        using var text = File.OpenText(Path.Combine(Root, "deploy", name));
        var parser = new MergingParser(new Parser(text));
        var reader = new DeserializerBuilder().WithAttemptingUnquotedStringTypeDeserialization().Build();
        var writer = new SerializerBuilder().JsonCompatible().Build();
        var documents = new List<JsonElement>();
        parser.Consume<YamlDotNet.Core.Events.StreamStart>();
        while (parser.Accept<YamlDotNet.Core.Events.DocumentStart>(out _))
        {
            documents.Add(JsonDocument.Parse(writer.Serialize(reader.Deserialize<object>(parser))).RootElement);
        }

        return [.. documents];
    }

    [GeneratedRegex(@"\$\(([A-Za-z_]+)\)")]
    private static partial Regex Reference();
}
