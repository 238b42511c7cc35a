using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Text;

namespace EndToEnd;

/// <summary>A gateway and a node with a secret, each a process, and what can be seen between them.</summary>
public sealed class SealingTests
{
    private const string Secret = "Rain:Secret=of this cluster 0123456789";
    private const ulong Id = 0x7A5C_93E1_44B8_D26F;
    private const int Length = 300_000;
    private const string FileName = "minutes of the meeting.txt";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_capture_of_sealed_rain_shows_neither_the_resource_nor_its_id_nor_its_name(bool isSealed)
    {
        string[] settings = isSealed ? [Secret] : [];
        using var folder = new TestFolder();
        var ports = GatewayProcess.FreePorts(4);
        await using var relay = new UdpRelay(ports[1]);

        // Those with the secret are nodes of one cluster: this one says that it rains where it can be listened to.
        await using var node = await GatewayProcess.StartAsync(
            folder["node"], ports[0], [ports[1]], [ports[1]], [.. settings, $"Cluster:AdvertiseRain=127.0.0.1:{relay.Port}"]);
        await using var gateway = await GatewayProcess.StartAsync(folder["gateway"], ports[2], [ports[3]], [relay.Port], settings);
        var bytes = await PutAsync(node);
        using var http = new HttpClient();
        using var response = await http.GetAsync(new Uri($"{gateway.Url}/resources/{Id}"), TestContext.Current.CancellationToken);
        Assert.Equal(bytes, await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        Assert.Equal(FileName, response.Content.Headers.ContentDisposition?.FileName?.Trim('"'));

        // Enough went through for the whole resource, and unsealed all of it would have been seen: the id already in what asks for it.
        Assert.InRange(relay.ToClient.Sum(datagram => (long)datagram.Length), Length, long.MaxValue);
        var runs = Enumerable.Range(0, Length - 15).Select(i => BinaryPrimitives.ReadUInt128BigEndian(bytes.AsSpan(i))).ToHashSet();
        Assert.Equal(!isSealed, relay.ToClient.Any(datagram => Runs(datagram).Any(runs.Contains)));
        Assert.Equal(!isSealed, relay.ToServer.Any(ShowsId));
        Assert.Equal(!isSealed, relay.ToClient.Any(datagram => datagram.AsSpan().IndexOf(Encoding.UTF8.GetBytes(FileName)) >= 0));
        Assert.Equal(!isSealed, relay.ToClient.Any(datagram => datagram.AsSpan().IndexOf("text/x-rain"u8) >= 0));
        if (isSealed)
        {
            Assert.DoesNotContain(relay.ToClient, ShowsId);
            Assert.All(relay.ToClient.Concat(relay.ToServer), datagram => Assert.True(datagram[0] is 0xD2 or 0xD3 or 0xD4));
        }

        Assert.DoesNotContain("of this cluster", gateway.Log + node.Log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Rain:Secret=of another cluster 0123456789", "under another secret", "refused")]
    [InlineData("Rain:Secret=", "without a seal", "not-sealed")]
    public async Task Another_secret_or_none_is_silence_and_one_line_in_the_log(string setting, string told, string reason)
    {
        using var folder = new TestFolder();
        var ports = GatewayProcess.FreePorts(4);
        await using var node = await GatewayProcess.StartAsync(folder["node"], ports[0], [ports[1]], [ports[1]], Secret);
        await using var relay = new UdpRelay(ports[1]);
        await using var gateway = await GatewayProcess.StartAsync(
            folder["gateway"], ports[2], [ports[3]], [relay.Port], setting, "Rain:DiscoverySeconds=1");
        await PutAsync(node);
        using var http = new HttpClient();
        for (var i = 0; i < 2; i++)
        {
            using var response = await http.GetAsync(new Uri($"{gateway.Url}/resources/{Id}"), TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.GatewayTimeout, response.StatusCode);
        }

        // What the node dropped is all that was sent to it, and so it answered nothing.
        Assert.NotEmpty(relay.ToServer);
        var row = $"rain_dropped_datagrams_total{{reason=\"{reason}\"}} ";
        await GatewayProcess.WaitUntilAsync(
            async () => (await http.GetStringAsync(new Uri($"{node.Url}/metrics"))).Split('\n')
                .Contains(row + relay.ToServer.Count.ToString(CultureInfo.InvariantCulture)),
            "all that was sent is dropped");
        Assert.Empty(relay.ToClient);

        // The log is read as it is written, a line at a time.
        await GatewayProcess.WaitUntilAsync(() => Task.FromResult(node.Log.Contains(told, StringComparison.Ordinal)), "the warning");
        var line = Assert.Single(node.Log.Split('\n'), line => line.Contains("Rain:Secret", StringComparison.Ordinal));
        Assert.Contains(told, line, StringComparison.Ordinal);
        Assert.Contains("127.0.0.1:", line, StringComparison.Ordinal);
        Assert.DoesNotContain("cluster 0123456789", gateway.Log + node.Log, StringComparison.Ordinal);
    }

    private static async Task<byte[]> PutAsync(GatewayProcess node)
    {
        var bytes = new byte[Length];
        new TestBytes(Id, Length).ReadExactly(bytes);
        using var http = new HttpClient();
        using var body = new ByteArrayContent(bytes);
        body.Headers.Add("Content-Type", "text/x-rain");
        body.Headers.Add("Content-Disposition", $"attachment; filename=\"{FileName}\"");
        using var response = await http.PutAsync(new Uri($"{node.Url}/resources/{Id}"), body, TestContext.Current.CancellationToken);
        response.EnsureSuccessStatusCode();
        return bytes;
    }

    private static IEnumerable<UInt128> Runs(byte[] datagram)
    {
        for (var i = 0; i + 16 <= datagram.Length; i++)
        {
            yield return BinaryPrimitives.ReadUInt128BigEndian(datagram.AsSpan(i));
        }
    }

    private static bool ShowsId(byte[] datagram)
    {
        Span<byte> id = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(id, Id);
        if (datagram.AsSpan().IndexOf(id) >= 0)
        {
            return true;
        }

        id.Reverse();
        return datagram.AsSpan().IndexOf(id) >= 0;
    }
}
