using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace EndToEnd;

/// <summary>
/// README.md and documents with commands, run as they are written: every <c>console</c> block of one in one shell and in order, against a
/// fresh gateway, and what the commands print is compared with what it says they print. In a line <c>...</c> stands for anything, alone in
/// a line for any lines; dates may differ. Only the ports are others here, and where the program was built.
/// </summary>
public sealed partial class ReadMeTests
{
    private const string StartCommand = "    dotnet run -c Release --project src/Gateway";
    private static readonly string[] Ports = ["8080", "8091", "8092", "8093", "1980", "1981", "1982", "1991", "1992", "1993"];

    [Theory]
    [InlineData("README.md", 50)]
    [InlineData("docs/http.md", 7)]
    [InlineData("docs/fleet.md", 5)]
    public async Task Every_command_prints_what_is_said(string document, int stepsMin)
    {
        var text = await File.ReadAllLinesAsync(Path.Combine(Repository.Root, document), TestContext.Current.CancellationToken);
        Assert.True(document != "README.md" || text.Contains(StartCommand));
        var steps = ReadSteps(text);
        Assert.InRange(steps.Count, stepsMin, 200);
        foreach (var program in new[] { "bash", "curl", "wget", "openssl", "cmp" })
        {
            Tool.Require(program);
        }

        using var folder = new TestFolder();
        var ports = GatewayProcess.FreePorts(Ports.Length);
        var elsewhere = Ports.Zip(
            ports, (written, real) => (Written: written, Real: real.ToString(CultureInfo.InvariantCulture))).ToArray();
        await using var gateway = await GatewayProcess.StartAsync(folder["gateway"], ports[0], ports[4..7], ports[4..7]);
        var printed = await RunAsync(steps, folder["shell"], elsewhere);

        var wrong = new StringBuilder();
        foreach (var (step, (exitCode, output)) in steps.Zip(printed))
        {
            var shown = elsewhere.Aggregate(output, (at, port) => Regex.Replace(at, $@"(?<=:){port.Real}\b", port.Written));
            if (exitCode != 0 || (step.Expected.Length > 0 && !Matches(step.Expected, shown)))
            {
                wrong.AppendLine(
                    CultureInfo.InvariantCulture,
                    $"line {step.Line}: {step.Command}\nexit code {exitCode}; {document}:\n{step.Expected}\nprinted:\n{shown}\n");
            }
        }

        Assert.True(wrong.Length == 0, wrong.ToString());
        Assert.Equal(steps.Count, printed.Count);
    }

    /// <summary>What is run by a command of the documents is what is measured and shipped.</summary>
    [Fact]
    public void The_gateway_is_never_run_unoptimised()
    {
        var documents = Directory.GetFiles(Path.Combine(Repository.Root, "docs"), "*.md")
            .Append(Path.Combine(Repository.Root, "README.md")).Append(Path.Combine(Repository.Root, "deploy/README.md"));
        var commands = documents.SelectMany(File.ReadLines).Where(line => line.Contains("dotnet ", StringComparison.Ordinal)
            && line.Contains("src/Gateway", StringComparison.Ordinal)).ToList();
        Assert.InRange(commands.Count, 3, 100);
        Assert.All(commands, line => Assert.Contains("-c Release", line, StringComparison.Ordinal));
    }

    [Fact]
    public void Anything_matches_three_dots_and_nothing_else_does()
    {
        Assert.True(Matches("a ... d\n", "a b c d\n"));
        Assert.True(Matches("HTTP/1.1 200 OK\n...\nLast: 1", "HTTP/1.1 200 OK\r\nX: 1\r\nY: 2\r\nLast: 1\r\n"));
        Assert.True(Matches("Date: Sat, 21 Nov 2026 16:32:18 GMT", "Date: Sun, 22 Nov 2026 01:02:03 GMT"));
        Assert.False(Matches("a ... d", "a b c"));
        Assert.False(Matches("identical", "numbers.txt copy.txt differ"));
        Assert.False(Matches("HTTP/1.1 200 OK", "HTTP/1.1 200 OK\nX: 1"));
        Assert.False(Matches("{\"id\":\"42\",...,\"replicas\":3}", "{\"id\":\"42\",\"length\":1,\"replicas\":1}"));
        Assert.False(Matches("\"modified\":\"2026-11-21T16:32:16.44+00:00\"", "\"modified\":null"));
    }

    /// <summary>A command and what it is said to print; nothing is said when it prints what is of no interest.</summary>
    private sealed record Step(int Line, string Command, string Expected);

    private static List<Step> ReadSteps(string[] text)
    {
        var steps = new List<Step>();
        var isConsole = false;
        for (var line = 0; line < text.Length; line++)
        {
            if (text[line].StartsWith("```", StringComparison.Ordinal))
            {
                isConsole = text[line] == "```console";
            }
            else if (isConsole && text[line].StartsWith("$ ", StringComparison.Ordinal))
            {
                var command = text[line][2..];
                var first = line + 1;
                while (command.EndsWith('\\'))
                {
                    command += "\n" + text[++line];
                }

                steps.Add(new Step(first, command, ""));
            }
            else if (isConsole)
            {
                steps[^1] = steps[^1] with { Expected = steps[^1].Expected + text[line] + "\n" };
            }
        }

        return steps;
    }

    /// <summary>Runs all commands in one shell, so that variables, files and jobs are there for those that follow.</summary>
    private static async Task<List<(int ExitCode, string Output)>> RunAsync(
        List<Step> steps, string folder, (string Written, string Real)[] ports)
    {
        Directory.CreateDirectory(folder);
        var mark = $"<<{Guid.NewGuid():N}>>";
        var script = new StringBuilder("set -m\n");
        foreach (var step in steps)
        {
            var command = ports.Aggregate(step.Command, (at, port) => Regex.Replace(at, $@"\b{port.Written}\b", port.Real));
            command = command.Replace(
                "artifacts/bin/Gateway/release/Gateway", Path.ChangeExtension(GatewayProcess.ProgramPath, null), StringComparison.Ordinal);
            script.Append(command).Append('\n').Append(CultureInfo.InvariantCulture, $"echo \"{mark} $?\"\n");
        }

        // Nothing that was started may outlive the shell.
        script.Append("kill $(jobs -p) 2>/dev/null\nwait\n");
        var path = Path.Combine(folder, "readme.sh");
        await File.WriteAllTextAsync(path, script.ToString());
        var start = new ProcessStartInfo("bash", [path])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder,
        };
        using var shell = Process.Start(start)!;
        using var limit = new CancellationTokenSource(Tool.HangLimit);
        var output = shell.StandardOutput.ReadToEndAsync(limit.Token);
        var errors = shell.StandardError.ReadToEndAsync(limit.Token);
        try
        {
            shell.StandardInput.Close();
            await shell.WaitForExitAsync(limit.Token);
        }
        finally
        {
            if (!shell.HasExited)
            {
                shell.Kill(entireProcessTree: true);
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine(await errors);
        var results = new List<(int, string)>();
        var from = 0;
        foreach (Match end in Regex.Matches(await output, $@"{mark} (\d+)\n"))
        {
            results.Add((int.Parse(end.Groups[1].Value, CultureInfo.InvariantCulture), (await output)[from..end.Index]));
            from = end.Index + end.Length;
        }

        return results;
    }

    private static bool Matches(string expected, string printed)
    {
        var pattern = new StringBuilder("^");
        foreach (var line in Lines(expected))
        {
            pattern.Append(line == "..." ? @"(?:[^\n]*\n)*" : string.Join("[^\n]*", line.Split("...").Select(Regex.Escape)) + @"\n");
        }

        return Regex.IsMatch(string.Concat(Lines(printed).Select(line => line + "\n")), pattern.Append('$').ToString());
    }

    /// <summary>Lines without what is different every time.</summary>
    private static IEnumerable<string> Lines(string text) =>
        Times().Replace(text.ReplaceLineEndings("\n"), "(time)").TrimEnd('\n').Split('\n');

    [GeneratedRegex(@"\d{4}-\d\d-\d\dT[\d:.]+\+00:00|[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} [\d:]{8} GMT")]
    private static partial Regex Times();
}
