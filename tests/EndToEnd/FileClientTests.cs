using System.Text;

namespace EndToEnd;

/// <summary>Names and folders by programs as they are: what lists the pages of nginx lists these.</summary>
public sealed class FileClientTests : IClassFixture<FileClientTests.Shelf>
{
    private static readonly string[] Names = ["a.bin", "sub/b c.bin", "sub/\u00fc & <x>.txt", "sub/deep/empty"];
    private readonly Shelf _shelf;

    public FileClientTests(Shelf shelf) => _shelf = shelf;

    [Theory]
    [InlineData("wget", "-q", "-r", "-np", "-nH", "--cut-dirs=2", "-R", "index.html*", "-P", "{out}", "{url}")]
    [InlineData("wget2", "-q", "-r", "-np", "-nH", "--cut-dirs=2", "-R", "index.html*", "-P", "{out}", "{url}")]
    [InlineData("rclone", "copy", "--config", "{out}.conf", "--http-url", "{url}", ":http:", "{out}")]
    [InlineData("lftp", "-c", "mirror {url} {out}")]
    public async Task A_tree_comes_whole(string program, params string[] arguments)
    {
        Tool.Require(program, "curl");
        using var folder = new TestFolder();
        var output = folder["out"];
        var url = _shelf.Url("tree/");
        (await Tool.RunAsync(program, arguments.Select(argument =>
            argument.Replace("{out}", output, StringComparison.Ordinal).Replace("{url}", url, StringComparison.Ordinal)))).Succeeded();
        var came = Directory.EnumerateFiles(output, "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(output, path)).Where(path => Path.GetFileName(path) != "index.html");
        Assert.Equal(Names.Order(StringComparer.Ordinal), came.Order(StringComparer.Ordinal));
        foreach (var name in Names)
        {
            Assert.Equal(_shelf.Hashes[name], await TestBytes.HashFileAsync(Path.Combine(output, name)));
        }
    }

    [Fact]
    public async Task Rclone_lists_sizes_and_times()
    {
        Tool.Require("rclone");
        using var folder = new TestFolder();
        var listed = (await Tool.RunAsync(
            "rclone", "lsf", "-R", "--format", "ps", "--config", folder["conf"], "--http-url", _shelf.Url("tree/"), ":http:")).Succeeded();
        Assert.Contains("a.bin;3000000", listed, StringComparison.Ordinal);
        Assert.Contains("sub/b c.bin;1000", listed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Aria2_takes_a_file_in_parts()
    {
        Tool.Require("aria2c");
        using var folder = new TestFolder();
        (await Tool.RunAsync("aria2c", "-q", "-x4", "-k1M", "-d", folder.Path, _shelf.Url("tree/a.bin"))).Succeeded();
        Assert.Equal(_shelf.Hashes["a.bin"], await TestBytes.HashFileAsync(folder["a.bin"]));
    }

    [Fact]
    public async Task Curl_sends_a_form_of_several_files()
    {
        Tool.Require("curl");
        using var folder = new TestFolder();
        var (one, two) = (await TestBytes.WriteFileAsync(folder["one"], 1, 500_000), await TestBytes.WriteFileAsync(folder["two"], 2, 10));
        Assert.Equal("201", (await Tool.CurlAsync(
            "-F", $"file=@{folder["one"]}", "-F", $"file=@{folder["two"]}", "-o", folder["answer"], "-w", "%{http_code}",
            _shelf.Url("form/"))).Succeeded());
        foreach (var (name, hash) in ((string, string)[])[("one", one), ("two", two)])
        {
            (await Tool.CurlAsync("-f", "-o", folder["out"], _shelf.Url($"form/{name}"))).Succeeded();
            Assert.Equal(hash, await TestBytes.HashFileAsync(folder["out"]));
        }
    }

    /// <summary>tus-js-client comes by npm (<c>npm install -g tus-js-client</c>), so this runs on demand.</summary>
    [Theory(Explicit = true)]
    [InlineData("tus-v1")]
    [InlineData("ietf-draft-05")]
    public async Task Tus_js_client_uploads_in_parts(string protocol)
    {
        Tool.Require("node", "npm");
        using var folder = new TestFolder();
        var hash = await TestBytes.WriteFileAsync(folder["in"], 3, 5_000_000);
        var modules = (await Tool.RunAsync("npm", "root", "-g")).Succeeded().Trim();
        var endpoint = protocol == "tus-v1" ? _shelf.Url("tus/") : _shelf.Url("../resources");
        await File.WriteAllTextAsync(folder["up.js"], $$"""
            const tus = require('{{modules}}/tus-js-client'), fs = require('fs');
            new tus.Upload(fs.createReadStream('{{folder["in"]}}'), {
              endpoint: '{{new Uri(endpoint)}}', protocol: '{{protocol}}', uploadSize: 5000000,
              chunkSize: 1000000, metadata: { filename: 'in.bin' },
              onError(e) { console.error(String(e)); process.exit(1); }, onSuccess() { console.log('done'); } }).start();
            """, TestContext.Current.CancellationToken);
        Assert.Contains("done", (await Tool.RunAsync("node", folder["up.js"])).Succeeded(), StringComparison.Ordinal);
        if (protocol == "tus-v1")
        {
            (await Tool.CurlAsync("-f", "-o", folder["out"], _shelf.Url("tus/in.bin"))).Succeeded();
            Assert.Equal(hash, await TestBytes.HashFileAsync(folder["out"]));
        }
    }

    /// <summary>A gateway with a tree of files, put there by <c>curl -T</c> into folders.</summary>
    public sealed class Shelf : IAsyncLifetime
    {
        private readonly TestFolder _folder = new();
        private GatewayProcess _gateway = null!;

        public Dictionary<string, string> Hashes { get; } = [];

        public string Url(string path) => $"{_gateway.Url}/files/{path}";

        public async ValueTask InitializeAsync()
        {
            var ports = GatewayProcess.FreePorts(2);
            _gateway = await GatewayProcess.StartAsync(_folder["gateway"], ports[0], [ports[1]], []);
            Tool.Require("curl");
            foreach (var (name, length) in Names.Zip((long[])[3_000_000, 1000, 3, 0]))
            {
                var path = Path.Combine(_folder["tree"], name);
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                Hashes[name] = await TestBytes.WriteFileAsync(path, (ulong)length, length);
                var into = new StringBuilder("tree/").Append(name[..(name.LastIndexOf('/') + 1)]).ToString();
                Assert.Equal(
                    "201", (await Tool.CurlAsync("-T", path, "-o", _folder["answer"], "-w", "%{http_code}", Url(into))).Succeeded());
            }
        }

        public async ValueTask DisposeAsync()
        {
            await _gateway.DisposeAsync();
            _folder.Dispose();
        }
    }
}
