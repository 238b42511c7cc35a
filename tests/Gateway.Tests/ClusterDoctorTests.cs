using System.Text.Json;
using Gateway.Doctor;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Gateway.Tests;

/// <summary>What the doctor says of other nodes, of etcd and of the object store.</summary>
public sealed class ClusterDoctorTests : IDisposable
{
    private const string Secret = "a-secret-of-all-nodes";
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Zones_are_held_against_copies()
    {
        var ports = TestGateway.FreePorts(2);
        await using var one = await TestGateway.StartAsync([], [ports[0]], $"Rain:Secret={Secret}", "Cluster:Zone=east");
        await using var other = await TestGateway.StartAsync([], [ports[1]], $"Rain:Secret={Secret}", "Cluster:Zone=west");
        var findings = await ExamineAsync(ports, $"--Rain:Secret={Secret}", "--Cluster:Zone=north");
        Assert.Equal(("ok", "3 zones are enough for 3 copies in as many of them."), Of(findings, "zones"));
        Assert.Equal("ok", Of(findings, "clocks").State);
        findings = await ExamineAsync(ports, $"--Rain:Secret={Secret}", "--Cluster:Zone=east");
        Assert.StartsWith("2 zones are fewer than the 3 copies", Of(findings, "zones").Detail, StringComparison.Ordinal);
        findings = await ExamineAsync(ports, $"--Rain:Secret={Secret}");
        Assert.StartsWith("Some nodes name a zone", Of(findings, "zones").Detail, StringComparison.Ordinal);
        findings = await ExamineAsync(ports, $"--Rain:Secret={Secret}", "--Cluster:Zone=north", "--Cluster:Replicas=4");
        Assert.Equal(("warning", "3 nodes are there to keep 4 copies of each resource: there are 3."), Of(findings, "replicas"));
    }

    [Fact]
    public async Task A_clock_that_is_wrong_is_named_with_its_node()
    {
        var ports = TestGateway.FreePorts(1);
        await using var node = await TestGateway.StartAsync([], ports, $"Rain:Secret={Secret}");
        node.Time.Shift(TimeSpan.FromSeconds(100));
        var (state, detail) = Of(await ExamineAsync(ports, $"--Rain:Secret={Secret}"), "clocks");
        Assert.Equal("warning", state);
        Assert.Matches("^Node [0-9a-f]{32} .* is (99|100|101) s ahead.$", detail);
        node.Time.Shift(TimeSpan.FromSeconds(-1100));
        (state, detail) = Of(await ExamineAsync(ports, $"--Rain:Secret={Secret}"), "clocks");
        Assert.Equal("problem", state);
        Assert.Matches("is (999|1000|1001) s behind", detail);
    }

    [Fact]
    public async Task Every_server_of_etcd_is_asked_for_itself()
    {
        await using var etcd = await StartAsync(_ => (200, Status("3.4.30", 7)));
        await using var old = await StartAsync(_ => (200, Status("3.3.1", 7)));
        await using var strange = await StartAsync(_ => (200, Status("3.5.0", 8)));
        var dead = $"http://127.0.0.1:{TestGateway.FreePorts(1)[0]}";
        var findings = await ExamineAsync([], $"--Cluster:Etcd={etcd.Url},{old.Url},{dead}");
        Assert.Equal(
            ["ok", "warning", "warning"], findings.Where(finding => finding.Check == "etcd").Select(finding => finding.State));
        Assert.Contains("answers as etcd 3.4.30, with a majority", Of(findings, "etcd").Detail, StringComparison.Ordinal);

        findings = await ExamineAsync([], $"--Cluster:Etcd={dead}");
        Assert.Equal("problem", Of(findings, "etcd").State);
        findings = await ExamineAsync([], $"--Cluster:Etcd={etcd.Url},{strange.Url}");
        Assert.Contains("2 clusters", findings.Last(finding => finding.Check == "etcd").Detail, StringComparison.Ordinal);

        await using var lonely = await StartAsync(
            path => path.EndsWith("status", StringComparison.Ordinal)
                ? (200, Status("3.4.30", 7)) : (503, """{"code":14,"message":"no leader"}"""));
        var finding = Assert.Single(await ExamineAsync([], $"--Cluster:Etcd={lonely.Url}"), finding => finding.Check == "etcd");
        Assert.Equal("problem", finding.State);
        Assert.Contains("no majority", finding.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_bucket_is_listed_and_nothing_else()
    {
        var asked = new List<string>();
        await using var store = await StartAsync(path =>
        {
            asked.Add(path);
            return path.StartsWith("/full", StringComparison.Ordinal)
                ? (200, "<ListBucketResult><Name>full</Name><Contents><Key>a</Key></Contents></ListBucketResult>")
                : (403, "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>");
        });
        string[] settings = [$"--Store:S3:Endpoint={store.Url}", "--Store:S3:AccessKey=a", "--Store:S3:SecretKey=very-secret"];
        var (state, detail) = Of(await ExamineAsync([], [.. settings, "--Store:S3:Bucket=full"]), "bucket");
        Assert.Equal("ok", state);
        Assert.Contains("has objects in it", detail, StringComparison.Ordinal);
        (state, detail) = Of(await ExamineAsync([], [.. settings, "--Store:S3:Bucket=shut"]), "bucket");
        Assert.Equal("problem", state);
        Assert.DoesNotContain("very-secret", detail, StringComparison.Ordinal);
        Assert.All(asked, path => Assert.Matches("^/(full|shut)/?$", path));
        (state, _) = Of(
            await ExamineAsync(
                [], [$"--Store:S3:Endpoint=http://127.0.0.1:{TestGateway.FreePorts(1)[0]}", .. settings[1..], "--Store:S3:Bucket=full"]),
            "bucket");
        Assert.Equal("problem", state);
    }

    private static string Status(string version, int cluster) =>
        $$"""{"header":{"cluster_id":"{{cluster}}","revision":"5"},"version":"{{version}}"}""";

    private static (string State, string Detail) Of(IEnumerable<Finding> findings, string check)
    {
        var finding = findings.First(finding => finding.Check == check);
        return (finding.State, finding.Detail);
    }

    /// <summary>A server that answers every request by its path.</summary>
    private static async Task<Stub> StartAsync(Func<string, (int Status, string Body)> answer)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(async http =>
        {
            var (status, body) = answer(http.Request.Path);
            http.Response.StatusCode = status;
            http.Response.ContentType = body[0] == '<' ? "application/xml" : "application/json";
            await http.Response.WriteAsync(body);
        });
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new Stub(app, app.Urls.First());
    }

    private async Task<List<Finding>> ExamineAsync(int[] ports, params string[] settings)
    {
        await File.WriteAllTextAsync(
            _folder["servers.json"], JsonSerializer.Serialize(ports.Select(port => new { host = "127.0.0.1", port })));
        var output = new StringWriter();
        await Examination.RunAsync(
            [
                $"--contentRoot={_folder.Path}", "--Urls=http://127.0.0.1:0", "--Rain:Listen=127.0.0.1:0",
                $"--Rain:Servers={_folder["servers.json"]}", $"--Store:Path={_folder["data"]}", .. settings,
            ],
            isJson: true, output);
        using var document = JsonDocument.Parse(output.ToString());
        return document.RootElement.GetProperty("findings").Deserialize<List<Finding>>(JsonSerializerOptions.Web)!;
    }

    private sealed record Stub(WebApplication App, string Url) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => App.DisposeAsync();
    }
}
