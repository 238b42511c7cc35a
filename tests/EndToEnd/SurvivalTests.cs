using System.Diagnostics;
using System.Globalization;

namespace EndToEnd;

/// <summary><c>kill -9</c> of the gateway near the end of a fetch or an upload: what was there is there.</summary>
public sealed class SurvivalTests
{
    private const double KilledAt = 0.90, KeptMin = 0.89;

    [Fact]
    public Task A_fetch_goes_on_where_the_gateway_was_killed() => FetchAsync(96L << 20, 12_000_000, readyMax: null);

    /// <summary>Six GiB of disk and a minute; docs/developers.md has the command.</summary>
    [Fact(Explicit = true)]
    public Task A_fetch_of_two_gibibytes_goes_on_where_the_gateway_was_killed() =>
        FetchAsync(2L << 30, 80_000_000, TimeSpan.FromSeconds(2));

    [Fact]
    public Task An_upload_goes_on_where_the_gateway_was_killed() => UploadAsync(96L << 20, readyMax: null);

    /// <summary>As above.</summary>
    [Fact(Explicit = true)]
    public Task An_upload_of_two_gibibytes_goes_on_where_the_gateway_was_killed() => UploadAsync(2L << 30, TimeSpan.FromSeconds(2));

    private static async Task FetchAsync(long length, long rate, TimeSpan? readyMax)
    {
        Tool.Require("curl");
        using var folder = new TestFolder();
        await using var cluster = await Cluster.StartAsync(folder, 2, [$"Rain:MaxRateBytesPerSecond={rate}"], []);
        var sha256 = await TestBytes.WriteFileAsync(folder["in"], 5, length);
        foreach (var node in cluster.Nodes)
        {
            (await Tool.CurlAsync("-f", "-T", folder["in"], $"{node.Url}/resources/5")).Succeeded();
        }

        var gateway = cluster.Gateway;
        var here = 0L;
        using (var curl = Tool.Start("curl", "-sS", "-f", "-o", folder["out"], $"{gateway.Url}/resources/5"))
        {
            await GatewayProcess.WaitUntilAsync(
                async () =>
                {
                    var items = (await gateway.GetJsonAsync("/transfers")).GetProperty("items");
                    if (items.GetArrayLength() == 0)
                    {
                        return false;
                    }

                    here = items[0].GetProperty("receivedBytes").GetInt64();
                    Assert.False(curl.Process.HasExited, "the download ended before the kill");
                    return here >= KilledAt * length;
                },
                "90 % of the bytes");
            await gateway.KillAsync();
            Assert.NotEqual(0, (await curl.WaitAsync()).ExitCode);
        }

        var ready = await StartAgainAsync(gateway, readyMax);
        (await Tool.CurlAsync("-f", "-C", "-", "-o", folder["out"], $"{gateway.Url}/resources/5")).Succeeded();
        Assert.Equal(sha256, await TestBytes.HashFileAsync(folder["out"]));

        // All of it from the store, and never more of it over the wire than was not there.
        (await Tool.CurlAsync("-f", "-H", "Cache-Control: only-if-cached", "-o", folder["again"], $"{gateway.Url}/resources/5"))
            .Succeeded();
        Assert.Equal(sha256, await TestBytes.HashFileAsync(folder["again"]));
        var received = (await gateway.GetJsonAsync("/transfers")).GetProperty("items").EnumerateArray().Sum(
            transfer => transfer.GetProperty("dropletsReceived").GetInt64()) * 1408;
        Say($"killed at {here / (double)length:P2}; {received / (double)length:P2} came again over the wire; ready in "
            + $"{ready.TotalMilliseconds:F0} ms");
        Assert.InRange(received, 0, (1 - KeptMin) * length);
    }

    private static async Task UploadAsync(long length, TimeSpan? readyMax)
    {
        Tool.Require("curl");
        using var folder = new TestFolder();
        var ports = GatewayProcess.FreePorts(2);
        await using var gateway = await GatewayProcess.StartAsync(folder["node"], ports[0], [ports[1]], [ports[1]]);
        var sha256 = await TestBytes.WriteFileAsync(folder["in"], 6, length);
        var created = (await Tool.CurlAsync(
            "-f", "-X", "PUT", "-H", "Upload-Complete: ?0", "-D", "-", "-o", folder["answer"], $"{gateway.Url}/resources/6")).Succeeded();
        var upload = gateway.Url + FieldOf(created, "Location");

        var arrived = 0L;
        string[] patch = ["-sS", "-f", "-X", "PATCH", "-H", "Content-Type: application/partial-upload", "-H", "Upload-Complete: ?1", "-o",
            folder["answer"]];
        using (var curl = Tool.Start(
            "curl", [.. patch, "--limit-rate", $"{length / 4}", "-H", "Upload-Offset: 0", "-T", folder["in"], upload]))
        {
            await GatewayProcess.WaitUntilAsync(
                () =>
                {
                    arrived = Directory.GetFiles(Path.Combine(gateway.StorePath, "uploads"), "*.data")
                        .Sum(file => new FileInfo(file).Length);
                    Assert.False(curl.Process.HasExited, "the upload ended before the kill");
                    return Task.FromResult(arrived >= KilledAt * length);
                },
                "90 % of the bytes");
            await gateway.KillAsync();
            Assert.NotEqual(0, (await curl.WaitAsync()).ExitCode);
        }

        var ready = await StartAgainAsync(gateway, readyMax);
        var head = (await Tool.CurlAsync("-f", "-I", upload)).Succeeded();
        var offset = long.Parse(FieldOf(head, "Upload-Offset"), CultureInfo.InvariantCulture);
        Say($"killed at {arrived} of {length} bytes; {offset / (double)length:P2} kept; ready in {ready.TotalMilliseconds:F0} ms");
        Assert.Equal("?0", FieldOf(head, "Upload-Complete"));
        Assert.InRange(offset, KeptMin * length, length);
        Assert.True(offset >= arrived);

        await using (var file = File.OpenRead(folder["in"]))
        {
            file.Position = offset;
            await using var rest = File.Create(folder["rest"]);
            await file.CopyToAsync(rest, TestContext.Current.CancellationToken);
        }

        (await Tool.RunAsync("curl", [.. patch, "-H", $"Upload-Offset: {offset}", "-T", folder["rest"], upload])).Succeeded();
        (await Tool.CurlAsync("-f", "-o", folder["out"], $"{gateway.Url}/resources/6")).Succeeded();
        Assert.Equal(sha256, await TestBytes.HashFileAsync(folder["out"]));
    }

    private static async Task<TimeSpan> StartAgainAsync(GatewayProcess gateway, TimeSpan? readyMax)
    {
        var clock = Stopwatch.StartNew();
        await gateway.StartAgainAsync();
        var ready = clock.Elapsed;
        Assert.True(readyMax is null || ready < readyMax, $"ready after {ready}");
        return ready;
    }

    private static string FieldOf(string head, string name) =>
        head.Split("\r\n").Single(line => line.StartsWith(name + ": ", StringComparison.OrdinalIgnoreCase))[(name.Length + 2)..];

    private static void Say(string line) => TestContext.Current.TestOutputHelper?.WriteLine(line);
}
