using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Ceph;

namespace EndToEnd;

/// <summary>Gateways with a real object store under them: what was put outlives every gateway's disk.</summary>
public sealed class ObjectStoreTests(CephStore ceph) : IClassFixture<CephStore>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_put_while_the_object_store_was_down_by_a_gateway_that_was_killed_is_read_from_it_by_another()
    {
        ceph.SkipUnlessUp();
        using var folder = new TestFolder();
        using var http = new HttpClient { Timeout = Tool.HangLimit };
        var ports = GatewayProcess.FreePorts(4);
        string[] settings =
        [
            $"Store:S3:Endpoint={ceph.Endpoint}", $"Store:S3:Bucket={CephStore.Bucket}", "Store:S3:Prefix=site",
            $"Store:S3:AccessKey={CephStore.AccessKey}", $"Store:S3:SecretKey={CephStore.SecretKey}",
        ];
        await ceph.KillGatewayAsync();
        var bytes = Enumerable.Range(1, 5).ToDictionary(id => id, id => RandomBytes(id * 700_000, id));
        await using (var gateway = await GatewayProcess.StartAsync(folder["first"], ports[0], [ports[1]], [], settings))
        {
            foreach (var (id, body) in bytes)
            {
                using var put = await http.PutAsync($"{gateway.Url}/resources/{id}", new ByteArrayContent(body), Token);
                Assert.Equal(HttpStatusCode.Created, put.StatusCode);
            }

            Assert.Equal(5, await ReadMetricAsync(http, gateway, "murky_backing_waiting"));
            Assert.Equal(0, await ReadMetricAsync(http, gateway, "murky_backing_connected"));
            using (var missing = await http.GetAsync($"{gateway.Url}/resources/99", Token))
            {
                Assert.Equal(HttpStatusCode.GatewayTimeout, missing.StatusCode);
                var problem = await missing.Content.ReadAsStringAsync(Token);
                Assert.Contains("the object store, which may have it", problem, StringComparison.Ordinal);
            }

            await gateway.KillAsync();
            Assert.DoesNotContain(CephStore.SecretKey, gateway.Log, StringComparison.Ordinal);
        }

        await ceph.StartGatewayAsync();
        await using (var gateway = await GatewayProcess.StartAsync(folder["first"], ports[0], [ports[1]], [], settings))
        {
            await GatewayProcess.WaitUntilAsync(
                async () => await ReadMetricAsync(http, gateway, "murky_backing_settled_total") >= 5
                    && await ReadMetricAsync(http, gateway, "murky_backing_waiting") == 0,
                "everything to be in the object store");
            await gateway.KillAsync();
        }

        Directory.Delete(folder["first"], recursive: true);
        await using var other = await GatewayProcess.StartAsync(folder["second"], ports[2], [ports[3]], [], settings);
        using (var request = new HttpRequestMessage(HttpMethod.Get, $"{other.Url}/resources/5"))
        {
            request.Headers.Range = new RangeHeaderValue(3_000_000, 3_000_009);
            using var range = await http.SendAsync(request, Token);
            Assert.Equal(HttpStatusCode.PartialContent, range.StatusCode);
            Assert.Equal(bytes[5][3_000_000..3_000_010], await range.Content.ReadAsByteArrayAsync(Token));
        }

        Assert.InRange(await ReadMetricAsync(http, other, "murky_backing_got_bytes_total"), 65_536, 300_000);
        foreach (var (id, body) in bytes)
        {
            using var answer = await http.GetAsync($"{other.Url}/resources/{id}", Token);
            Assert.Equal(body, await answer.Content.ReadAsByteArrayAsync(Token));
            Assert.Contains("fwd=miss", string.Join(',', answer.Headers.GetValues("Cache-Status")), StringComparison.Ordinal);
        }

        using var none = await http.GetAsync($"{other.Url}/resources/99", Token);
        Assert.Equal(HttpStatusCode.NotFound, none.StatusCode);
        Assert.DoesNotContain(CephStore.SecretKey, other.Log, StringComparison.Ordinal);
    }

    private static byte[] RandomBytes(int count, int seed)
    {
        var bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private static async Task<double> ReadMetricAsync(HttpClient http, GatewayProcess gateway, string name)
    {
        var text = await http.GetStringAsync($"{gateway.Url}/metrics", Token);
        var line = text.Split('\n').Single(line => line.StartsWith(name + " ", StringComparison.Ordinal));
        return double.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture);
    }
}
