using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Gateway.Coding;
using Gateway.Hosting;
using Microsoft.Extensions.DependencyInjection;
using MurkyWaters;
using MurkyWaters.Archive;
using PouringRain.Coding.Erasure;
using PouringRain.Protocol;

namespace Gateway.Tests.Coding;

/// <summary>The data node over HTTP: two gateways of one cluster, and strangers.</summary>
public sealed class CodingTests : IAsyncLifetime
{
    private const string Secret = "a secret of 9 nodes";
    private readonly NodeKeys _keys = new([Encoding.UTF8.GetBytes(Secret)]);
    private TestGateway _one = null!, _two = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var rain = TestGateway.FreePorts(2);
        var http = FreePorts(2);
        _one = await StartAsync(0);
        _two = await StartAsync(1);
        while (NodeOf(_one).Nodes.Count(node => node.Url.Length > 0) < 2 || NodeOf(_two).Nodes.Count(node => node.Url.Length > 0) < 2)
        {
            await Task.Delay(20, Cancellation);
        }

        Task<TestGateway> StartAsync(int index) => TestGateway.StartAsync(
            rain, [rain[index]], $"Rain:Secret={Secret}", $"Urls=http://127.0.0.1:{http[index]}",
            $"Cluster:AdvertiseUrl=http://127.0.0.1:{http[index]}");
    }

    public async ValueTask DisposeAsync()
    {
        await _one.DisposeAsync();
        await _two.DisposeAsync();
    }

    /// <summary>Whoever reads the chain sees what runs: the document is the program, and following it gives the pieces.</summary>
    [Fact]
    public async Task The_chain_can_be_read()
    {
        foreach (var code in ErasureCodes.All)
        {
            for (var node = 0; node < code.PieceCount; node++)
            {
                var shown = (await _one.GetAsync($"/coding/{code.Name}/{node}")).Json;
                Assert.Equal((code.Name, node, 16, 11), (
                    shown.GetProperty("code").GetString(), shown.GetProperty("node").GetInt32(), shown.GetProperty("nodes").GetInt32(),
                    shown.GetProperty("parts").GetInt32()));
                Assert.Equal(
                    code.RowOf(node).ToArray().Select(multiple => (int)multiple),
                    shown.GetProperty("row").EnumerateArray().Select(multiple => multiple.GetInt32()));
                Assert.Equal(code.SlotsOf(node).Length, shown.GetProperty("slots").GetArrayLength());
                var text = Encoding.UTF8.GetBytes(shown.GetProperty("program").GetRawText());
                Assert.True(CodingJson.TryRead(text, out var program, out var error), error);
                Assert.Equal(
                    new ChainPrograms(code, 1 << 20).Encode(
                        node, part => $"part{part}", $"piece{node}", new CodingPlace($"node{node - 1}", "chain")).ToString()
                        .Replace("node-1", "node0", StringComparison.Ordinal),
                    program.ToString());
            }
        }

        foreach (var path in (string[])["/coding/rapidraid/16", "/coding/rapidraid/-1", "/coding/rapidraid/x", "/coding/rain/0"])
        {
            Assert.Equal((404, "not-found"), (await _one.GetAsync(path) is var answer ? answer.Status : 0, answer.Problem));
        }
    }

    [Fact]
    public async Task Nobody_gets_in_without_the_proof_of_a_node()
    {
        (string Method, string Path, byte[]? Body)[] doors =
        [
            ("PUT", "/blocks/a", [1]), ("GET", "/blocks/a", null), ("DELETE", "/blocks/a", null), ("POST", "/coding", "{}"u8.ToArray()),
            ("GET", "/coding/works", null), ("GET", "/coding/works/a", null), ("PUT", "/coding/works/a?length=1", [1]),
            ("DELETE", "/coding/works/a", null),
        ];
        var other = new NodeKeys([Encoding.UTF8.GetBytes("another secret of 9")]);
        foreach (var (method, path, body) in doors)
        {
            Assert.Equal("nodes-only", (await _one.SendAsync(method, path, body)).Problem);
            Assert.Equal("nodes-only", (await _one.SendAsync(method, path, body, ("Authorization", $"Bearer {Secret}"))).Problem);
            var (wrong, _) = Prove(other, _one, method, path, body);
            Assert.Equal("nodes-only", (await _one.SendAsync(method, path, body, ("Authorization", wrong))).Problem);
            var (misled, _) = Prove(_keys, _two, method, path, body);
            Assert.Equal("nodes-only", (await _one.SendAsync(method, path, body, ("Authorization", misled))).Problem);
        }

        var (once, _) = Prove(_keys, _one, "GET", "/coding/works", null);
        Assert.Equal(200, (await _one.GetAsync("/coding/works", ("Authorization", once))).Status);
        Assert.Equal("nodes-only", (await _one.GetAsync("/coding/works", ("Authorization", once))).Problem);

        await using var unsealed = await TestGateway.StartAsync();
        var (field, _) = Prove(_keys, unsealed, "GET", "/blocks/a", null);
        var refused = await unsealed.GetAsync("/blocks/a", ("Authorization", field));
        Assert.Equal("nodes-only", refused.Problem);
        Assert.Contains("Rain:Secret", refused.Json.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Blocks_are_kept_read_in_ranges_and_removed()
    {
        var bytes = TestGateway.Bytes(200_001);
        Assert.Equal(404, (await AskAsync(_one, "GET", "/blocks/part-3")).Status);
        Assert.Equal(204, (await AskAsync(_one, "PUT", "/blocks/part-3", bytes)).Status);
        Assert.Equal(204, (await AskAsync(_one, "PUT", "/blocks/empty", [])).Status);
        Assert.Equal(bytes, (await AskAsync(_one, "GET", "/blocks/part-3")).Body);
        Assert.Equal((200, 0), (await AskAsync(_one, "GET", "/blocks/empty") is var none ? none.Status : 0, none.Body.Length));
        var range = await AskAsync(_one, "GET", "/blocks/part-3", null, ("Range", "bytes=100000-199999"));
        Assert.Equal((206, "bytes 100000-199999/200001"), (range.Status, range["Content-Range"]));
        Assert.Equal(bytes[100_000..200_000], range.Body);
        var suffix = await AskAsync(_one, "GET", "/blocks/part-3", null, ("Range", "bytes=-1"));
        Assert.Equal(bytes[^1..], suffix.Body);
        var beyond = await AskAsync(_one, "GET", "/blocks/part-3", null, ("Range", "bytes=200001-"));
        Assert.Equal((416, "bytes */200001"), (beyond.Status, beyond["Content-Range"]));

        // Bytes that are not those of the proof are not taken, and what was there stays.
        var (field, _) = Prove(_keys, _one, "PUT", "/blocks/part-3", [1, 2, 3]);
        Assert.Equal("digest-mismatch", (await _one.PutAsync("/blocks/part-3", [1, 2, 4], ("Authorization", field))).Problem);
        Assert.Equal(bytes, (await AskAsync(_one, "GET", "/blocks/part-3")).Body);
        Assert.Equal(204, (await AskAsync(_one, "PUT", "/blocks/part-3", [9])).Status);
        Assert.Equal([9], (await AskAsync(_one, "GET", "/blocks/part-3")).Body);

        // They are in a folder of their own, under their ids alone, and no name leads out of it.
        foreach (var id in (string[])
            ["A", ".a", "-a", "a.b", "a%2Fb", "..%2Fcatalog.db", "a%5Cb", "%C3%A4", new string('a', 65)])
        {
            Assert.InRange((await AskAsync(_one, "PUT", $"/blocks/{id}", [1])).Status, 400, 405);
            Assert.InRange((await AskAsync(_one, "GET", $"/blocks/{id}")).Status, 400, 405);
            Assert.InRange((await AskAsync(_one, "DELETE", $"/blocks/{id}")).Status, 400, 405);
        }

        var files = Directory.GetFiles(Path.Combine(_one.Folder, "data", "blocks"), "*", SearchOption.AllDirectories);
        Assert.Equal(["b-empty", "b-part-3"], files.Select(Path.GetFileName).Order());
        Assert.Empty(Directory.GetFiles(Path.Combine(_one.Folder, "data", "temporary")));
        Assert.Equal(204, (await AskAsync(_one, "DELETE", "/blocks/part-3")).Status);
        Assert.Equal(404, (await AskAsync(_one, "DELETE", "/blocks/part-3")).Status);
        Assert.Equal(404, (await AskAsync(_one, "GET", "/blocks/part-3")).Status);
    }

    /// <summary>PULL: the stream of one node's program is drawn by another's, which may have begun before. PUSH: it is sent there. Either
    /// way the block is the same.</summary>
    [Theory]
    [InlineData(false, true)]
    [InlineData(false, false)]
    [InlineData(true, true)]
    public async Task Nodes_give_each_other_streams(bool isPushed, bool isGiverFirst)
    {
        var (left, right) = (TestGateway.Bytes(500_003), Enumerable.Reverse(TestGateway.Bytes(500_003)).ToArray());
        await AskAsync(_one, "PUT", "/blocks/left", left);
        await AskAsync(_two, "PUT", "/blocks/right", right);
        var first = Program(left.Length, [Read("in", "left")], "s", "LOAD a in", "MULT s 2 a");
        var (path, source) = isPushed ? ($"/coding?work=w1&to={IdOf(_two)}&as=w2", IdOf(_two)) : ("/coding?work=w2", IdOf(_one));
        var second = Program(
            left.Length, [Read("in", "right"), From("before", source, "w2"), Write("out", "both")], null,
            "LOAD b in", "LOAD s before", "IADD s b", "WRITE s out");

        var drawing = isGiverFirst ? null : AskAsync(_two, "POST", "/coding", second);
        if (drawing is not null)
        {
            await TestGateway.UntilAsync(() => NodeOf(_two).Coding.Works.Length == 1);
        }

        var begun = await AskAsync(_one, "POST", path, first);
        Assert.Equal((202, $"/coding/works/{(isPushed ? "w1" : "w2")}"), (begun.Status, begun["Location"]));
        var done = await (drawing ?? AskAsync(_two, "POST", "/coding", second));

        Assert.Equal((200, "completed"), (done.Status, done.Json.GetProperty("state").GetString()));
        var expected = left.Select((value, i) => (byte)((value << 1) ^ (value >= 0x80 ? 0x1D : 0) ^ right[i])).ToArray();
        Assert.Equal(expected, (await AskAsync(_two, "GET", "/blocks/both")).Body);
        var works = (await AskAsync(_one, "GET", "/coding/works")).Json.GetProperty("items");
        Assert.Equal("completed", works[0].GetProperty("state").GetString());
    }

    [Fact]
    public async Task A_programs_own_stream_is_its_answer()
    {
        var bytes = TestGateway.Bytes(100_000);
        await AskAsync(_one, "PUT", "/blocks/a", bytes);
        var program = Program(bytes.Length, [Read("in", "a")], "a", "LOAD a in");
        var (field, keys) = Prove(_keys, _one, "POST", "/coding", program);
        var answer = await _one.SendAsync("POST", "/coding", program, ("Authorization", field));

        Assert.Equal((200, SealedStream.ContentType), (answer.Status, answer["Content-Type"]));
        await using var source = new SealedStream.Source(new MemoryStream(answer.Body), keys.Down, "it");
        var read = new byte[bytes.Length];
        Assert.True(await source.TryReadAsync(read, Cancellation) && await source.IsAtEndAsync(Cancellation));
        Assert.Equal(bytes, read);
    }

    [Fact]
    public async Task What_cannot_be_run_is_refused_with_a_reason()
    {
        await AskAsync(_one, "PUT", "/blocks/a", [1, 2, 3]);
        var stranger = "00000000000000000000000000000001";

        // Somebody draws this one already, though nobody gives it.
        await using var drawn = NodeOf(_two).Coding.TryDraw("a", 3)!;
        (byte[] Program, string Problem, string Says)[] wrong =
        [
            ("{"u8.ToArray(), "invalid-parameter", "JSON"),
            (Program(3, [Read("in", "../catalog")], "a", "LOAD a in"), "invalid-parameter", "letters"),
            (Program(3, [Read("in", "a")], "a", "LOAD a in", "LOAD a in"), "invalid-parameter", "no more"),
            (Program(3, [Read("in", "b")], "a", "LOAD a in"), "coding-failed", "not there"),
            (Program(4, [Read("in", "a")], "a", "LOAD a in"), "coding-failed", "longer or shorter"),
            (Program(3, [Read("in", "a"), Write("out", "Catalog.db")], null, "LOAD a in", "WRITE a out"), "coding-failed", "may not"),
            (Program(3, [From("in", "127.0.0.1", "a")], "a", "LOAD a in"), "coding-failed", "no node of the cluster"),
            (Program(3, [From("in", stranger, "a")], "a", "LOAD a in"), "coding-failed", "no node of the cluster"),
            (Program(3, [From("in", IdOf(_two), "a")], "a", "LOAD a in"), "coding-failed", "gives a stream"),
            (
                Program(3, [Read("in", "piece.0000000000000001.0000000000000002.rapidraid.3")], "a", "LOAD a in"), "coding-failed",
                "not there"),
            (new byte[65_537], "too-large", "65536"),
        ];
        foreach (var (program, problem, says) in wrong)
        {
            var answer = await AskAsync(_one, "POST", "/coding", program);
            Assert.Equal(problem, answer.Problem);
            Assert.Contains(says, answer.Json.GetProperty("detail").GetString(), StringComparison.Ordinal);
        }

        // A name is one program's, and a stream is drawn once.
        var good = Program(3, [Read("in", "a")], "a", "LOAD a in");
        Assert.Equal(202, (await AskAsync(_one, "POST", "/coding?work=w", good)).Status);
        Assert.Equal("coding-refused", (await AskAsync(_one, "POST", "/coding?work=w", good)).Problem);
        Assert.Equal("invalid-parameter", (await AskAsync(_one, "POST", "/coding?work=a/b", good)).Problem);
        Assert.Equal("invalid-parameter", (await AskAsync(_one, "POST", "/coding?to=a&as=b", good)).Problem);
        Assert.Equal(200, (await AskAsync(_one, "GET", "/coding/works/w")).Status);
        Assert.Equal("not-found", (await AskAsync(_one, "GET", "/coding/works/w")).Problem);
        Assert.Equal("invalid-parameter", (await AskAsync(_one, "GET", "/coding/works/later?length=-1")).Problem);
        Assert.Equal("invalid-parameter", (await AskAsync(_one, "GET", "/coding/works/.later?length=3")).Problem);
        Assert.Equal(204, (await AskAsync(_one, "DELETE", "/coding/works/w")).Status);
    }

    private static byte[] Program(int length, object[] streams, string? output, params string[] instructions) =>
        JsonSerializer.SerializeToUtf8Bytes(output is null
            ? new { length, bufferBytes = 65_536, streams, instructions }
            : (object)new { length, bufferBytes = 65_536, streams, output, instructions });

    private static object Read(string name, string read) => new { name, read };

    private static object Write(string name, string write) => new { name, write };

    private static object From(string name, string node, string work) => new { name, node, work };

    private static int[] FreePorts(int count)
    {
        var listeners = Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToList();
        listeners.ForEach(listener => listener.Start());
        int[] ports = [.. listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port)];
        listeners.ForEach(listener => listener.Dispose());
        return ports;
    }

    private static MurkyNode NodeOf(TestGateway gateway) => gateway.Services.GetRequiredService<NodeHost>().Node;

    private static string IdOf(TestGateway gateway) => NodeOf(gateway).Id.ToString();

    private static (string Field, BodyKeys Keys) Prove(NodeKeys keys, TestGateway gateway, string method, string path, byte[]? body) =>
        keys.Prove(
            NodeClaim.Create(new NodeId(1), NodeOf(gateway).Id, NodeOf(gateway).ClusterMs, body), method, Uri.UnescapeDataString(path));

    private async Task<Answer> AskAsync(
        TestGateway gateway, string method, string path, byte[]? body = null, params (string Name, string Value)[] headers) =>
        await gateway.SendAsync(method, path, body, [("Authorization", Prove(_keys, gateway, method, path, body).Field), .. headers]);
}
