namespace EndToEnd;

/// <summary>Processes whose endpoints are served by several loops each.</summary>
public sealed class ReceiveLoopsTests
{
    private const string Loops = "Rain:ReceiveLoops=4";

    [Fact]
    public async Task Rain_of_many_loops_is_whole_and_a_second_gateway_finds_the_port_taken()
    {
        using var folder = new TestFolder();
        await using var cluster = await Cluster.StartAsync(folder, 1, [Loops], [Loops]);
        using var http = new HttpClient();
        var bytes = new byte[5_000_000];
        new TestBytes(7, bytes.Length).ReadExactly(bytes);
        using var body = new ByteArrayContent(bytes);
        using var put = await http.PutAsync(new Uri($"{cluster.Nodes[0].Url}/resources/7"), body, TestContext.Current.CancellationToken);
        put.EnsureSuccessStatusCode();
        Assert.Equal(
            bytes, await http.GetByteArrayAsync(new Uri($"{cluster.Gateway.Url}/resources/7"), TestContext.Current.CancellationToken));

        // Endpoints that are shared within a process are not shared with another, which could not know that it gets a part of the clients.
        var second = await GatewayProcess.RunToEndAsync(
            folder["second"], "--Urls=http://127.0.0.1:0", $"--Rain:Listen=127.0.0.1:{cluster.RainPorts[0]}", $"--{Loops}",
            $"--Store:Path={folder["second/data"]}", $"--Rain:Servers={folder["gateway/servers.json"]}");
        Assert.Equal(2, second.ExitCode);
        var line = Assert.Single(second.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains($"the UDP port {cluster.RainPorts[0]} is taken", line, StringComparison.Ordinal);
    }
}
