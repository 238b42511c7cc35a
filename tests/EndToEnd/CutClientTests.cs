using System.Globalization;

namespace EndToEnd;

/// <summary>
/// Real clients on names, each cut off in the middle of a file, by a network that fails or a gateway that is killed and started again, and
/// going on by what it offers for that. What is read rains meanwhile: another node has it. A small file is read with every run; a gigabyte,
/// or the bytes that <c>CUT_CLIENT_BYTES</c> says, is read and written on demand.
/// </summary>
public sealed class CutClientTests : IClassFixture<CutClientTests.Shelf>
{
    private const long SmallBytes = 12_000_000;
    private readonly Shelf _shelf;

    public CutClientTests(Shelf shelf) => _shelf = shelf;

    /// <summary>Programs that read: a name, the program and its command, of which <c>{file}</c> is the address of the file,
    /// <c>{folder}</c> that of its folder and <c>{out}</c> where it is to come.</summary>
    public static TheoryData<string, string> Readers => new()
    {
        // curl reads -C - once a run: what is tried again by --retry begins anew.
        {
            "curl",
            "for i in 1 2 3 4 5; do curl -sS -f -C - --retry 9 --retry-connrefused -o {out}/disk.iso {file} && break; sleep 0.3; done"
        },
        { "wget", "wget -q -c --tries=20 --waitretry=1 --retry-connrefused -O {out}/disk.iso {file}" },
        { "wget", "wget -q -r -c -np -nH --cut-dirs=2 --tries=20 --waitretry=1 --retry-connrefused -R 'index.html*' -P {out} {folder}" },
        // wget2 takes a body that broke off for an end: run again, it goes on.
        { "wget2", "for i in 1 2; do wget2 -q -r -c -np -nH --cut-dirs=2 -R 'index.html*' -P {out} {folder}; done" },
        { "rclone", "rclone copy --config {out}.conf --low-level-retries 20 --http-url {folder} :http: {out}" },
        { "lftp", "lftp -c 'set net:max-retries 20; set net:reconnect-interval-base 1; set net:reconnect-interval-multiplier 1; "
            + "mirror -c {folder} {out}'" },
        { "aria2c", "aria2c -q -c -x4 -k1M --max-tries=20 --retry-wait=1 -d {out} {file}" },
    };

    /// <summary>Programs that write, likewise; <c>{in}</c> is the file, disk.iso. Not lftp: what its put sends after a cut are other
    /// bytes, to any server.</summary>
    public static TheoryData<string, string> Writers => new()
    {
        { "curl", "curl -sS -f --retry 20 --retry-delay 1 --retry-all-errors -T {in} -o /dev/null {folder}" },
        { "curl", "curl -sS -f --retry 20 --retry-delay 1 --retry-all-errors -F file=@{in} -o /dev/null {folder}" },
    };

    [Theory]
    [MemberData(nameof(Readers))]
    public Task Reading_goes_on_after_a_cut(string program, string command) => ReadAsync(SmallBytes, false, program, command);

    /// <summary>A gateway that has just started does not know yet who is there, nor they it: what they keep must not be missing.</summary>
    [Fact]
    public async Task A_folder_is_listed_whole_right_after_the_start()
    {
        Tool.Require("curl");
        using var folder = new TestFolder();
        var name = _shelf.NextFolder();
        await TestBytes.WriteFileAsync(folder["disk.iso"], 1, 10);
        (await Tool.CurlAsync("-f", "-T", folder["disk.iso"], "-o", "/dev/null", $"{_shelf.Keeper.Url}/files/{name}")).Succeeded();
        await _shelf.Reader.KillAsync();
        await _shelf.Reader.StartAgainAsync();
        var listed = await _shelf.Reader.GetTextAsync($"/files/{name}");
        Assert.Contains("disk.iso", listed, StringComparison.Ordinal);
    }

    [Theory(Explicit = true)]
    [MemberData(nameof(Readers))]
    public Task Reading_a_gigabyte_goes_on_after_a_cut(string program, string command) => ReadAsync(BigBytes, false, program, command);

    [Theory(Explicit = true)]
    [MemberData(nameof(Readers))]
    public Task Reading_a_gigabyte_goes_on_after_the_gateway_was_killed(string program, string command) =>
        ReadAsync(BigBytes, true, program, command);

    [Theory(Explicit = true)]
    [MemberData(nameof(Writers))]
    public Task A_gigabyte_that_was_cut_off_is_written_after_all(string program, string command) =>
        WriteAsync(BigBytes, false, program, command);

    [Theory(Explicit = true)]
    [MemberData(nameof(Writers))]
    public Task A_gigabyte_is_written_though_the_gateway_was_killed(string program, string command) =>
        WriteAsync(BigBytes, true, program, command);

    /// <summary>tus-js-client comes by npm (<c>npm install -g tus-js-client</c>); what arrived before the cut is not sent again.</summary>
    [Theory(Explicit = true)]
    [InlineData("tus-v1", false)]
    [InlineData("tus-v1", true)]
    [InlineData("ietf-draft-05", false)]
    [InlineData("ietf-draft-05", true)]
    public async Task Tus_js_client_goes_on_after_a_cut(string protocol, bool isKilled)
    {
        Tool.Require("node", "npm");
        using var folder = new TestFolder();
        var modules = (await Tool.RunAsync("npm", "root", "-g")).Succeeded().Trim();
        await File.WriteAllTextAsync(folder["up.js"], $$"""
            const tus = require('{{modules}}/tus-js-client'), fs = require('fs');
            const [path, endpoint] = process.argv.slice(2);
            new tus.Upload(fs.createReadStream(path), {
              endpoint, protocol: '{{protocol}}', uploadSize: fs.statSync(path).size, metadata: { filename: 'disk.iso' },
              retryDelays: Array(20).fill(500),
              onError(e) { console.error(String(e)); process.exit(1); }, onSuccess() { console.log('done'); } }).start();
            """, TestContext.Current.CancellationToken);
        var passed = await WriteAsync(BigBytes, isKilled, "node", $"node {folder["up.js"]} {{in}} {{folder}}");
        Assert.InRange(passed, BigBytes, BigBytes * 1.1);
    }

    private static long BigBytes =>
        long.Parse(Environment.GetEnvironmentVariable("CUT_CLIENT_BYTES") ?? "1000000000", CultureInfo.InvariantCulture);

    private async Task ReadAsync(long length, bool isKilled, string program, string command)
    {
        Tool.Require("bash", "curl", program);
        using var folder = new TestFolder();
        var name = _shelf.NextFolder();
        var sha256 = await TestBytes.WriteFileAsync(folder["disk.iso"], Shelf.SeedOf(name), length);
        (await Tool.CurlAsync("-f", "-T", folder["disk.iso"], "-o", "/dev/null", $"{_shelf.Keeper.Url}/files/{name}")).Succeeded();
        Directory.CreateDirectory(folder["out"]);

        await using (var relay = Relay(length, isKilled))
        {
            await RunAsync(command, relay, name, folder);
            Assert.True(relay.IsCut);
            Say($"{relay.Passed / (double)length:P1} of the bytes passed");
        }

        Assert.Equal(sha256, await TestBytes.HashFileAsync(folder["out/disk.iso"]));
        await ForgetAsync(name);
    }

    /// <returns>Bytes that passed the relay.</returns>
    private async Task<long> WriteAsync(long length, bool isKilled, string program, string command)
    {
        Tool.Require("bash", "curl", program);
        using var folder = new TestFolder();
        var name = _shelf.NextFolder();
        var sha256 = await TestBytes.WriteFileAsync(folder["disk.iso"], Shelf.SeedOf(name), length);
        long passed;
        await using (var relay = Relay(length, isKilled))
        {
            await RunAsync(command, relay, name, folder);
            Assert.True(relay.IsCut);
            passed = relay.Passed;
            Say($"{passed / (double)length:P1} of the bytes passed");
        }

        (await Tool.CurlAsync("-f", "-o", folder["copy"], $"{_shelf.Reader.Url}/files/{name}disk.iso")).Succeeded();
        Assert.Equal(sha256, await TestBytes.HashFileAsync(folder["copy"]));
        await ForgetAsync(name);
        return passed;
    }

    private CutRelay Relay(long length, bool isKilled) => new(_shelf.Reader.HttpPort, length / 2, async () =>
    {
        if (isKilled)
        {
            await _shelf.Reader.KillAsync();
            await _shelf.Reader.StartAgainAsync();
        }
    });

    private static async Task RunAsync(string command, CutRelay relay, string name, TestFolder folder)
    {
        var address = $"http://127.0.0.1:{relay.Port}/files/{name}";
        var line = command.Replace("{folder}", address, StringComparison.Ordinal)
            .Replace("{file}", address + "disk.iso", StringComparison.Ordinal)
            .Replace("{in}", folder["disk.iso"], StringComparison.Ordinal)
            .Replace("{out}", folder["out"], StringComparison.Ordinal);
        (await Tool.RunAsync("bash", "-c", line)).Succeeded();
    }

    private async Task ForgetAsync(string name)
    {
        var status = await Tool.CurlAsync(
            "-X", "DELETE", "-o", "/dev/null", "-w", "%{http_code}", $"{_shelf.Reader.Url}/files/{name}disk.iso");
        Assert.Equal("204", status.Succeeded());
    }

    private static void Say(string line) => TestContext.Current.TestOutputHelper?.WriteLine(line);

    /// <summary>A node that keeps what is to be read, and the gateway that is asked for it.</summary>
    public sealed class Shelf : IAsyncLifetime
    {
        private readonly TestFolder _folder = new();
        private int _folders;

        internal GatewayProcess Keeper { get; private set; } = null!;

        internal GatewayProcess Reader { get; private set; } = null!;

        /// <summary>A folder of its own for each test, with a slash at its end.</summary>
        public string NextFolder() => string.Create(CultureInfo.InvariantCulture, $"cut{Interlocked.Increment(ref _folders)}/");

        public static ulong SeedOf(string folder) => ulong.Parse(folder[3..^1], CultureInfo.InvariantCulture);

        public async ValueTask InitializeAsync()
        {
            var ports = GatewayProcess.FreePorts(4);
            string[] alone = ["Cluster:Replicas=1"];
            Keeper = await GatewayProcess.StartAsync(_folder["keeper"], ports[0], [ports[1]], [ports[1], ports[3]], alone);
            Reader = await GatewayProcess.StartAsync(_folder["reader"], ports[2], [ports[3]], [ports[1], ports[3]], alone);
        }

        public async ValueTask DisposeAsync()
        {
            await Reader.DisposeAsync();
            await Keeper.DisposeAsync();
            _folder.Dispose();
        }
    }
}
