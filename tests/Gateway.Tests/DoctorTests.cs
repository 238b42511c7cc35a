using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Gateway.Doctor;

namespace Gateway.Tests;

public sealed class DoctorTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_machine_where_all_is_well_has_no_problem()
    {
        var rain = TestGateway.FreePorts(1)[0];
        await using var server = await TestGateway.StartAsync([], [rain]);
        WriteServers(rain);
        var (code, report) = await ExamineAsync();
        Assert.Equal(0, code);
        Assert.True(report.GetProperty("isWell").GetBoolean());
        var findings = report.GetProperty("findings").EnumerateArray().ToList();
        Assert.Equal(
            ["buffer", "clock", "disk", "fsync", "mtu", "offload", "port", "server", "settings"],
            findings.Select(finding => finding.GetProperty("check").GetString()!).Distinct().Order(StringComparer.Ordinal));
        Assert.Matches($@"127\.0\.0\.1:{rain} answers after [0-9.]+ ms", Detail(findings, "server"));
        Assert.All(
            findings, finding => Assert.Equal(
                finding.GetProperty("state").GetString() == "ok", finding.GetProperty("advice").ValueKind == JsonValueKind.Null));
        Assert.Empty(Directory.EnumerateFiles(_folder.Path, ".doctor*"));
    }

    [Fact]
    public async Task A_gateway_that_runs_holds_its_ports()
    {
        var rain = TestGateway.FreePorts(1)[0];
        await using var gateway = await TestGateway.StartAsync([rain], [rain]);
        WriteServers(rain);
        var (code, report) = await ExamineAsync($"--Urls=http://127.0.0.1:{gateway.Port}", $"--Rain:Listen=127.0.0.1:{rain}");
        Assert.Equal(0, code);
        Assert.Contains("held by a gateway", Detail(report.GetProperty("findings").EnumerateArray(), "port"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_wrong_is_told_with_what_to_do()
    {
        using var tcp = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        using var udp = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        tcp.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        tcp.Listen();
        udp.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        WriteServers(((IPEndPoint)udp.LocalEndPoint!).Port);
        File.WriteAllText(_folder["file"], "");
        var (code, report) = await ExamineAsync(
            $"--Urls=http://{tcp.LocalEndPoint}", "--Rain:Listen=8.8.8.8:0", "--Rain:AllowUnsealed=true", "--Store:Path=/proc/nowhere",
            "--Rain:SymbolSize=many");
        Assert.Equal(1, code);
        Assert.False(report.GetProperty("isWell").GetBoolean());
        var problems = report.GetProperty("findings").EnumerateArray()
            .Where(finding => finding.GetProperty("state").GetString() == "problem").ToList();
        Assert.Equal(
            ["settings", "port", "port", "disk", "server"], problems.Select(finding => finding.GetProperty("check").GetString()!));
        Assert.Contains("Rain:SymbolSize", Detail(problems, "settings"), StringComparison.Ordinal);
        Assert.All(problems, problem => Assert.InRange(problem.GetProperty("advice").GetString()!.Length, 10, 300));
        Assert.Contains("silent", Detail(problems, "server"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_with_another_secret_is_silent_and_the_secret_suspected()
    {
        var rain = TestGateway.FreePorts(1)[0];
        await using var server = await TestGateway.StartAsync([], [rain], "Rain:Secret=0123456789abcdef");
        WriteServers(rain);
        Assert.Equal(0, (await ExamineAsync("--Rain:Secret=0123456789abcdef")).Code);
        var (code, report) = await ExamineAsync("--Rain:Secret=another secret than that");
        Assert.Equal(1, code);
        var problem = Assert.Single(
            report.GetProperty("findings").EnumerateArray(), finding => finding.GetProperty("state").GetString() == "problem");
        Assert.Contains("another Rain:Secret", problem.GetProperty("advice").GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain("another secret than that", report.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lines_are_for_people()
    {
        WriteServers();
        var output = new StringWriter();
        Assert.Equal(0, await Examination.RunAsync(Arguments([]), isJson: false, output));
        Assert.Matches(@"(?m)^ok +settings +.*servers\.json are right\.", output.ToString());
        Assert.Matches(@"(?m)^warning +servers +.*names no server\.\n +-> ", output.ToString().ReplaceLineEndings("\n"));
        Assert.Matches(@"0 problems, [0-9]+ warnings, [0-9]+ well\s*$", output.ToString());
    }

    private static string Detail(IEnumerable<JsonElement> findings, string check) =>
        findings.First(finding => finding.GetProperty("check").GetString() == check).GetProperty("detail").GetString()!;

    private void WriteServers(params int[] ports) =>
        File.WriteAllText(_folder["servers.json"], JsonSerializer.Serialize(ports.Select(port => new { host = "127.0.0.1", port })));

    private string[] Arguments(string[] given)
    {
        string[] usual = ["--Urls=http://127.0.0.1:0", "--Rain:Listen=127.0.0.1:0", $"--Rain:Servers={_folder["servers.json"]}",
            $"--Store:Path={_folder["data"]}"];
        return [$"--contentRoot={_folder.Path}", .. usual.Where(one => !given.Any(other => other.Split('=')[0] == one.Split('=')[0])),
            .. given];
    }

    private async Task<(int Code, JsonElement Report)> ExamineAsync(params string[] given)
    {
        var output = new StringWriter();
        var code = await Examination.RunAsync(Arguments(given), isJson: true, output);
        using var document = JsonDocument.Parse(output.ToString());
        return (code, document.RootElement.Clone());
    }
}
