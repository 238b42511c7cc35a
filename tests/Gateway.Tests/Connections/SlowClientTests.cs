using System.Net;

namespace Gateway.Tests.Connections;

/// <summary>Clients that pause, and clients that trickle.</summary>
public sealed class SlowClientTests : IDisposable
{
    private const int Length = 20_000_000;

    /// <summary>Longer than the five seconds that the server itself would give.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(8);

    private readonly TestFolder _folder = new();

    private static CancellationToken Test => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public async Task A_reader_may_pause_within_a_body(bool isSecure, bool isRain)
    {
        var port = TestGateway.FreePorts(1);
        await using var node = isRain ? await TestGateway.StartAsync([], port) : null;
        await using var gateway = isRain ? await TestGateway.StartAsync(port, [0]) : await StartAsync(isSecure);
        await (node ?? gateway).PutAsync("/resources/1", TestGateway.Bytes(Length));
        await using var raw = await RawHttp.ConnectAsync(gateway, 16 * 1024, isSecure);
        await raw.SendAsync("GET /resources/1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
        await Task.Delay(Pause, Test);
        var answer = await raw.ReceiveAsync();
        Assert.True(TestGateway.Bytes(Length).AsSpan().SequenceEqual(answer.Body));
    }

    [Theory]
    [InlineData("PUT", "", false)]
    [InlineData("PUT", "", true)]
    [InlineData("PATCH", "Content-Type: application/partial-upload\r\nUpload-Offset: 0\r\nUpload-Complete: ?1\r\n", false)]
    public async Task A_writer_may_start_slowly_and_pause(string method, string fields, bool isSecure)
    {
        await using var gateway = await StartAsync(isSecure);
        var path = method == "PATCH"
            ? (await gateway.PutAsync("/resources/1", [], ("Upload-Complete", "?0")))["Location"]!
            : "/resources/1";
        await using var raw = await RawHttp.ConnectAsync(gateway, isSecure: isSecure);
        await raw.SendAsync($"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{fields}Transfer-Encoding: chunked\r\n\r\n");
        await Task.Delay(Pause, Test);
        await raw.SendAsync("5\r\nhello\r\n6\r\n wo");
        await Task.Delay(Pause, Test);
        await raw.SendAsync("rld\r\n0\r\n\r\n");
        Assert.Equal(201, (await raw.ReceiveAsync()).Status);
        Assert.Equal("hello world", (await gateway.GetAsync("/resources/1")).Text);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public async Task A_reader_that_takes_nothing_is_cut(bool isSecure, bool isRain)
    {
        var port = TestGateway.FreePorts(1);
        await using var node = isRain ? await TestGateway.StartAsync([], port) : null;
        await using var gateway = isRain
            ? await TestGateway.StartAsync(port, [0], "Gateway:MinRateGraceSeconds=2")
            : await StartAsync(isSecure, "Gateway:MinRateGraceSeconds=2");
        await (node ?? gateway).PutAsync("/resources/1", TestGateway.Bytes(Length));
        await using var raw = await RawHttp.ConnectAsync(gateway, 16 * 1024, isSecure);
        await raw.SendAsync("GET /resources/1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
        Assert.Equal(200, (await raw.ReceiveAsync(hasBody: false)).Status);
        await IdleAsync(gateway);
        Assert.InRange((await raw.DrainAsync()).Bytes, 1, Length - 1);
    }

    [Fact]
    public async Task A_reader_through_http_2_may_pause_and_is_cut_when_it_takes_nothing()
    {
        await using var patient = await StartAsync(isSecure: true);
        await patient.PutAsync("/resources/1", TestGateway.Bytes(Length));
        using var client = NewHttp2Client();
        using var paused = await client.GetAsync(
            new Uri($"https://127.0.0.1:{patient.Port}/resources/1"), HttpCompletionOption.ResponseHeadersRead, Test);
        Assert.Equal(HttpVersion.Version20, paused.Version);
        await Task.Delay(Pause, Test);
        var body = await paused.Content.ReadAsByteArrayAsync(Test);
        Assert.True(TestGateway.Bytes(Length).AsSpan().SequenceEqual(body));

        // The server counts what a stream's window holds as if it had to be taken at the least rate: 64 KiB at 240 B/s would be minutes.
        await using var strict = await StartAsync(isSecure: true, "Gateway:MinRateGraceSeconds=2", "Gateway:MinRateBytesPerSecond=1MB/s");
        await strict.PutAsync("/resources/1", TestGateway.Bytes(Length));
        using var cut = await client.GetAsync(
            new Uri($"https://127.0.0.1:{strict.Port}/resources/1"), HttpCompletionOption.ResponseHeadersRead, Test);
        await IdleAsync(strict);
        await Assert.ThrowsAnyAsync<Exception>(() => cut.Content.ReadAsByteArrayAsync(Test));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_writer_that_trickles_is_cut_and_nothing_is_stored(bool isSecure)
    {
        await using var gateway = await StartAsync(isSecure, "Gateway:MinRateGraceSeconds=2");
        await using var raw = await RawHttp.ConnectAsync(gateway, isSecure: isSecure);
        await raw.SendAsync("PUT /resources/1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nhello");
        var answer = await raw.ReceiveAsync();
        Assert.Equal(408, answer.Status);
        Assert.Equal((0, false), await raw.DrainAsync());
        Assert.Equal(404, (await gateway.GetAsync("/resources/1")).Status);
    }

    [Fact]
    public async Task A_head_that_never_ends_and_a_connection_without_requests_are_cut()
    {
        await using var gateway = await TestGateway.StartAsync("Gateway:RequestHeadersSeconds=1", "Gateway:KeepAliveSeconds=1");
        await using var head = await RawHttp.ConnectAsync(gateway);
        await head.SendAsync("GET /resources/1 HTTP/1.1\r\nHost: loc");
        Assert.Equal(408, (await head.ReceiveAsync()).Status);
        await using var idle = await RawHttp.ConnectAsync(gateway);
        await idle.SendAsync("GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n");
        Assert.Equal(200, (await idle.ReceiveAsync()).Status);
        Assert.Equal((0, false), await idle.DrainAsync());
    }

    private Task<TestGateway> StartAsync(bool isSecure, params string[] settings) =>
        TestGateway.StartAsync([.. isSecure ? TestCertificate.Write(_folder) : [], .. settings]);

    /// <summary>One that holds little for a reader who does not read.</summary>
    private static HttpClient NewHttp2Client()
    {
        AppContext.SetSwitch("System.Net.SocketsHttpHandler.Http2FlowControl.DisableDynamicWindowSizing", true);
        var handler = new SocketsHttpHandler { InitialHttp2StreamWindowSize = 65_535 };
        handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null;
        return new HttpClient(handler)
        {
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
    }

    /// <summary>Waits until no request runs any more.</summary>
    private static async Task IdleAsync(TestGateway gateway)
    {
        var running = (Gateway.Hosting.RunningRequests)gateway.Services.GetService(typeof(Gateway.Hosting.RunningRequests))!;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Test);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        while (running.Count > 0)
        {
            await Task.Delay(50, limit.Token);
        }
    }
}
