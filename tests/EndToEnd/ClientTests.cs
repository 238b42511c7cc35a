using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace EndToEnd;

/// <summary>Clients as they are, against a gateway whose store is empty: what they get has rained.</summary>
public sealed class ClientTests : IClassFixture<ClientTests.Sky>
{
    private const long Length = 24 * 1024 * 1024;
    private readonly Sky _sky;

    public ClientTests(Sky sky) => _sky = sky;

    [Fact]
    public async Task Curl_downloads_ranges()
    {
        Tool.Require("curl");
        using var folder = new TestFolder();
        foreach (var (range, first, last) in ((string, long, long)[])[
            ("0-0", 0, 0), ("1000-1999", 1000, 1999), ("1048570-1048590", 1_048_570, 1_048_590), ("-1000", Length - 1000, Length - 1),
            ($"{Length - 5}-", Length - 5, Length - 1), ($"{Length - 5}-999999999", Length - 5, Length - 1)])
        {
            var status = (await Tool.CurlAsync("-r", range, "-w", "%{http_code}", "-o", folder["out"], _sky.Url(1))).Succeeded();
            Assert.Equal("206", status);
            Assert.Equal(_sky.Read(first, last), await File.ReadAllBytesAsync(folder["out"], TestContext.Current.CancellationToken));
        }
    }

    [Theory]
    [InlineData("curl", "-sS", "-f", "-C", "-", "-o")]
    [InlineData("wget", "-q", "-c", "-O")]
    public async Task A_download_that_stopped_goes_on(string program, params string[] arguments)
    {
        Tool.Require(program);
        using var folder = new TestFolder();
        await File.WriteAllBytesAsync(folder["out"], _sky.Read(0, 9_999_999), TestContext.Current.CancellationToken);
        (await Tool.RunAsync(program, [.. arguments, folder["out"], _sky.Url(1)])).Succeeded();
        Assert.Equal(_sky.Sha256, await TestBytes.HashFileAsync(folder["out"]));
    }

    [Theory]
    [InlineData("wget", "-q", "--tries=10", "--waitretry=0", "-O")]
    [InlineData("curl", "-sS", "-f", "--retry", "10", "--retry-delay", "0", "--retry-all-errors", "-C", "-", "-o")]
    public async Task A_connection_that_breaks_again_and_again_is_no_obstacle(string program, params string[] arguments)
    {
        Tool.Require(program);
        using var folder = new TestFolder();
        await using var relay = new BreakingRelay(_sky.Port, bytesBeforeBreak: 6_000_000, breaks: 3);
        var run = await Tool.RunAsync(program, [.. arguments, folder["out"], $"http://127.0.0.1:{relay.Port}/resources/1"]);

        // curl reads its -C - once and starts over when it tries again; it ends well all the same once a connection holds.
        run.Succeeded();
        Assert.Equal(_sky.Sha256, await TestBytes.HashFileAsync(folder["out"]));
        Assert.Equal(3, relay.Broken);
    }

    [Theory]
    [InlineData]
    [InlineData("-H", "Expect: 100-continue")]
    [InlineData("-H", "Transfer-Encoding: chunked")]
    [InlineData("--http1.0")]
    [InlineData("--compressed")]
    public async Task Curl_uploads_and_downloads(params string[] options)
    {
        Tool.Require("curl");
        using var folder = new TestFolder();
        var sha256 = await TestBytes.WriteFileAsync(folder["in"], 9, 3_000_001);
        var url = _sky.Url(_sky.NextId());
        Assert.Equal(
            "201", (await Tool.CurlAsync([.. options, "-T", folder["in"], "-o", folder["answer"], "-w", "%{http_code}", url])).Succeeded());
        Assert.Equal("200", (await Tool.CurlAsync([.. options, "-o", folder["out"], "-w", "%{http_code}", url])).Succeeded());
        Assert.Equal(sha256, await TestBytes.HashFileAsync(folder["out"]));
    }

    [Fact]
    public async Task Curl_refused_before_the_body_sends_none()
    {
        Tool.Require("curl");
        using var folder = new TestFolder();
        await TestBytes.WriteFileAsync(folder["in"], 9, 3_000_001);
        var run = await Tool.CurlAsync(
            "-T", folder["in"], "-H", "Expect: 100-continue", "--expect100-timeout", "20", "-H", "If-None-Match: *",
            "-o", folder["answer"], "-w", "%{http_code} %{size_upload}", _sky.Url(1));
        Assert.Equal("412 0", run.Succeeded());
    }

    [Fact]
    public async Task Twenty_resources_at_once_over_parallel_connections()
    {
        Tool.Require("curl");
        using var folder = new TestFolder();
        List<string> arguments = ["-f", "-Z", "--parallel-max", "20"];
        for (var i = 0; i < Sky.SmallCount; i++)
        {
            arguments.AddRange(["-o", folder[$"out{i}"], _sky.Url(Sky.SmallFirst + i)]);
        }

        (await Tool.CurlAsync(arguments)).Succeeded();
        for (var i = 0; i < Sky.SmallCount; i++)
        {
            Assert.Equal(_sky.SmallSha256(i), await TestBytes.HashFileAsync(folder[$"out{i}"]));
        }
    }

    [Theory]
    [InlineData("1 1", "--http1.0")]
    [InlineData("1 0", "--http1.0", "-H", "Connection: keep-alive")]
    [InlineData("1 0", "--http1.1")]
    [InlineData("1 1", "--http1.1", "-H", "Connection: close")]
    public async Task Connections_are_kept_as_the_client_wants(string connects, params string[] options)
    {
        Tool.Require("curl");
        using var folder = new TestFolder();
        var url = _sky.Url(Sky.SmallFirst);
        var run = await Tool.CurlAsync([.. options, "-f", "-w", "%{num_connects} ", "-o", folder["one"], url, "-o", folder["two"], url]);
        Assert.Equal(connects, run.Succeeded().Trim());
        Assert.Equal(_sky.SmallSha256(0), await TestBytes.HashFileAsync(folder["one"]));
        Assert.Equal(_sky.SmallSha256(0), await TestBytes.HashFileAsync(folder["two"]));
    }

    [Fact]
    public async Task Twenty_ranges_in_one_request_as_zsync_asks()
    {
        Tool.Require("curl");
        using var folder = new TestFolder();
        var starts = Enumerable.Range(0, 20).Select(i => (i * 1_200_000L) + (i * i * 17)).ToArray();
        var ranges = string.Join(',', starts.Select(start => string.Create(CultureInfo.InvariantCulture, $"{start}-{start + 2047}")));
        var type = (await Tool.CurlAsync("-f", "-r", ranges, "-w", "%{content_type}", "-o", folder["out"], _sky.Url(1))).Succeeded();
        var boundary = "--" + type.Split("boundary=")[1];
        var text = Encoding.Latin1.GetString(await File.ReadAllBytesAsync(folder["out"], TestContext.Current.CancellationToken));
        var parts = text.Split(boundary)[1..^1];
        Assert.Equal(20, parts.Length);
        for (var i = 0; i < parts.Length; i++)
        {
            var head = parts[i].IndexOf("\r\n\r\n", StringComparison.Ordinal);
            Assert.Contains(
                string.Create(CultureInfo.InvariantCulture, $"Content-Range: bytes {starts[i]}-{starts[i] + 2047}/{Length}"),
                parts[i][..head], StringComparison.Ordinal);
            Assert.Equal(_sky.Read(starts[i], starts[i] + 2047), Encoding.Latin1.GetBytes(parts[i][(head + 4)..^2]));
        }
    }

    [Fact]
    public async Task Aria2_with_sixteen_connections()
    {
        Tool.Require("aria2c");
        using var folder = new TestFolder();
        (await Tool.RunAsync("aria2c", [.. Aria2(folder), _sky.Url(2)])).Succeeded();
        Assert.Equal(_sky.Sha256, await TestBytes.HashFileAsync(folder["out"]));
        Assert.False(File.Exists(folder["out.aria2"]));
        Assert.InRange(Regex.Count(_sky.Cluster.Gateway.Log, "GET /resources/2 206"), 16, 100);
    }

    [Fact]
    public async Task Aria2_killed_and_continued()
    {
        Tool.Require("aria2c");
        using var folder = new TestFolder();
        using (var aria2 = Tool.Start("aria2c", [.. Aria2(folder), "--max-download-limit=8M", "--auto-save-interval=1", _sky.Url(3)]))
        {
            await GatewayProcess.WaitUntilAsync(
                () => Task.FromResult(File.Exists(folder["out.aria2"]) && new FileInfo(folder["out.aria2"]).Length > 0
                    && new FileInfo(folder["out"]).Length > 0), "aria2's notes");
            aria2.Process.Kill();
            await aria2.WaitAsync();
        }

        Assert.NotEqual(_sky.Sha256, await TestBytes.HashFileAsync(folder["out"]));
        (await Tool.RunAsync("aria2c", [.. Aria2(folder), "-c", _sky.Url(3)])).Succeeded();
        Assert.Equal(_sky.Sha256, await TestBytes.HashFileAsync(folder["out"]));
    }

    [Fact]
    public async Task Nginx_with_slices_in_front_of_twenty_clients()
    {
        Tool.Require("curl", "nginx");
        var version = await Tool.RunAsync("nginx", "-V");
        Assert.SkipUnless(version.Errors.Contains("http_slice_module", StringComparison.Ordinal), "nginx is built without slices");
        using var folder = new TestFolder();
        await using var nginx = await SlicingNginx.StartAsync(folder, _sky.Cluster.Gateway.Url);
        await Task.WhenAll(Enumerable.Range(0, 20).Select(async i =>
        {
            (await Tool.CurlAsync("-f", "-o", folder[$"out{i}"], $"{nginx.Url}/resources/4")).Succeeded();
            Assert.Equal(_sky.Sha256, await TestBytes.HashFileAsync(folder[$"out{i}"]));
        }));
        Assert.Equal(
            "206", (await Tool.CurlAsync("-r", "5000000-5000099", "-w", "%{http_code}", "-o", folder["part"], $"{nginx.Url}/resources/4"))
            .Succeeded());
        Assert.Equal(_sky.Read(5_000_000, 5_000_099), await File.ReadAllBytesAsync(folder["part"], TestContext.Current.CancellationToken));
    }

    private static string[] Aria2(TestFolder folder) =>
        ["-q", "--no-conf=true", "-x", "16", "-s", "16", "-k", "1M", "--file-allocation=none", "-d", folder.Path, "-o", "out"];

    /// <summary>Three nodes that have everything, and a gateway that has nothing. Resources 1 to 4 have the same bytes.</summary>
    public sealed class Sky : IAsyncLifetime
    {
        public const int SmallFirst = 100, SmallCount = 20;

        private readonly TestFolder _folder = new();
        private readonly string[] _smallSha256 = new string[SmallCount];
        private int _lastId = 1000;

        internal Cluster Cluster { get; private set; } = null!;

        public string Sha256 { get; private set; } = "";

        public int Port => Cluster.Gateway.HttpPort;

        public string Url(int id) => string.Create(CultureInfo.InvariantCulture, $"{Cluster.Gateway.Url}/resources/{id}");

        public int NextId() => Interlocked.Increment(ref _lastId);

        public string SmallSha256(int index) => _smallSha256[index];

        /// <summary>The bytes from the first to the last, both included.</summary>
        public byte[] Read(long first, long last)
        {
            using var file = File.OpenRead(_folder["in"]);
            file.Position = first;
            var bytes = new byte[last - first + 1];
            file.ReadExactly(bytes);
            return bytes;
        }

        public async ValueTask InitializeAsync()
        {
            Cluster = await Cluster.StartAsync(_folder, 3, [], []);
            Sha256 = await TestBytes.WriteFileAsync(_folder["in"], 1, Length);
            using var http = new HttpClient();
            for (var i = 0; i < SmallCount; i++)
            {
                _smallSha256[i] = await TestBytes.HashAsync(new TestBytes((ulong)i, SmallLength(i)));
                using var content = new StreamContent(new TestBytes((ulong)i, SmallLength(i)));
                (await http.PutAsync(NodeUri(SmallFirst + i), content)).EnsureSuccessStatusCode();
            }

            for (var id = 1; id <= 4; id++)
            {
                await using var file = File.OpenRead(_folder["in"]);
                using var content = new StreamContent(file);
                (await http.PutAsync(NodeUri(id), content)).EnsureSuccessStatusCode();
            }
        }

        public async ValueTask DisposeAsync()
        {
            await Cluster.DisposeAsync();
            _folder.Dispose();
        }

        private static long SmallLength(int index) => 100_000 + (index * 97_001L);

        private Uri NodeUri(int id) =>
            new(string.Create(CultureInfo.InvariantCulture, $"{Cluster.Nodes[0].Url}/resources/{id}?replicas=3"));
    }
}
