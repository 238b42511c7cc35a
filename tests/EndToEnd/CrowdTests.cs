using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace EndToEnd;

/// <summary>Many who hold a connection and want nothing, and many who read slowly, hold back nobody.</summary>
public sealed class CrowdTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public Task Idle_connections_and_slow_readers_hold_back_nobody() => CrowdAsync(idle: 500, slow: 20, requests: 50, medianMax: null);

    /// <summary>Wants 10,400 open files here and in the gateway; docs/developers.md has the command.</summary>
    [Fact(Explicit = true)]
    public Task Ten_thousand_idle_connections_and_two_hundred_slow_readers_hold_back_nobody() =>
        CrowdAsync(idle: 10_000, slow: 200, requests: 500, TimeSpan.FromMilliseconds(50));

    private static async Task CrowdAsync(int idle, int slow, int requests, TimeSpan? medianMax)
    {
        const int length = 64 << 20;
        using var folder = new TestFolder();
        var ports = GatewayProcess.FreePorts(2);
        await using var gateway = await GatewayProcess.StartAsync(
            folder["node"], ports[0], [ports[1]], [ports[1]], "Serilog:MinimumLevel:Default=Warning");
        using var http = new HttpClient();
        using (var large = new StreamContent(new TestBytes(1, length)))
        {
            (await http.PutAsync(new Uri($"{gateway.Url}/resources/1"), large, Token)).EnsureSuccessStatusCode();
        }

        using (var small = new StreamContent(new TestBytes(2, 10_000)))
        {
            (await http.PutAsync(new Uri($"{gateway.Url}/resources/2"), small, Token)).EnsureSuccessStatusCode();
        }

        var alone = await MeasureAsync(gateway, requests);
        var memoryAlone = gateway.MemoryBytes();
        var crowd = new List<Socket>();
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Token);
        try
        {
            foreach (var batch in Enumerable.Range(0, idle).Chunk(200))
            {
                crowd.AddRange(await Task.WhenAll(batch.Select(async i =>
                {
                    // Sixteen addresses, so that no pair of them runs out of ports.
                    var socket = await ConnectAsync(gateway, i % 16);
                    await GetAsync(socket, "/resources/2", Token);
                    return socket;
                })));
            }

            var memoryIdle = gateway.MemoryBytes();
            var readers = new List<Task<long>>();
            for (var i = 0; i < slow; i++)
            {
                var socket = await ConnectAsync(gateway, i % 16);
                crowd.Add(socket);
                await socket.SendAsync("GET /resources/1 HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray(), Token);
                readers.Add(ReadSlowlyAsync(socket, enough.Token));
            }

            var crowded = await MeasureAsync(gateway, requests);
            var memory = gateway.MemoryBytes();
            Assert.All(readers, reader => Assert.False(reader.IsCompleted, "a slow reader was cut off"));
            foreach (var socket in crowd.Take(idle).Where((_, i) => i % 97 == 0))
            {
                await GetAsync(socket, "/resources/2", Token);
            }

            await enough.CancelAsync();
            var read = await Task.WhenAll(readers);
            TestContext.Current.TestOutputHelper?.WriteLine(
                $"alone: median {alone.Median.TotalMilliseconds:F2} ms, {memoryAlone / 1e6:F0} MB; with {idle} idle and {slow} slow: "
                + $"median {crowded.Median.TotalMilliseconds:F2} ms, 99 % {crowded.Most.TotalMilliseconds:F2} ms; "
                + $"{memoryIdle / 1e6:F0} MB with the idle, {memory / 1e6:F0} MB with all; slow readers got {read.Average() / 1e3:F0} kB "
                + "each");
            Assert.All(read, bytes => Assert.InRange(bytes, 1, length - 1));
            Assert.True(medianMax is null || crowded.Median < medianMax, $"median {crowded.Median}");
        }
        finally
        {
            crowd.ForEach(socket => socket.Dispose());
        }
    }

    /// <summary>New connections, each with one request, a hundred a second.</summary>
    private static async Task<(TimeSpan Median, TimeSpan Most)> MeasureAsync(GatewayProcess gateway, int requests)
    {
        var times = new List<TimeSpan>();
        for (var i = 0; i < requests; i++)
        {
            var clock = Stopwatch.StartNew();
            using var socket = await ConnectAsync(gateway, i % 16);
            await GetAsync(socket, "/resources/2", Token);
            times.Add(clock.Elapsed);
            await Task.Delay(10, Token);
        }

        times.Sort();
        return (times[times.Count / 2], times[times.Count * 99 / 100]);
    }

    private static async Task<Socket> ConnectAsync(GatewayProcess gateway, int address)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
        {
            NoDelay = true,
            ReceiveBufferSize = 16 * 1024,
        };
        socket.Bind(new IPEndPoint(new IPAddress([127, 0, 0, (byte)(1 + address)]), 0));
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, gateway.HttpPort), Token);
        return socket;
    }

    private static async Task GetAsync(Socket socket, string path, CancellationToken cancellationToken)
    {
        await socket.SendAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"), cancellationToken);
        var buffer = new byte[16 * 1024];
        var text = "";
        var missing = long.MaxValue;
        while (missing > 0)
        {
            var count = await socket.ReceiveAsync(buffer, cancellationToken);
            Assert.True(count > 0, "the connection ended");
            if (missing < long.MaxValue)
            {
                missing -= count;
                continue;
            }

            text += Encoding.Latin1.GetString(buffer, 0, count);
            if (text.IndexOf("\r\n\r\n", StringComparison.Ordinal) is >= 0 and var end)
            {
                Assert.StartsWith("HTTP/1.1 200 ", text, StringComparison.Ordinal);
                Assert.Contains("\r\nContent-Length: 10000\r\n", text, StringComparison.Ordinal);
                missing = 10_000 - (text.Length - end - 4);
            }
        }
    }

    /// <summary>Four KiB every half a second, which is above what the server takes for an attack.</summary>
    private static async Task<long> ReadSlowlyAsync(Socket socket, CancellationToken cancellationToken)
    {
        var buffer = new byte[4096];
        var total = 0L;
        try
        {
            int count;
            while ((count = await socket.ReceiveAsync(buffer, cancellationToken)) > 0)
            {
                total += count;
                await Task.Delay(500, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // Enough.
        }

        return total;
    }
}
