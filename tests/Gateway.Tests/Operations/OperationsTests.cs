using Gateway.Operations;
using Microsoft.Extensions.DependencyInjection;

namespace Gateway.Tests.Operations;

public sealed class OperationsTests
{
    /// <summary>What JSON says is false comes as False, and is no other value than the default.</summary>
    [Fact]
    public async Task A_switch_is_told_as_it_is_written_in_a_settings_file()
    {
        await using var gateway = await TestGateway.StartAsync("Gateway:ProtectReads=False", "Rain:Background=TRUE");
        var settings = (await gateway.GetAsync("/settings")).Json.GetProperty("items").EnumerateArray()
            .ToDictionary(item => item.GetProperty("name").GetString()!, item => item.GetProperty("value").GetString());
        Assert.Equal(("false", "true"), (settings["Gateway:ProtectReads"], settings["Rain:Background"]));
    }

    [Fact]
    public async Task Health_and_metrics_answer()
    {
        await using var gateway = await TestGateway.StartAsync();
        Assert.Equal("live", (await gateway.GetAsync("/health/live")).Json.GetProperty("status").GetString());
        Assert.Equal("ready", (await gateway.GetAsync("/health/ready")).Json.GetProperty("status").GetString());
        await gateway.PutAsync("/resources/1", new byte[1000]);
        await gateway.GetAsync("/resources/1");
        await gateway.GetAsync("/resources/1", ("Range", "bytes=0-99"));
        var metrics = (await gateway.GetAsync("/metrics")).Text;
        Assert.Contains(
            "rain_http_requests_total{route=\"/resources/{id}\",method=\"GET\",status=\"206\"} 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains("rain_http_sent_bytes_total 1100\n", metrics, StringComparison.Ordinal);
        Assert.All(
            metrics.Split('\n', StringSplitOptions.RemoveEmptyEntries),
            line => Assert.Matches("""^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{([a-z]+="([^"\\]|\\.)*",?)*\})? [0-9.]+)$""", line));
    }

    [Fact]
    public async Task Scrapes_at_the_same_time_get_all_rows_each()
    {
        await using var gateway = await TestGateway.StartAsync([9], [0]);
        await gateway.PutAsync("/resources/1", new byte[1000]);
        await gateway.GetAsync("/resources/1");
        var figures = gateway.Services.GetRequiredService<PrometheusText>();
        var wanted = NamesOf(figures.Write());
        while (!wanted.Contains("rain_cache_answers_total{result=\"hit\"}"))
        {
            // It is counted when the answer has ended.
            await Task.Delay(1, TestContext.Current.CancellationToken);
            wanted = NamesOf(figures.Write());
        }

        Assert.Contains("rain_servers", wanted);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < 200; i++)
            {
                Assert.Equal(wanted, NamesOf(figures.Write()));
            }
        })));

        static List<string> NamesOf(string text) =>
            [.. text.Split('\n').Where(line => line.Length > 0 && line[0] != '#').Select(line => line[..line.LastIndexOf(' ')])

            // One server, whatever becomes of it meanwhile.
            .Select(name => name.StartsWith("rain_servers{", StringComparison.Ordinal) ? "rain_servers" : name)];
    }

    [Fact]
    public async Task Rain_cache_and_loss_are_measured()
    {
        var port = TestGateway.FreePorts(1)[0];
        await using var gateway = await TestGateway.StartAsync([port], [port], "Rain:BlockSize=1MiB");
        await gateway.PutAsync("/resources/1", TestGateway.Bytes(3_000_000));
        await gateway.GetAsync("/resources/1");
        await gateway.GetAsync("/resources/1", ("Cache-Control", "no-cache"));
        await gateway.GetAsync("/resources/2");

        // Rows are read one after another: a transfer that ends meanwhile is in neither of its two.
        string metrics;
        while (!(metrics = (await gateway.GetAsync("/metrics")).Text).Contains(
            "rain_transfers_ended_total{state=\"completed\"} 1\n", StringComparison.Ordinal))
        {
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }

        Assert.Contains("rain_cache_answers_total{result=\"hit\"} 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains("rain_cache_answers_total{result=\"miss\"} 1\n", metrics, StringComparison.Ordinal);
        Assert.Equal(3_000_000, ValueOf("rain_cache_saved_bytes_total"));
        Assert.Equal(6_000_000, ValueOf("rain_http_sent_bytes_total"));
        Assert.Equal(3_000_000, ValueOf("rain_http_received_bytes_total"));
        var symbols = (3_000_000 + 1407) / 1408;
        Assert.InRange(ValueOf("rain_needed_symbols_total"), symbols, symbols + 10);
        Assert.InRange(ValueOf("rain_received_droplets_total"), symbols, 2 * symbols);
        Assert.InRange(ValueOf("rain_sent_droplets_total"), symbols, 3 * symbols);
        Assert.InRange(ValueOf("rain_sent_bytes_total"), 3_000_000, 12_000_000);
        Assert.InRange(ValueOf("rain_received_bytes_total"), 3_000_000, 12_000_000);
        Assert.InRange(ValueOf("rain_overhead_ratio"), 1, 2);
        Assert.InRange(ValueOf("rain_loss_ratio"), 0, 0.9);
        Assert.InRange(ValueOf("rain_lost_droplets_total"), 0, 3 * symbols);
        Assert.Equal(3, ValueOf("rain_decoded_blocks_total"));
        Assert.InRange(ValueOf("rain_decode_seconds_total"), 0.000_001, 100);
        Assert.Equal(1, ValueOf("rain_transfers_ended_total{state=\"completed\"}") + ValueOf("rain_transfers_running"));
        Assert.Equal(1, ValueOf("rain_store_resources"));
        Assert.InRange(ValueOf("rain_subscribers"), 0, 2);
        Assert.Contains("\nrain_swarms 0\n", metrics, StringComparison.Ordinal);
        Assert.Contains("\nrain_swarm_members 0\n", metrics, StringComparison.Ordinal);
        Assert.Contains("\nrain_sent_company_bytes_total 0\n", metrics, StringComparison.Ordinal);
        Assert.InRange(ValueOf("process_resident_memory_bytes"), 1_000_000, 1e12);
        Assert.InRange(ValueOf("process_managed_committed_bytes"), ValueOf("process_managed_heap_bytes"), 1e12);
        Assert.InRange(ValueOf("process_managed_collections_total{generation=\"0\"}"), 0, 1e6);

        double ValueOf(string row) =>
            metrics.Split('\n').FirstOrDefault(line => line.StartsWith(row + " ", StringComparison.Ordinal)) is { } line
            ? double.Parse(line[(row.Length + 1)..], System.Globalization.CultureInfo.InvariantCulture) : 0;
    }

    [Fact]
    public async Task Paths_and_methods_of_strangers_make_no_new_rows()
    {
        await using var gateway = await TestGateway.StartAsync();
        for (var i = 0; i < 20; i++)
        {
            await gateway.GetAsync($"/a/b/{i}");
            await gateway.SendAsync($"M{i}", "/resources", null);
        }

        var rows = (await gateway.GetAsync("/metrics")).Text.Split('\n')
            .Where(line => line.StartsWith("rain_http_requests_total{", StringComparison.Ordinal));
        Assert.Equal(2, rows.Count());
    }

    [Fact]
    public async Task Running_responses_finish_and_streams_end_when_the_gateway_is_asked_to_stop()
    {
        var gateway = await TestGateway.StartAsync();
        await using var upload = await RawHttp.ConnectAsync(gateway);
        await upload.SendAsync("PUT /resources/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
        Assert.Equal(100, (await upload.ReceiveAsync()).Status);
        await upload.SendAsync("a");
        await using var watcher = await RawHttp.ConnectAsync(gateway);
        await watcher.SendAsync("GET /transfers/events HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.Equal(200, (await watcher.ReceiveAsync()).Status);

        var stopping = gateway.DisposeAsync();
        await watcher.DrainAsync();
        Assert.False(stopping.IsCompleted);
        await upload.SendAsync("b");
        Assert.Equal(201, (await upload.ReceiveAsync(hasBody: false)).Status);
        await stopping;
    }

    [Fact]
    public async Task Servers_are_added_and_forgotten()
    {
        await using var gateway = await TestGateway.StartAsync([9], [0]);
        Assert.Equal("127.0.0.1:9", Assert.Single(Servers(await gateway.GetAsync("/servers"))));
        Assert.Equal(201, (await gateway.PutAsync("/servers/127.0.0.1:10", [])).Status);
        Assert.Equal(200, (await gateway.PutAsync("/servers/127.0.0.1:10", [])).Status);
        Assert.Equal(["127.0.0.1:10", "127.0.0.1:9"], Servers(await gateway.GetAsync("/servers")).Order());
        Assert.Equal(204, (await gateway.SendAsync("DELETE", "/servers/127.0.0.1:10", null)).Status);
        Assert.Equal(404, (await gateway.SendAsync("DELETE", "/servers/127.0.0.1:10", null)).Status);
        var added = await gateway.PutAsync("/servers/[::1]:10", []);
        Assert.Equal(
            (201, "/servers/[::1]:10", "[::1]:10"), (added.Status, added["Location"], added.Json.GetProperty("endpoint").GetString()));
        Assert.Equal(200, (await gateway.PutAsync("/servers/[0:0::1]:10", [])).Status);
        Assert.Equal(["127.0.0.1:9", "[::1]:10"], Servers(await gateway.GetAsync("/servers")).Order(StringComparer.Ordinal));
        Assert.Equal(204, (await gateway.SendAsync("DELETE", "/servers/[::1]:10", null)).Status);
        Assert.Empty((await gateway.GetAsync("/subscribers")).Json.GetProperty("items").EnumerateArray());

        static List<string> Servers(Answer answer) =>
            [.. answer.Json.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("endpoint").GetString()!)];
    }
}
