using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Gateway.Tests.Operations;

public sealed class TelemetryTests
{
    private const string TraceId = "4bf92f3577b34da6a3ce929d0e0e4736", ParentId = "00f067aa0ba902b7";

    [Fact]
    public async Task Metrics_and_spans_come_over_otlp_and_the_callers_trace_goes_on_in_them()
    {
        await using var receiver = await Receiver.StartAsync();
        var port = TestGateway.FreePorts(1)[0];
        await using (var gateway = await TestGateway.StartAsync([port], [port], $"Gateway:OtlpEndpoint={receiver.Url}"))
        {
            Assert.Equal(201, (await gateway.PutAsync("/resources/1", TestGateway.Bytes(100_000))).Status);
            var rained = await gateway.GetAsync(
                "/resources/1", ("Cache-Control", "no-cache"), ("traceparent", $"00-{TraceId}-{ParentId}-01"));
            Assert.Equal(200, rained.Status);

            // What is left goes out at the end.
            await gateway.StopAsync();
        }

        var spans = receiver.Bodies("/v1/traces");
        Assert.True(Has(spans, "GET /resources/{id}"), "the request's span");
        Assert.True(Has(spans, "rain transfer"), "the transfer's span");
        Assert.True(Has(spans, "http.response.status_code"), "the request's tags");
        Assert.True(Has(spans, "pouring-rain"), "the service's name");
        Assert.True(spans.Sum(body => Count(body, Convert.FromHexString(TraceId))) >= 2, "both in the caller's trace");
        Assert.Equal(1, spans.Sum(body => Count(body, Convert.FromHexString(ParentId))));
        var metrics = receiver.Bodies("/v1/metrics");
        foreach (var name in (string[])["rain.http.requests", "rain.received.droplets", "rain.overhead.ratio", "rain.cache.answers",
            "http.server.request.duration"])
        {
            Assert.True(Has(metrics, name), name);
        }
    }

    [Fact]
    public async Task A_collector_that_is_not_there_harms_nobody()
    {
        await using var gateway = await TestGateway.StartAsync($"Gateway:OtlpEndpoint=http://127.0.0.1:{TestGateway.FreePorts(1)[0]}");
        Assert.Equal(201, (await gateway.PutAsync("/resources/1", [1])).Status);
        Assert.Equal(200, (await gateway.GetAsync("/resources/1")).Status);
    }

    private static bool Has(IEnumerable<byte[]> bodies, string text) => bodies.Any(body => Count(body, Encoding.UTF8.GetBytes(text)) > 0);

    private static int Count(byte[] body, byte[] wanted) => body.AsSpan().Count(wanted);

    /// <summary>Takes what is sent to it, as a collector does.</summary>
    private sealed class Receiver : IAsyncDisposable
    {
        private readonly ConcurrentQueue<(string Path, byte[] Body)> _taken = new();
        private readonly WebApplication _app;

        private Receiver()
        {
            var builder = WebApplication.CreateBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.ConfigureKestrel(
                server => server.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1));
            _app = builder.Build();
            _app.Run(async http =>
            {
                using var body = new MemoryStream();
                await http.Request.Body.CopyToAsync(body);
                Assert.Equal("application/x-protobuf", http.Request.ContentType);
                _taken.Enqueue((http.Request.Path, body.ToArray()));
            });
        }

        public string Url => _app.Urls.First();

        public static async Task<Receiver> StartAsync()
        {
            var receiver = new Receiver();
            await receiver._app.StartAsync();
            return receiver;
        }

        public List<byte[]> Bodies(string path) => [.. _taken.Where(taken => taken.Path == path).Select(taken => taken.Body)];

        public ValueTask DisposeAsync() => _app.DisposeAsync();
    }
}
