using System.Net;

namespace Gateway.Tests.Resources;

/// <summary>Uploads whose client falls silent in mid-body: what came goes to the disk, and
/// nothing is held for the rest until it comes.</summary>
public sealed class QuietUploadTests
{
    private static CancellationToken Test => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("PUT")]
    [InlineData("PATCH")]
    public async Task Over_one_connection(string method)
    {
        var bytes = TestGateway.Bytes(3_000_000);
        await using var gateway = await TestGateway.StartAsync();
        var path = method == "PATCH"
            ? (await gateway.PutAsync("/resources/1", [], ("Upload-Complete", "?0")))["Location"]!
            : "/resources/1";
        var fields = method == "PATCH" ? "Content-Type: application/partial-upload\r\nUpload-Offset: 0\r\nUpload-Complete: ?1\r\n" : "";
        await using var raw = await RawHttp.ConnectAsync(gateway);
        await raw.SendAsync($"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{fields}Content-Length: {bytes.Length}\r\n\r\n");
        foreach (var (first, end) in ((int, int)[])[(0, 500_000), (500_000, 500_001), (500_001, 1_700_000)])
        {
            await raw.SendAsync(System.Text.Encoding.Latin1.GetString(bytes, first, end - first));
            await WaitUntilOnDiskAsync(gateway, end);
        }

        await raw.SendAsync(System.Text.Encoding.Latin1.GetString(bytes, 1_700_000, bytes.Length - 1_700_000));
        Assert.Equal(201, (await raw.ReceiveAsync()).Status);
        Assert.Equal(bytes, (await gateway.GetAsync("/resources/1")).Body);
    }

    [Fact]
    public async Task Over_a_stream_of_a_connection()
    {
        var bytes = TestGateway.Bytes(3_000_000);
        using var folder = new TestFolder();
        await using var gateway = await TestGateway.StartAsync(TestCertificate.Write(folder));
        using var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null;
        using var client = new HttpClient(handler) { BaseAddress = new Uri($"https://127.0.0.1:{gateway.Port}") };
        using var request = new HttpRequestMessage(HttpMethod.Put, "/resources/1")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new PausingContent(bytes, 1_200_000, () => WaitUntilOnDiskAsync(gateway, 1_200_000)),
        };
        using var response = await client.SendAsync(request, Test);
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        Assert.Equal(bytes, (await gateway.GetAsync("/resources/1")).Body);
    }

    private static async Task WaitUntilOnDiskAsync(TestGateway gateway, long length)
    {
        for (var clock = System.Diagnostics.Stopwatch.StartNew(); LongestOnDisk(gateway) != length;)
        {
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(60), $"{LongestOnDisk(gateway)} bytes of {length} went to the disk");
            await Task.Delay(20, Test);
        }
    }

    private static long LongestOnDisk(TestGateway gateway) =>
        new DirectoryInfo(Path.Combine(gateway.Folder, "data")).EnumerateFiles("*", SearchOption.AllDirectories)
            .Where(file => file.Name != "reserve").Max(file => file.Length);

    private sealed class PausingContent(byte[] bytes, int pauseAt, Func<Task> pause) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(bytes.AsMemory(0, pauseAt));
            await stream.FlushAsync();
            await pause();
            await stream.WriteAsync(bytes.AsMemory(pauseAt));
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
