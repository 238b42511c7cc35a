using System.Globalization;
using System.Text.Json;
using Gateway.Doctor;

namespace Gateway.Tests;

/// <summary><c>--doctor --group</c>, on the loopback interface.</summary>
public sealed class GroupDoctorTests
{
    private readonly string[] _group = ["--group", $"239.77.0.1:{TestGateway.FreePorts(1)[0]}", "--interface", "lo"];

    [Fact]
    public async Task Two_that_look_at_once_hear_each_other()
    {
        var reports = await Task.WhenAll(ExamineAsync("1500ms"), ExamineAsync("1500ms"));
        Assert.All(reports, report =>
        {
            Assert.Equal(0, report.Code);
            Assert.Equal(
                ["buffer", "interface", "passes", "querier", "ttl"],
                report.Findings.Select(finding => finding.GetProperty("check").GetString()!).Order(StringComparer.Ordinal));
            Assert.Matches("From and to 127.0.0.1: [1-9][0-9]* probes came, loss 0 %", Detail(report.Findings, "passes"));
            Assert.Contains("lo (127.0.0.1", Detail(report.Findings, "interface"), StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task One_alone_hears_nobody_and_says_what_to_do()
    {
        var (code, findings) = await ExamineAsync("300ms");
        Assert.Equal(1, code);
        Assert.Contains("No other machine was heard", Detail(findings, "passes"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wrong_arguments_are_told()
    {
        using var output = new StringWriter(CultureInfo.InvariantCulture);
        Assert.Equal(1, await Examination.RunAsync(["--group", "10.0.0.1:7855", "--interface", "lo"], isJson: false, output));
        Assert.Contains("a multicast address is wanted", output.ToString(), StringComparison.Ordinal);
    }

    private static string Detail(IEnumerable<JsonElement> findings, string check) =>
        findings.Single(finding => finding.GetProperty("check").GetString() == check).GetProperty("detail").GetString()!;

    private async Task<(int Code, IReadOnlyList<JsonElement> Findings)> ExamineAsync(string wait)
    {
        using var output = new StringWriter(CultureInfo.InvariantCulture);
        var code = await Examination.RunAsync([.. _group, "--wait", wait], isJson: true, output);
        return (code, [.. JsonDocument.Parse(output.ToString()).RootElement.GetProperty("findings").EnumerateArray()]);
    }
}
