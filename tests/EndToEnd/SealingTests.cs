using System.Buffers.Binary;
using System.Net;

namespace EndToEnd;

/// <summary>A gateway and a node with a secret, each a process, and what can be seen between them.</summary>
public sealed class SealingTests
{
    private const string Secret = "Rain:Secret=of this cluster 0123456789";
    private const ulong Id = 0x7A5C_93E1_44B8_D26F;
    private const int Length = 300_000;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_capture_of_sealed_rain_shows_neither_the_resource_nor_its_id(bool isSealed)
    {
        string[] settings = isSealed ? [Secret] : [];
        using var folder = new TestFolder();
        var ports = GatewayProcess.FreePorts(4);
        await using var node = await GatewayProcess.StartAsync(folder["node"], ports[0], [ports[1]], [ports[1]], settings);
        await using var relay = new UdpRelay(ports[1]);
        await using var gateway = await GatewayProcess.StartAsync(folder["gateway"], ports[2], [ports[3]], [relay.Port], settings);
        var bytes = await PutAsync(node);
        using var http = new HttpClient();
        Assert.Equal(bytes, await http.GetByteArrayAsync(new Uri($"{gateway.Url}/resources/{Id}"), TestContext.Current.CancellationToken));

        // Enough went through for the whole resource, and unsealed it would have been seen.
        Assert.InRange(relay.Captured.Sum(datagram => (long)datagram.Length), Length, long.MaxValue);
        var runs = Enumerable.Range(0, Length - 15).Select(i => BinaryPrimitives.ReadUInt128BigEndian(bytes.AsSpan(i))).ToHashSet();
        Assert.Equal(!isSealed, relay.Captured.Any(datagram => Runs(datagram).Any(runs.Contains)));
        Assert.Equal(!isSealed, relay.Captured.Any(ShowsId));
        Assert.DoesNotContain("of this cluster", gateway.Log + node.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_secret_is_silence_and_a_line_in_the_log()
    {
        using var folder = new TestFolder();
        await using var cluster = await Cluster.StartAsync(
            folder, 1, [Secret], ["Rain:Secret=of another cluster 0123456789", "Rain:DiscoverySeconds=1"]);
        await PutAsync(cluster.Nodes[0]);
        using var http = new HttpClient();
        using var response = await http.GetAsync(new Uri($"{cluster.Gateway.Url}/resources/{Id}"), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.GatewayTimeout, response.StatusCode);
        await GatewayProcess.WaitUntilAsync(
            () => Task.FromResult(cluster.Nodes[0].Log.Contains("is its Rain:Secret another one", StringComparison.Ordinal)), "the warning");
        Assert.DoesNotContain("cluster 0123456789", cluster.Gateway.Log + cluster.Nodes[0].Log, StringComparison.Ordinal);
    }

    private static async Task<byte[]> PutAsync(GatewayProcess node)
    {
        var bytes = new byte[Length];
        new TestBytes(Id, Length).ReadExactly(bytes);
        using var http = new HttpClient();
        using var body = new ByteArrayContent(bytes);
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
