using System.Globalization;
using System.Net;
using System.Text.Json;
using OldRain;

namespace EndToEnd;

/// <summary>The gateway among nodes of 2012, which speak wire format 1 and know nothing else.</summary>
public sealed class ClassicTests
{
    /// <summary>64 symbols of one IPv4 datagram each, less the byte that the cutting leaves free.</summary>
    private const int LengthMax = (64 * (65_507 - 32)) - 1;

    private const string AllowLoopback = "Rain:Classic:Allow=127.0.0.0/8";

    private static readonly int[] Lengths = [0, 1, 63, 64, 65, 700_001, LengthMax];

    [Fact]
    public async Task A_node_of_2012_fetches_from_the_gateway()
    {
        Tool.Require("curl");
        using var folder = new TestFolder();
        await using var gateway = await StartAsync(folder, [], AllowLoopback);
        await using var old = new OldNode();
        old.AddServer(gateway.RainEndPoint());
        foreach (var length in Lengths)
        {
            await PutAsync(gateway, folder, (ulong)length, length);

            Assert.Equal(Bytes(length), await old.GetAsync((ulong)length));
        }

        await GatewayProcess.WaitUntilAsync(
            async () => (await gateway.GetJsonAsync("/subscribers")).GetProperty("items").GetArrayLength() == 0,
            "nobody is subscribed any more");
    }

    [Fact]
    public async Task What_does_not_fit_format_1_is_answered_with_its_silence_and_fetched_over_http()
    {
        Tool.Require("curl");
        using var folder = new TestFolder();
        await using var old = new OldNode();
        await using var gateway = await StartAsync(folder, [old.EndPoint], AllowLoopback);
        await PutAsync(gateway, folder, 5, LengthMax + 1);
        await PutAsync(gateway, folder, 6, 10);

        await GatewayProcess.WaitUntilAsync(() => Task.FromResult(old.Resources.ContainsKey(6)), "what fits is there");
        Assert.Equal([6ul], old.Propagated);
        old.Patience = TimeSpan.FromSeconds(1);
        Assert.Null(await old.GetAsync(5));
        (await Tool.CurlAsync("-f", "-o", folder["out"], $"{gateway.Url}/5")).Succeeded();
        Assert.Equal(Bytes(LengthMax + 1), await File.ReadAllBytesAsync(folder["out"], TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_node_of_2012_that_is_not_allowed_hears_nothing_and_is_not_heard()
    {
        Tool.Require("curl");
        using var folder = new TestFolder();
        await using var stranger = new OldNode { Patience = TimeSpan.FromSeconds(1) };
        await using var friend = new OldNode(IPAddress.Parse("127.0.0.2"));
        await using var gateway = await StartAsync(folder, [stranger.EndPoint], "Rain:Classic:Allow=127.0.0.2/32");
        stranger.AddServer(gateway.RainEndPoint());
        friend.AddServer(gateway.RainEndPoint());
        await PutAsync(gateway, folder, 12, 1000);
        Assert.Null(await stranger.GetAsync(12));
        Assert.Equal(Bytes(1000), await friend.GetAsync(12));

        stranger.Put(13, Bytes(13));
        friend.Put(14, Bytes(14));

        await ExpectKeptAsync(gateway, folder, 14, Bytes(14));
        Assert.DoesNotContain(13ul, stranger.Subscribed);
        Assert.Equal(504, await StatusAsync(gateway, 13));

        // Nor was it told of what was put here: it could not have fetched it.
        Assert.Empty(stranger.Propagated);
    }

    [Fact]
    public async Task The_gateway_fetches_from_several_nodes_of_2012_at_one_address()
    {
        Tool.Require("curl");
        using var folder = new TestFolder();
        await using var first = new OldNode();
        await using var second = new OldNode();
        for (var i = 0; i < Lengths.Length; i++)
        {
            (i % 2 == 0 ? first : second).Resources[(ulong)Lengths[i]] = Bytes(Lengths[i]);
        }

        await using var gateway = await StartAsync(folder, [first.EndPoint, second.EndPoint]);
        foreach (var length in Lengths)
        {
            (await Tool.CurlAsync("-f", "-o", folder["out"], $"{gateway.Url}/{length}")).Succeeded();

            Assert.Equal(Bytes(length), await File.ReadAllBytesAsync(folder["out"], TestContext.Current.CancellationToken));
        }

        await GatewayProcess.WaitUntilAsync(
            () => Task.FromResult(first.SubscriberCount + second.SubscriberCount == 0), "both are unsubscribed from");
        Assert.Equal(404, await StatusAsync(gateway, 99, "Cache-Control: no-cache"));
        Assert.Equal(504, await StatusAsync(gateway, 99));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_was_fetched_is_rained_on_if_it_is_to_be_shared(bool isShared)
    {
        Tool.Require("curl");
        using var folder = new TestFolder();
        await using var old = new OldNode();
        old.Resources[13] = Bytes(100_000);
        await using var gateway = await StartAsync(
            folder, [old.EndPoint], AllowLoopback, $"Behaviour:ShareContent={(isShared ? "true" : "false")}");
        (await Tool.CurlAsync("-f", "-o", folder["out"], $"{gateway.Url}/13")).Succeeded();
        Assert.Equal(Bytes(100_000), await File.ReadAllBytesAsync(folder["out"], TestContext.Current.CancellationToken));

        if (isShared)
        {
            await ExpectKeptAsync(gateway, folder, 13, Bytes(100_000));
            await using var other = new OldNode();
            other.AddServer(gateway.RainEndPoint());
            Assert.Equal(Bytes(100_000), await other.GetAsync(13));
        }
        else
        {
            await GatewayProcess.WaitUntilAsync(async () => await StatusAsync(gateway, 13) == 504, "it is not here");
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_is_put_into_a_node_of_2012_is_kept_and_rained_on_here(bool addsPeers)
    {
        Tool.Require("curl");
        using var folder = new TestFolder();
        await using var gateway = await StartAsync(folder, [], AllowLoopback, $"Behaviour:AutoAddPeers={(addsPeers ? "true" : "false")}");
        await using (var old = new OldNode())
        {
            old.AddServer(gateway.RainEndPoint());
            old.Put(77, Bytes(300_000));
            await ExpectKeptAsync(gateway, folder, 77, Bytes(300_000));
            var peers = (await gateway.GetJsonAsync("/servers")).GetProperty("items").EnumerateArray()
                .Select(server => server.GetProperty("endpoint").GetString());
            Assert.Equal(addsPeers ? [old.EndPoint.ToString()] : [], peers);
        }

        // The one that had it is gone.
        await using var other = new OldNode();
        other.AddServer(gateway.RainEndPoint());
        Assert.Equal(Bytes(300_000), await other.GetAsync(77));
    }

    [Fact]
    public async Task What_is_put_on_the_front_of_2012_reaches_the_nodes_of_2012()
    {
        Tool.Require("curl");
        using var folder = new TestFolder();
        await using var old = new OldNode();
        await using var gateway = await StartAsync(folder, [old.EndPoint], AllowLoopback);
        await File.WriteAllBytesAsync(folder["in"], Bytes(200_000), TestContext.Current.CancellationToken);

        var answer = (await Tool.CurlAsync("-T", folder["in"], "-w", " %{http_code}", $"{gateway.Url}/18446744073709551615")).Succeeded();

        Assert.Equal("{\"response\":\"Ok.\"}\n 200", answer);
        await GatewayProcess.WaitUntilAsync(() => Task.FromResult(old.Resources.ContainsKey(ulong.MaxValue)), "the old node has it");
        Assert.Equal(Bytes(200_000), old.Resources[ulong.MaxValue]);
        Assert.Equal([gateway.RainEndPoint()], old.Servers);
        Assert.Equal([ulong.MaxValue], old.Propagated);
    }

    private static byte[] Bytes(int length)
    {
        var bytes = new byte[length];
        new TestBytes((ulong)length, length).ReadExactly(bytes);
        return bytes;
    }

    private static async Task<GatewayProcess> StartAsync(TestFolder folder, IPEndPoint[] oldServers, params string[] settings)
    {
        var ports = GatewayProcess.FreePorts(2);
        var list = folder["old.json"];
        await File.WriteAllTextAsync(
            list,
            JsonSerializer.Serialize(
                oldServers.Select(server => new { host = server.Address.ToString(), port = server.Port, classic = true })));
        return await GatewayProcess.StartAsync(folder["node"], ports[0], [ports[1]], [], [$"Rain:Servers={list}", .. settings]);
    }

    private static async Task PutAsync(GatewayProcess gateway, TestFolder folder, ulong id, int length)
    {
        await File.WriteAllBytesAsync(folder["in"], Bytes(length));
        (await Tool.CurlAsync("-f", "-T", folder["in"], $"{gateway.Url}/{id}")).Succeeded();
    }

    private static async Task<int> StatusAsync(GatewayProcess gateway, ulong id, string header = "Cache-Control: only-if-cached") =>
        int.Parse(
        (await Tool.CurlAsync("-o", "/dev/null", "-w", "%{http_code}", "-H", header, $"{gateway.Url}/{id}")).Output,
        CultureInfo.InvariantCulture);

    private static async Task ExpectKeptAsync(GatewayProcess gateway, TestFolder folder, ulong id, byte[] bytes)
    {
        await GatewayProcess.WaitUntilAsync(async () => await StatusAsync(gateway, id) == 200, $"{id} is kept");
        (await Tool.CurlAsync("-f", "-H", "Cache-Control: only-if-cached", "-o", folder["kept"], $"{gateway.Url}/{id}")).Succeeded();
        Assert.Equal(bytes, await File.ReadAllBytesAsync(folder["kept"]));
    }
}
