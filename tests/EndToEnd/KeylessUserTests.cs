using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using OldRain;

namespace EndToEnd;

/// <summary>A user of the same machine who has no key, beside a gateway of whose settings only the keys are set: reads, writes, deletions
/// and a place among the servers are not to be had, over HTTP or over the rain.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class KeylessUserTests
{
    private const string Key = "rain-or-shine-0123456789";
    private const ulong Id = 71, NewId = 72;
    private const int BatchCount = 500;
    private const byte Propagate = 0x23, Consult = 0x24;
    private static readonly byte[] Secret = Bytes("what only holders of a key may read ");
    private static readonly byte[] Forged = Bytes("what nobody with a key has written ");

    [Fact]
    public Task Nothing_is_to_be_had_without_a_key() => TryAsync(datagramCount: 10_000);

    [Fact(Explicit = true)]
    public Task Nothing_is_to_be_had_by_two_hundred_thousand_datagrams() => TryAsync(datagramCount: 200_000);

    private static async Task TryAsync(int datagramCount)
    {
        using var folder = new TestFolder();
        var ports = GatewayProcess.FreePorts(8);
        await using var outside = new UdpRelay(ports[1]);
        await using var gateway = await GatewayProcess.StartAsync(
            folder["gateway"], ports[0], ports[1..4], [outside.Port, ports[2], ports[3]], $"Gateway:Keys={Key}",
            "Gateway:ProtectReads=true");
        using var holder = new HttpClient { BaseAddress = new Uri(gateway.Url) };
        holder.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Key);
        await PutAsync(holder, Id, Secret);
        await ExpectUntouchedAsync(holder, outside.Port, ports);
        var secretFile = Path.Combine(gateway.StorePath, "rain-secret");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(secretFile));

        await TryHttpAsync(gateway);
        await ExpectUntouchedAsync(holder, outside.Port, ports);

        // A whole gateway of the user's own, which has no key to know of, and names the other as its server.
        await using var relay = new UdpRelay(ports[1]);
        await using var own = await GatewayProcess.StartAsync(
            folder["own"], ports[4], [ports[5]], [relay.Port, ports[2], ports[3]], "Rain:DiscoverySeconds=1");
        using var user = new HttpClient { BaseAddress = new Uri(own.Url) };
        Assert.Equal(HttpStatusCode.GatewayTimeout, await StatusAsync(user, HttpMethod.Get, $"/resources/{Id}"));
        await PutAsync(user, NewId, Forged);
        await PutAsync(user, Id, Forged);
        await GatewayProcess.WaitUntilAsync(
            () => Task.FromResult(relay.ToServer.Any(datagram => datagram is [(byte)'R', Consult, ..])), "CONSULT is sent");
        await ExpectUntouchedAsync(holder, outside.Port, ports);
        Assert.Equal(HttpStatusCode.NoContent, await StatusAsync(user, HttpMethod.Delete, $"/resources/{Id}"));
        Assert.Equal(HttpStatusCode.NoContent, await StatusAsync(user, HttpMethod.Delete, $"/resources/{NewId}"));
        await ExpectUntouchedAsync(holder, outside.Port, ports);
        Assert.Empty(relay.ToClient);

        // The same in the format of 2012.
        await using (var old = new OldNode { Patience = TimeSpan.FromSeconds(1) })
        {
            old.AddServer(gateway.RainEndPoint());
            Assert.Null(await old.GetAsync(Id));
            old.Put(NewId, Forged);
            old.Put(Id, Forged);
            await ExpectUntouchedAsync(holder, outside.Port, ports);
            Assert.Empty(old.Subscribed);
        }

        var seeds = relay.ToServer.Concat(outside.ToServer).Concat(outside.ToClient.Take(100)).Append(ForgePropagate(ports[5])).ToArray();
        await SendMutantsAsync(holder, seeds, ports[1..4], datagramCount);
        await ExpectUntouchedAsync(holder, outside.Port, ports);
        Assert.DoesNotContain(
            await File.ReadAllTextAsync(secretFile, TestContext.Current.CancellationToken), gateway.Log, StringComparison.Ordinal);
    }

    /// <summary>"Fetch <see cref="NewId"/> from me and keep it", as nodes of earlier versions say it.</summary>
    private static byte[] ForgePropagate(int rainPort)
    {
        var datagram = new byte[72];
        (datagram[0], datagram[1]) = ((byte)'R', Propagate);
        BinaryPrimitives.WriteUInt32BigEndian(datagram.AsSpan(2), 12345);
        BinaryPrimitives.WriteUInt64BigEndian(datagram.AsSpan(6), NewId);
        BinaryPrimitives.WriteInt64BigEndian(datagram.AsSpan(46), long.MinValue);
        BinaryPrimitives.WriteUInt16BigEndian(datagram.AsSpan(54), (ushort)rainPort);
        return datagram;
    }

    private static async Task TryHttpAsync(GatewayProcess gateway)
    {
        using var user = new HttpClient { BaseAddress = new Uri(gateway.Url) };
        (HttpMethod, string)[] requests =
        [
            (HttpMethod.Get, $"/resources/{Id}"), (HttpMethod.Head, $"/resources/{Id}"), (HttpMethod.Get, $"/{Id}"),
            (HttpMethod.Get, "/resources"),
            (HttpMethod.Get, $"/resources/{Id}/manifest"), (HttpMethod.Put, $"/resources/{NewId}"), (HttpMethod.Put, $"/resources/{Id}"),
            (HttpMethod.Put, $"/{NewId}"), (HttpMethod.Post, "/resources"), (HttpMethod.Delete, $"/resources/{Id}"),
            (HttpMethod.Post, $"/resources/{Id}/propagate"), (HttpMethod.Post, $"/resources/{Id}/prefetch"), (HttpMethod.Get, "/servers"),
            (HttpMethod.Put, "/servers/127.0.0.1:9"), (HttpMethod.Get, "/transfers/events"),
        ];
        foreach (var (method, path) in requests)
        {
            Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(user, method, path));
        }
    }

    /// <summary>All that there was is there, and nothing else; what is forced to rain comes from all three ports.</summary>
    private static async Task ExpectUntouchedAsync(HttpClient holder, int outsidePort, int[] ports)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/resources/{Id}");
        request.Headers.CacheControl = new CacheControlHeaderValue { NoCache = true };
        using var answer = await holder.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(Secret, await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        var resources = await holder.GetStringAsync(new Uri("/resources", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Contains($"\"id\":\"{Id}\"", resources, StringComparison.Ordinal);
        Assert.DoesNotContain($"\"id\":\"{NewId}\"", resources, StringComparison.Ordinal);
        var servers = await holder.GetStringAsync(new Uri("/servers", UriKind.Relative), TestContext.Current.CancellationToken);
        foreach (var port in (int[])[outsidePort, ports[2], ports[3]])
        {
            Assert.Contains($"127.0.0.1:{port}\",\"origin\":\"file\",\"state\":\"up\"", servers, StringComparison.Ordinal);
        }

        Assert.Equal(3, servers.Split("\"endpoint\"").Length - 1);
    }

    /// <summary>Captured datagrams with bytes changed, cut off and added, the captured ones themselves, and random ones, no faster than
    /// they are looked at.</summary>
    private static async Task SendMutantsAsync(HttpClient holder, byte[][] seeds, int[] ports, int count)
    {
        var random = new Random(12);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var before = await DroppedAsync(holder);
        for (var sent = 0; sent < count;)
        {
            for (var i = 0; i < BatchCount; i++, sent++)
            {
                await socket.SendToAsync(
                    Mutant(random, seeds), SocketFlags.None, new IPEndPoint(IPAddress.Loopback, ports[sent % ports.Length]));
            }

            // Each port's loop answers this, and so has come round.
            await holder.GetStringAsync(new Uri("/subscribers", UriKind.Relative), TestContext.Current.CancellationToken);
        }

        // What opens a conversation between nodes is answered though it is a copy; of all else nothing is taken, and little was lost.
        await GatewayProcess.WaitUntilAsync(async () => await DroppedAsync(holder) - before >= count * 8 / 10, "they are dropped");
    }

    private static byte[] Mutant(Random random, byte[][] seeds)
    {
        byte[] datagram;
        if (random.Next(4) == 0)
        {
            datagram = new byte[random.Next(1, 1472)];
            random.NextBytes(datagram);
            return datagram;
        }

        datagram = [.. seeds[random.Next(seeds.Length)]];
        for (var changes = random.Next(4); changes > 0; changes--)
        {
            datagram[random.Next(datagram.Length)] = (byte)random.Next(256);
        }

        return random.Next(8) switch
        {
            0 => datagram[..random.Next(1, datagram.Length + 1)],
            1 => [.. datagram, (byte)random.Next(256)],
            _ => datagram,
        };
    }

    private static async Task<long> DroppedAsync(HttpClient holder) =>
        (await holder.GetStringAsync(new Uri("/metrics", UriKind.Relative), TestContext.Current.CancellationToken)).Split('\n')
            .Where(line => line.StartsWith("rain_dropped_datagrams_total{", StringComparison.Ordinal))
            .Sum(line => long.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));

    private static async Task PutAsync(HttpClient client, ulong id, byte[] bytes)
    {
        using var answer = await client.PutAsync(
            new Uri($"/resources/{id}", UriKind.Relative), new ByteArrayContent(bytes), TestContext.Current.CancellationToken);
        answer.EnsureSuccessStatusCode();
    }

    private static async Task<HttpStatusCode> StatusAsync(HttpClient client, HttpMethod method, string path)
    {
        using var request = new HttpRequestMessage(method, path);
        if (method == HttpMethod.Put || method == HttpMethod.Post)
        {
            request.Content = new ByteArrayContent(Forged);
        }

        using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        return answer.StatusCode;
    }

    private static byte[] Bytes(string text) => Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(text, 20_000)));
}
