namespace EndToEnd;

/// <summary>Settings that change while the gateway runs.</summary>
public sealed class ReloadTests
{
    [Fact]
    public async Task Keys_limits_and_log_levels_follow_the_file_and_a_wrong_file_changes_nothing()
    {
        using var folder = new TestFolder();
        var ports = GatewayProcess.FreePorts(2);
        var file = Path.Combine(folder["node"], "appsettings.json");
        Directory.CreateDirectory(folder["node"]);
        await File.WriteAllTextAsync(
            file, "{ \"Serilog\": { \"MinimumLevel\": { \"Default\": \"Information\" } } }", TestContext.Current.CancellationToken);
        await using var gateway = await GatewayProcess.StartAsync(folder["node"], ports[0], [ports[1]], [ports[1]]);
        Assert.Equal(201, await PutAsync(gateway, "1", 10));

        await EditAsync("{ \"Gateway\": { \"Keys\": \"the first of keys\", \"MaxBodyBytes\": 100 }, \"Rain\": { \"BlockSize\": 131072 }, "
            + "\"Serilog\": { \"MinimumLevel\": { \"Default\": \"Information\" } } }");
        await SaysAsync(gateway, "changed and in force: Gateway:Keys, Gateway:MaxBodyBytes");
        await SaysAsync(gateway, "takes effect at the next start: Rain:BlockSize");
        Assert.Equal(401, await PutAsync(gateway, "1", 10));
        Assert.Equal(200, await PutAsync(gateway, "1", 11, "the first of keys"));
        Assert.Equal(413, await PutAsync(gateway, "1", 101, "the first of keys"));
        Assert.Equal(65_536, (await gateway.GetJsonAsync("/resources/1/manifest")).GetProperty("blockSize").GetInt32());

        // The list of settings has what is in force, what waits for the next start, and who said so; no key.
        var listed = await gateway.GetJsonAsync("/settings");
        var settings = listed.GetProperty("items").EnumerateArray()
            .ToDictionary(setting => setting.GetProperty("name").GetString()!);
        Assert.Equal($"auto, 131072, {file}", Said("Rain:BlockSize"));
        Assert.Equal($"100, , {file}", Said("Gateway:MaxBodyBytes"));
        Assert.Equal($", , {file}", Said("Gateway:Keys"));
        Assert.Equal("3, , default", Said("Cluster:Replicas"));
        Assert.EndsWith(", arguments", Said("Urls"), StringComparison.Ordinal);
        Assert.DoesNotContain("first of keys", listed.GetRawText(), StringComparison.Ordinal);
        string Said(string name) =>
            string.Join(", ", new[] { "value", "next", "setBy" }.Select(property => settings[name].GetProperty(property).GetString()));

        // What is wrong is refused as a whole, the key in it too, and told once.
        await EditAsync("{ \"Gateway\": { \"Keys\": \"the second of keys\", \"MaxBodyBytes\": \"much\" } }");
        await SaysAsync(gateway, "those before stay in force: Gateway:MaxBodyBytes = \"much\"");
        await EditAsync("{ \"Gateway\": { \"Keys\": \"the second of keys\" ");
        await SaysAsync(gateway, "is not valid JSON");
        Assert.Equal(401, await PutAsync(gateway, "1", 12, "the second of keys"));
        Assert.Equal(200, await PutAsync(gateway, "1", 13, "the first of keys"));
        Assert.Equal(413, await PutAsync(gateway, "1", 101, "the first of keys"));

        await EditAsync("{ \"Gateway\": { \"Keys\": \"the second of keys\", \"ProtectReads\": true, \"MaxBodyBytes\": 0, "
            + "\"MaxRequestsPerSecond\": 5 }, \"Serilog\": { \"MinimumLevel\": { \"Default\": \"Warning\" } } }");
        await GatewayProcess.WaitUntilAsync(
            async () => await PutAsync(gateway, "2", 1000, "the second of keys") is 200 or 201, "the second key");
        await GatewayProcess.WaitUntilAsync(
            async () => await PutAsync(gateway, "2", 10, "the first of keys") == 401, "the first key's end");
        await GatewayProcess.WaitUntilAsync(async () => await GetAsync(gateway, "/resources/2") == 401, "protected reads");
        var statuses = new List<int>();
        for (var i = 0; i < 20; i++)
        {
            statuses.Add(await GetAsync(gateway, "/resources", "the second of keys"));
        }

        Assert.Contains(429, statuses);
        Assert.DoesNotContain("GET /resources 429", gateway.Log, StringComparison.Ordinal);

        // At once by the signal, levels again among it.
        await EditAsync("{ \"Gateway\": { \"Keys\": \"\", \"ProtectReads\": false, \"MaxRequestsPerSecond\": 0 }, \"Serilog\": { "
            + "\"MinimumLevel\": { \"Default\": \"Information\" } } }");
        (await Tool.RunAsync("kill", "-HUP", gateway.Process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture))).Succeeded();
        await SaysAsync(gateway, "Serilog:MinimumLevel:Default");
        Assert.Equal(200, await PutAsync(gateway, "2", 14));
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(200, await GetAsync(gateway, "/resources"));
        }

        await SaysAsync(gateway, "GET /resources 200");
        Assert.False(gateway.Process.HasExited);

        Task EditAsync(string text) => File.WriteAllTextAsync(file, text, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_settings_file_that_is_gone_empty_or_cut_opens_nothing()
    {
        using var folder = new TestFolder();
        var ports = GatewayProcess.FreePorts(2);
        Directory.CreateDirectory(folder["node"]);
        var file = Path.Combine(folder["node"], "appsettings.json");
        const string Closed = "{ \"Gateway\": { \"Keys\": \"the first of keys\", \"ProtectReads\": true } }";
        await EditAsync(Closed);
        await using var gateway = await GatewayProcess.StartAsync(folder["node"], ports[0], [ports[1]], [ports[1]]);
        await IsClosedAsync();

        File.Delete(file);
        await SaysAsync(gateway, "those before stay in force: " + file + ": the file is gone");
        await IsClosedAsync();
        await EditAsync(Closed);
        await SaysAsync(gateway, "changed and in force: nothing");
        await EditAsync("");
        await SaysAsync(gateway, "is not valid JSON");
        await IsClosedAsync();
        await EditAsync("{}");
        await SaysAsync(gateway, "stays as it was until the next start: Gateway:Keys, which the value \"\" takes back");
        await SaysAsync(gateway, "stays as it was until the next start: Gateway:ProtectReads, which the value \"false\" takes back");
        await IsClosedAsync();

        // The signal does not find less.
        File.Delete(file);
        (await Tool.RunAsync("kill", "-HUP", gateway.Process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture))).Succeeded();
        await GatewayProcess.WaitUntilAsync(() => Task.FromResult(Count("the file is gone") >= 2), "the second refusal");
        await IsClosedAsync();
        await EditAsync("{ \"Gateway\": { \"Keys\": \"\", \"ProtectReads\": false } }");
        await SaysAsync(gateway, "changed and in force: Gateway:Keys, Gateway:ProtectReads");
        Assert.Equal(201, await PutAsync(gateway, "1", 10));
        Assert.Equal(200, await GetAsync(gateway, "/resources/1"));

        // Each was looked at twice a second and told once; the signal is an answer of its own.
        Assert.InRange(Count("the file is gone"), 2, 3);
        Assert.Equal(1, Count("is not valid JSON"));
        Assert.Equal(1, Count("Gateway:Keys, which"));

        async Task IsClosedAsync()
        {
            Assert.Equal(401, await PutAsync(gateway, "1", 10));
            Assert.Equal(401, await GetAsync(gateway, "/resources"));
        }

        int Count(string text) => gateway.Log.Split('\n').Count(line => line.Contains(text, StringComparison.Ordinal));

        Task EditAsync(string text) => File.WriteAllTextAsync(file, text, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Servers_json_is_followed_where_it_is_a_link()
    {
        using var folder = new TestFolder();
        var ports = GatewayProcess.FreePorts(2);
        await using var gateway = await GatewayProcess.StartAsync(folder["node"], ports[0], [ports[1]], [9]);
        Directory.CreateDirectory(folder["one"]);
        Directory.CreateDirectory(folder["two"]);
        await File.WriteAllTextAsync(
            folder["one/servers.json"], """[ { "host": "127.0.0.1", "port": 10 } ]""", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(
            folder["two/servers.json"], """[ { "host": "127.0.0.1", "port": 11 } ]""", TestContext.Current.CancellationToken);

        // As Kubernetes mounts a ConfigMap: the file is a link through a folder that is a link, and the folder's is changed.
        File.CreateSymbolicLink(folder["data"], folder["one"]);
        var servers = Path.Combine(folder["node"], "servers.json");
        File.Delete(servers);
        File.CreateSymbolicLink(servers, Path.Combine(folder["data"], "servers.json"));
        await GatewayProcess.WaitUntilAsync(async () => await NamesAsync() == "127.0.0.1:10", "the first list");
        File.CreateSymbolicLink(folder["new"], folder["two"]);
        (await Tool.RunAsync("mv", "-T", folder["new"], folder["data"])).Succeeded();
        await GatewayProcess.WaitUntilAsync(async () => await NamesAsync() == "127.0.0.1:11", "the second list");

        async Task<string> NamesAsync() =>
            string.Join(
                ',', (await gateway.GetJsonAsync("/servers")).GetProperty("items").EnumerateArray()
                .Select(item => item.GetProperty("endpoint").GetString()));
    }

    private static Task SaysAsync(GatewayProcess gateway, string text) =>
        GatewayProcess.WaitUntilAsync(
            () => Task.FromResult(gateway.Log.Contains(text, StringComparison.Ordinal)), $"\"{text}\" in the log");

    private static async Task<int> PutAsync(GatewayProcess gateway, string id, int length, string? key = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, new Uri($"{gateway.Url}/resources/{id}"))
        {
            Content = new ByteArrayContent(new byte[length]),
        };
        return await SendAsync(request, key);
    }

    private static async Task<int> GetAsync(GatewayProcess gateway, string path, string? key = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(gateway.Url + path));
        return await SendAsync(request, key);
    }

    private static async Task<int> SendAsync(HttpRequestMessage request, string? key)
    {
        using var http = new HttpClient();
        request.Headers.Authorization = key is null ? null : new("Bearer", key);
        using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
        return (int)response.StatusCode;
    }
}
