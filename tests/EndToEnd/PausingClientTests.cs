using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace EndToEnd;

/// <summary>Clients that pause keep what they asked for; clients that trickle for ever are cut, and meanwhile hold back nobody. All with
/// the limits as they are by default, so these take minutes; docs/developers.md has the command.</summary>
public sealed class PausingClientTests
{
    private const int BodyBytes = 10_000_000, PauseCount = 10;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(50);

    /// <summary>Five graces, and what the buffers on the way are worth at the least rate.</summary>
    private static readonly TimeSpan TrickleMax = TimeSpan.FromMinutes(10);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact(Explicit = true)]
    public async Task Ten_pauses_of_fifty_seconds_break_no_transfer()
    {
        using var folder = new TestFolder();
        var (gateway, secureUrl) = await StartAsync(folder);
        await using var process = gateway;
        (string Url, Version Version)[] protocols =
            [(gateway.Url, HttpVersion.Version11), (secureUrl, HttpVersion.Version11), (secureUrl, HttpVersion.Version20)];
        using (var http = NewClient(HttpVersion.Version11))
        using (var body = new StreamContent(new TestBytes(1, BodyBytes)))
        {
            (await http.PutAsync(new Uri($"{gateway.Url}/resources/1"), body, Token)).EnsureSuccessStatusCode();
        }

        var hash = await TestBytes.HashAsync(new TestBytes(1, BodyBytes));
        var transfers = protocols.SelectMany((protocol, i) => new[]
        {
            GetAsync(protocol.Url, protocol.Version, hash, seed: 10 + i),
            PutAsync(protocol.Url, protocol.Version, hash, resource: 10 + i, seed: 20 + i),
        });
        await Task.WhenAll(transfers);
    }

    [Fact(Explicit = true)]
    public async Task Five_hundred_clients_that_trickle_are_cut_and_hold_back_nobody()
    {
        using var folder = new TestFolder();
        var (gateway, _) = await StartAsync(folder, "Serilog:MinimumLevel:Default=Warning");
        await using var process = gateway;
        using var http = new HttpClient();
        foreach (var (id, length) in ((int, long)[])[(1, 64 << 20), (2, 10_000)])
        {
            using var body = new StreamContent(new TestBytes((ulong)id, length));
            (await http.PutAsync(new Uri($"{gateway.Url}/resources/{id}"), body, Token)).EnsureSuccessStatusCode();
        }

        var alone = await MeasureAsync(http, gateway, Task.Delay(TimeSpan.FromSeconds(3), Token));
        var memoryAlone = gateway.MemoryBytes();
        var crowd = Task.WhenAll(Enumerable.Range(0, 500).Select(i => TrickleAsync(gateway, isReader: i % 2 == 0)));
        var crowded = await MeasureAsync(http, gateway, crowd);
        var memory = gateway.PeakMemoryBytes();
        var lives = await crowd;
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"alone: median {alone.TotalMilliseconds:F2} ms, {memoryAlone / 1e6:F0} MB; beside 500 that trickle: median "
            + $"{crowded.TotalMilliseconds:F2} ms, "
            + $"{memory / 1e6:F0} MB at most; cut after {lives.Min().TotalSeconds:F0} to {lives.Max().TotalSeconds:F0} s");
        Assert.True(crowded < TimeSpan.FromMilliseconds(50), $"median {crowded}");
        Assert.InRange(memory - memoryAlone, long.MinValue, 200_000_000);
    }

    private static async Task GetAsync(string url, Version version, string hash, int seed)
    {
        using var http = NewClient(version);
        using var response = await http.GetAsync(new Uri($"{url}/resources/1"), HttpCompletionOption.ResponseHeadersRead, Token);
        Assert.Equal(version, response.Version);
        await using var paused = new PausingStream(await response.Content.ReadAsStreamAsync(Token), seed);
        Assert.Equal(hash, await TestBytes.HashAsync(paused));
        Assert.Equal(PauseCount, paused.Pauses);
    }

    private static async Task PutAsync(string url, Version version, string hash, int resource, int seed)
    {
        using var http = NewClient(version);
        await using var paused = new PausingStream(new TestBytes(1, BodyBytes), seed);
        using var body = new StreamContent(paused, 16 * 1024);
        body.Headers.ContentLength = BodyBytes;
        using var response = await http.PutAsync(new Uri($"{url}/resources/{resource}"), body, Token);
        Assert.Equal((HttpStatusCode.Created, version), (response.StatusCode, response.Version));
        Assert.Equal(PauseCount, paused.Pauses);
        await using var stored = await http.GetStreamAsync(new Uri($"{url}/resources/{resource}"), Token);
        Assert.Equal(hash, await TestBytes.HashAsync(stored));
    }

    /// <summary>Ten bytes a second, until the gateway has had enough; how long that took.</summary>
    private static async Task<TimeSpan> TrickleAsync(GatewayProcess gateway, bool isReader)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
        {
            NoDelay = true,
            ReceiveBufferSize = 16 * 1024,
        };
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, gateway.HttpPort), Token);
        var request = isReader ? "GET /resources/1" : $"PUT /resources/{Random.Shared.Next(1000, int.MaxValue)}";
        var length = isReader ? 0 : BodyBytes;
        await socket.SendAsync(
            Encoding.ASCII.GetBytes($"{request} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n"), Token);
        var began = Stopwatch.GetTimestamp();
        var buffer = new byte[10];
        try
        {
            while (await TurnAsync() > 0)
            {
                Assert.True(Stopwatch.GetElapsedTime(began) < TrickleMax, "a client that trickles was not cut");
                await Task.Delay(1000, Token);
            }
        }
        catch (SocketException)
        {
            // Cut.
        }

        return Stopwatch.GetElapsedTime(began);

        async ValueTask<int> TurnAsync()
        {
            if (isReader)
            {
                // A reader that is cut finds what was sent before; the error comes with what it sends.
                return await socket.ReceiveAsync(buffer, Token) is var count && socket.Poll(0, SelectMode.SelectError) ? 0 : count;
            }

            return socket.Available > 0 ? 0 : await socket.SendAsync(buffer, Token);
        }
    }

    /// <summary>The median of requests one after the other, while something goes on.</summary>
    private static async Task<TimeSpan> MeasureAsync(HttpClient http, GatewayProcess gateway, Task meanwhile)
    {
        var times = new List<TimeSpan>();
        while (!meanwhile.IsCompleted)
        {
            var clock = Stopwatch.StartNew();
            Assert.Equal(10_000, (await http.GetByteArrayAsync(new Uri($"{gateway.Url}/resources/2"), Token)).Length);
            times.Add(clock.Elapsed);
            await Task.Delay(50, Token);
        }

        times.Sort();
        return times[times.Count / 2];
    }

    /// <summary>A client that holds little of what is not read.</summary>
    private static HttpClient NewClient(Version version)
    {
        AppContext.SetSwitch("System.Net.SocketsHttpHandler.Http2FlowControl.DisableDynamicWindowSizing", true);
        var handler = new SocketsHttpHandler
        {
            InitialHttp2StreamWindowSize = 65_535,
            ConnectCallback = async (context, cancellationToken) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveBufferSize = 32 * 1024 };
                await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null;
        return new HttpClient(handler)
        {
            Timeout = Timeout.InfiniteTimeSpan,
            DefaultRequestVersion = version,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
    }

    private static async Task<(GatewayProcess Gateway, string SecureUrl)> StartAsync(TestFolder folder, params string[] settings)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(7));
        await File.WriteAllTextAsync(folder["tls.crt"], certificate.ExportCertificatePem(), Token);
        await File.WriteAllTextAsync(folder["tls.key"], key.ExportPkcs8PrivateKeyPem(), Token);
        var ports = GatewayProcess.FreePorts(3);
        var gateway = await GatewayProcess.StartAsync(
            folder["node"], ports[0], [ports[1]], [ports[1]],
            [
                $"Kestrel:Endpoints:Http:Url=http://127.0.0.1:{ports[0]}", $"Kestrel:Endpoints:Https:Url=https://127.0.0.1:{ports[2]}",
                $"Kestrel:Endpoints:Https:Certificate:Path={folder["tls.crt"]}",
                $"Kestrel:Endpoints:Https:Certificate:KeyPath={folder["tls.key"]}",
                .. settings,
            ]);
        return (gateway, $"https://127.0.0.1:{ports[2]}");
    }

    /// <summary>Pauses at ten places, which a seed chooses.</summary>
    private sealed class PausingStream : Stream
    {
        private readonly Stream _inner;
        private readonly Queue<int> _places;
        private long _position;

        public PausingStream(Stream inner, int seed)
        {
            _inner = inner;
            var random = new Random(seed);
            _places = new Queue<int>(Enumerable.Range(0, PauseCount).Select(_ => random.Next(BodyBytes)).Order());
        }

        public int Pauses { get; private set; }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            while (_places.TryPeek(out var place) && place <= _position)
            {
                _places.Dequeue();
                Pauses++;
                await Task.Delay(Pause, cancellationToken);
            }

            var count = await _inner.ReadAsync(buffer, cancellationToken);
            _position += count;
            return count;
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                _inner.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
