using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace EndToEnd;

/// <summary><c>Gateway --send</c> or <c>--receive</c> as a user runs it: a process of its own, on the loopback interface.</summary>
internal sealed class DeployProcess : IDisposable
{
    private readonly StringBuilder _errors = new();

    private DeployProcess(Process process)
    {
        Process = process;
        process.ErrorDataReceived += (_, e) =>
        {
            lock (_errors)
            {
                _errors.AppendLine(e.Data);
            }
        };
        process.BeginErrorReadLine();
    }

    public Process Process { get; }

    /// <summary>What it has written to standard error.</summary>
    public string Errors
    {
        get
        {
            lock (_errors)
            {
                return _errors.ToString();
            }
        }
    }

    /// <summary>A group of loopback that no other test has.</summary>
    public static string[] NewGroup() =>
        ["--group", $"239.77.0.1:{GatewayProcess.FreePorts(1)[0].ToString(CultureInfo.InvariantCulture)}", "--interface", "lo"];

    public static DeployProcess Start(params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
        };
        start.ArgumentList.Add(GatewayProcess.ProgramPath);
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        return new DeployProcess(Process.Start(start)!);
    }

    /// <summary>Waits until something is told.</summary>
    public Task WaitForAsync(string text) => GatewayProcess.WaitUntilAsync(
        () =>
        {
            Assert.False(Process.HasExited && !Errors.Contains(text, StringComparison.Ordinal), $"it ended: {Errors}");
            return Task.FromResult(Errors.Contains(text, StringComparison.Ordinal));
        },
        text);

    /// <summary>Waits until so much of the JSON progress of a phase is told.</summary>
    public Task WaitForBytesAsync(long bytes) => GatewayProcess.WaitUntilAsync(
        () =>
        {
            Assert.False(Process.HasExited, $"it ended: {Errors}");
            return Task.FromResult(Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Any(line =>
            {
                using var json = JsonDocument.Parse(line);
                return json.RootElement.TryGetProperty("doneBytes", out var done) && done.GetInt64() >= bytes
                    && json.RootElement.GetProperty("phase").GetString() == "receiving";
            }));
        },
        $"{bytes} bytes");

    /// <summary>Waits for the end.</summary>
    public async Task<int> EndAsync()
    {
        using var limit = new CancellationTokenSource(Tool.HangLimit);
        await Process.WaitForExitAsync(limit.Token);
        return Process.ExitCode;
    }

    public async Task KillAsync(string signal)
    {
        (await Tool.RunAsync("kill", signal, Process.Id.ToString(CultureInfo.InvariantCulture))).Succeeded();
        await EndAsync();
    }

    public void Dispose()
    {
        if (!Process.HasExited)
        {
            Process.Kill();
        }

        Process.Dispose();
    }
}
