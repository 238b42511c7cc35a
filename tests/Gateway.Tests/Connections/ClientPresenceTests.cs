using System.Text;
using Gateway.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Gateway.Tests.Connections;

/// <summary>Clients that close their half, or go away, at every stage of a request.</summary>
public sealed class ClientPresenceTests : IClassFixture<ClientPresenceTests.Gateways>
{
    private const int LargeBytes = 20_000_000;
    private const string Fields = "Host: localhost\r\n";

    private readonly Gateways _gateways;

    public ClientPresenceTests(Gateways gateways) => _gateways = gateways;

    private static CancellationToken Test => TestContext.Current.CancellationToken;

    public static TheoryData<string, int, string> WholeRequests => new()
    {
        { "GET /health/live HTTP/1.0\r\n\r\n", 200, "" },
        { "GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n", 200, "" },
        { "HEAD /resources/1 HTTP/1.1\r\nHost: localhost\r\n\r\n", 200, "" },
        { "GET /resources/2 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 200, "" },
        { "GET /nothing/here HTTP/1.1\r\nHost: localhost\r\n\r\n", 404, "" },
        { "PUT {new} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello", 201, "hello" },
        { "PUT {new} HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello", 201, "hello" },
        { "PUT {new} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 201, "hello" },
        { "PUT {new}?replicas=3 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello", 202, "hello" },
        { "PUT {new} HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: *\r\nContent-Length: 5\r\n\r\nhello", 201, "hello" },
        { "POST /resources HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello", 201, "" },
        { "PATCH {upload} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/partial-upload\r\nUpload-Offset: 0\r\nUpload-Complete: "
            + "?1\r\nContent-Length: 5\r\n\r\nhello", 201, "hello" },
        { "DELETE {old} HTTP/1.1\r\nHost: localhost\r\n\r\n", 204, "" },
        { "POST {old}/propagate HTTP/1.1\r\nHost: localhost\r\n\r\n", 202, "" },
    };

    [Theory]
    [MemberData(nameof(WholeRequests))]
    public Task Who_closes_its_half_after_a_whole_request_gets_the_answer(string request, int status, string stored) =>
        AskAsync(_gateways.Plain, isSecure: false, request, status, stored);

    [Theory]
    [MemberData(nameof(WholeRequests))]
    public Task So_it_is_with_tls(string request, int status, string stored) =>
        AskAsync(_gateways.Secure, isSecure: true, request, status, stored);

    /// <summary>As <c>ffmpeg -method PUT</c> does: what has arrived whole is kept, though nobody waits to hear so.</summary>
    [Theory]
    [InlineData("PUT {0} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello")]
    [InlineData("PUT {0} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")]
    public async Task Who_goes_away_after_a_whole_upload_has_stored_it(string request)
    {
        for (var i = 0; i < 10; i++)
        {
            var path = TestGateway.NewPath();
            await using (var raw = await RawHttp.ConnectAsync(_gateways.Plain))
            {
                await raw.SendAsync(string.Format(System.Globalization.CultureInfo.InvariantCulture, request, path));
            }

            using var limit = CancellationTokenSource.CreateLinkedTokenSource(Test);
            limit.CancelAfter(TimeSpan.FromSeconds(60));
            while ((await _gateways.Plain.GetAsync(path)).Status != 200)
            {
                await Task.Delay(5, limit.Token);
            }

            Assert.Equal("hello"u8.ToArray(), (await _gateways.Plain.GetAsync(path)).Body);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_large_answer_is_sent_to_its_end_at_the_readers_pace(bool isSecure)
    {
        await using var raw = await RawHttp.ConnectAsync(isSecure ? _gateways.Secure : _gateways.Plain, 16 * 1024, isSecure);
        await raw.SendAsync($"GET /resources/1 HTTP/1.1\r\n{Fields}\r\n");
        await raw.EndSendingAsync();

        // Meanwhile the gateway looks several times whether anybody is there.
        await Task.Delay(TimeSpan.FromSeconds(3), Test);
        var answer = await raw.ReceiveAsync();
        Assert.Equal(200, answer.Status);
        Assert.True(TestGateway.Bytes(LargeBytes).AsSpan().SequenceEqual(answer.Body));
        Assert.Equal((0, false), await raw.DrainAsync());
    }

    [Fact]
    public async Task Rain_is_sent_to_its_end_too()
    {
        var port = TestGateway.FreePorts(1);
        await using var node = await TestGateway.StartAsync([], port, "Rain:MaxRateBytesPerSecond=4000000");
        await using var gateway = await TestGateway.StartAsync(port, [0]);
        await node.PutAsync("/resources/7", TestGateway.Bytes(8_000_000));
        await using var raw = await RawHttp.ConnectAsync(gateway);
        await raw.SendAsync($"GET /resources/7 HTTP/1.1\r\n{Fields}\r\n");
        await raw.EndSendingAsync();
        var answer = await raw.ReceiveAsync();
        Assert.StartsWith("rain; fwd=miss", answer.Headers["Cache-Status"], StringComparison.Ordinal);
        Assert.True(TestGateway.Bytes(8_000_000).AsSpan().SequenceEqual(answer.Body));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Requests_sent_one_after_the_other_before_the_half_is_closed_are_all_answered(bool isSecure)
    {
        var gateway = isSecure ? _gateways.Secure : _gateways.Plain;
        var path = TestGateway.NewPath();
        await using var raw = await RawHttp.ConnectAsync(gateway, isSecure: isSecure);
        await raw.SendAsync(
            $"GET /resources/2 HTTP/1.1\r\n{Fields}\r\nPUT {path} HTTP/1.1\r\n{Fields}Content-Length: 5\r\n\r\nhello"
            + $"GET {path} HTTP/1.1\r\n{Fields}\r\n");
        await raw.EndSendingAsync();
        Assert.Equal(TestGateway.Bytes(1000), (await raw.ReceiveAsync()).Body);
        Assert.Equal(201, (await raw.ReceiveAsync()).Status);
        Assert.Equal("hello"u8.ToArray(), (await raw.ReceiveAsync()).Body);
        Assert.Equal((0, false), await raw.DrainAsync());
    }

    [Theory]
    [InlineData("Content-Length: 10\r\n\r\nhello")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n5\r\nhel")]
    public async Task A_body_that_ends_early_is_not_stored(string rest)
    {
        var path = TestGateway.NewPath();
        await using var raw = await RawHttp.ConnectAsync(_gateways.Plain);
        await raw.SendAsync($"PUT {path} HTTP/1.1\r\n{Fields}{rest}");
        await raw.EndSendingAsync();
        await raw.DrainAsync();
        Assert.Equal(404, (await _gateways.Plain.GetAsync(path)).Status);
    }

    [Theory]
    [InlineData("")]
    [InlineData("GET /resources/1 HT")]
    [InlineData("GET /resources/1 HTTP/1.1\r\nHost: loc")]
    [InlineData("GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\nGET /resources/1 HT")]
    public async Task A_connection_without_a_whole_request_is_closed_at_once(string text)
    {
        await using var raw = await RawHttp.ConnectAsync(_gateways.Plain);
        await raw.SendAsync(text);
        await raw.EndSendingAsync();
        await raw.DrainAsync();
    }

    [Theory]
    [InlineData("GET /resources/1 HTTP/1.1\r\nHost: localhost\r\n\r\n", false)]
    [InlineData("GET /resources/1 HTTP/1.1\r\nHost: localhost\r\n\r\n", true)]
    [InlineData("GET /transfers/events HTTP/1.1\r\nHost: localhost\r\n\r\n", false)]
    [InlineData("GET /transfers/events HTTP/1.1\r\nHost: localhost\r\n\r\n", true)]
    [InlineData("PUT /resources/9 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhello", false)]
    [InlineData("PUT /resources/9 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhello", true)]
    [InlineData("PUT /resources/9 HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello", true)]
    public async Task Who_is_really_gone_is_noticed(string request, bool isReset)
    {
        await using var gateway = await TestGateway.StartAsync();
        await gateway.PutAsync("/resources/1", TestGateway.Bytes(LargeBytes));
        var running = gateway.Services.GetRequiredService<RunningRequests>();
        await using (var raw = await RawHttp.ConnectAsync(gateway, receiveBuffer: 16 * 1024))
        {
            await raw.SendAsync(request);
            await TestGateway.UntilAsync(() => running.Count == 1);
            if (isReset)
            {
                raw.Reset();
            }
        }

        await TestGateway.UntilAsync(() => running.Count == 0);
        Assert.Equal(404, (await gateway.GetAsync("/resources/9")).Status);
    }

    private static async Task AskAsync(TestGateway gateway, bool isSecure, string request, int status, string stored)
    {
        var path = request.Contains("{old}", StringComparison.Ordinal) ? (await gateway.StoreAsync([1, 2])).Path : TestGateway.NewPath();
        var upload = request.Contains("{upload}", StringComparison.Ordinal)
            ? (await gateway.PutAsync(path, [], ("Upload-Complete", "?0")))["Location"]
            : "";
        await using var raw = await RawHttp.ConnectAsync(gateway, isSecure: isSecure);
        await raw.SendAsync(request.Replace("{new}", path, StringComparison.Ordinal).Replace("{old}", path, StringComparison.Ordinal)
            .Replace("{upload}", upload, StringComparison.Ordinal));
        await raw.EndSendingAsync();
        var answer = await raw.ReceiveAsync(hasBody: !request.StartsWith("HEAD ", StringComparison.Ordinal));
        Assert.Equal(status, answer.Status);

        // The body of an answer to HTTP/1.0 may have no length.
        Assert.False((await raw.DrainAsync()).IsReset);
        if (stored.Length > 0)
        {
            Assert.Equal(Encoding.ASCII.GetBytes(stored), (await gateway.GetAsync(path)).Body);
        }
    }

    /// <summary>One with TLS and one without; resource 1 is large, 2 has a thousand bytes.</summary>
    public sealed class Gateways : IAsyncLifetime
    {
        private readonly TestFolder _folder = new();

        internal TestGateway Plain { get; private set; } = null!;

        internal TestGateway Secure { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Plain = await TestGateway.StartAsync();
            Secure = await TestGateway.StartAsync(TestCertificate.Write(_folder));
            foreach (var gateway in (TestGateway[])[Plain, Secure])
            {
                await gateway.PutAsync("/resources/1", TestGateway.Bytes(LargeBytes));
                await gateway.PutAsync("/resources/2", TestGateway.Bytes(1000));
            }
        }

        public async ValueTask DisposeAsync()
        {
            await Plain.DisposeAsync();
            await Secure.DisposeAsync();
            _folder.Dispose();
        }
    }
}
