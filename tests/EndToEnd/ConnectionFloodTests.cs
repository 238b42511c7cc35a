using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace EndToEnd;

/// <summary>One address that opens all the connections there may be ends nothing and keeps nobody
/// else out, however few files may be open.</summary>
public sealed class ConnectionFloodTests
{
    private const int LengthOfSmall = 10_000;

    private static readonly Dictionary<string, string> Kinds = new()
    {
        ["idle"] = "GET /resources/2 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        ["slow head"] = "GET /resources/2 HTTP/1.1\r\nHost: loc",
        ["slow body"] = "PUT /resources/3 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\nabc",
        ["slow reader"] = "GET /resources/1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        ["events"] = "GET /transfers/events HTTP/1.1\r\nHost: localhost\r\n\r\n",
    };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public Task More_connections_of_one_address_than_files_keep_nobody_out() =>
        FloodAsync(new ProcessLimits(OpenFiles: 600), connections: 700, requests: 10, medianMax: null);

    [Fact]
    public async Task A_limit_of_files_that_leaves_nothing_for_clients_refuses_the_start()
    {
        Tool.Require("bash");
        using var folder = new TestFolder();
        var result = await GatewayProcess.RunToEndAsync(new ProcessLimits(OpenFiles: 256), folder["node"], "--Urls=http://127.0.0.1:0");
        Assert.Equal(2, result.ExitCode);
        Assert.StartsWith(
            "open files: 256 are allowed", Assert.Single(result.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries)),
            StringComparison.Ordinal);
    }

    /// <summary>docs/developers.md has the command.</summary>
    [Theory(Explicit = true)]
    [InlineData(256, true)]
    [InlineData(400, false)]
    [InlineData(1024, false)]
    [InlineData(null, true)]
    public Task Five_thousand_connections_of_each_kind_keep_nobody_out(int? files, bool mayRaise) =>
        FloodAsync(new ProcessLimits(files, mayRaise), connections: 5000, requests: 50, TimeSpan.FromMilliseconds(100));

    private static async Task FloodAsync(ProcessLimits limits, int connections, int requests, TimeSpan? medianMax)
    {
        Tool.Require("bash");
        using var folder = new TestFolder();
        var ports = GatewayProcess.FreePorts(2);
        await using var gateway = await GatewayProcess.StartAsync(limits, folder["node"], ports[0], [ports[1]], [ports[1]]);
        using var http = new HttpClient();
        foreach (var (id, length) in new[] { (1, 32 << 20), (2, LengthOfSmall) })
        {
            using var body = new StreamContent(new TestBytes((ulong)id, length));
            (await http.PutAsync(new Uri($"{gateway.Url}/resources/{id}"), body, Token)).EnsureSuccessStatusCode();
        }

        foreach (var (kind, request) in Kinds)
        {
            var flood = new List<Socket>();
            try
            {
                foreach (var batch in Enumerable.Range(0, connections).Chunk(50))
                {
                    foreach (var socket in await Task.WhenAll(batch.Select(_ => TryOpenAsync(gateway, request))))
                    {
                        flood.Add(socket);
                    }
                }

                var times = new List<TimeSpan>();
                for (var i = 0; i < requests; i++)
                {
                    var clock = Stopwatch.StartNew();
                    await GetFromAnotherAddressAsync(gateway);
                    times.Add(clock.Elapsed);
                }

                times.Sort();
                var median = times[times.Count / 2];
                TestContext.Current.TestOutputHelper?.WriteLine(
                    $"{limits.OpenFiles} files, {connections} x {kind}: median {median.TotalMilliseconds:F2} ms, most "
                    + $"{times[^1].TotalMilliseconds:F2} ms, {gateway.MemoryBytes() / 1e6:F0} MB");
                Assert.False(gateway.Process.HasExited, gateway.Log);
                Assert.True(medianMax is null || median < medianMax, $"{kind}: median {median}");
            }
            finally
            {
                flood.ForEach(socket => socket.Dispose());
            }
        }

        // What was closed for others is no fault of this program.
        Assert.DoesNotContain(" ERR ", gateway.Log, StringComparison.Ordinal);
        Assert.Contains(
            "No room for all connections", limits is { OpenFiles: not null, MayRaise: false } ? gateway.Log : "No room for all connections",
            StringComparison.Ordinal);
    }

    /// <summary>The gateway may refuse it, close it, or leave it; so may the system here when it has no room for more.</summary>
    private static async Task<Socket> TryOpenAsync(GatewayProcess gateway, string request)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 16 * 1024 };
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.2"), 0));
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, gateway.HttpPort), Token);
            await socket.SendAsync(Encoding.ASCII.GetBytes(request), Token);
        }
        catch (SocketException)
        {
            // See above.
        }

        return socket;
    }

    private static async Task GetFromAnotherAddressAsync(GatewayProcess gateway)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(Tool.HangLimit);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.3"), 0));
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, gateway.HttpPort), limit.Token);
        await socket.SendAsync("GET /resources/2 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8.ToArray(), limit.Token);
        var answer = new MemoryStream();
        await using var stream = new NetworkStream(socket);
        await stream.CopyToAsync(answer, limit.Token);
        Assert.StartsWith(
            "HTTP/1.1 200 ", Encoding.Latin1.GetString(answer.ToArray(), 0, (int)Math.Min(answer.Length, 100)), StringComparison.Ordinal);
        Assert.True(answer.Length > LengthOfSmall);
    }
}
