using System.Diagnostics;

namespace EndToEnd;

/// <summary>Runs the real clients (curl, wget, ...) and keeps what they said.</summary>
internal static class Tool
{
    /// <summary>A hang limit, not a speed limit.</summary>
    public static readonly TimeSpan HangLimit = TimeSpan.FromMinutes(4);

    /// <summary>Skips the running test when a program is not installed.</summary>
    public static void Require(params string[] programs)
    {
        foreach (var program in programs)
        {
            var found = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
                .Any(folder => File.Exists(Path.Combine(folder, program)));
            Assert.SkipUnless(found, $"{program} is not installed");
        }
    }

    /// <summary>Starts a program without waiting for it.</summary>
    public static RunningTool Start(string program, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
        };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        return new RunningTool(program, Process.Start(start)!);
    }

    /// <summary>Runs a program to its end.</summary>
    public static async Task<ToolResult> RunAsync(string program, params IEnumerable<string> arguments)
    {
        using var tool = Start(program, arguments);
        tool.Process.StandardInput.Close();
        return await tool.WaitAsync();
    }

    /// <summary>curl, silent but for errors.</summary>
    public static Task<ToolResult> CurlAsync(params IEnumerable<string> arguments) => RunAsync("curl", arguments.Prepend("-sS"));
}

/// <summary>A program that is running.</summary>
internal sealed class RunningTool : IDisposable
{
    private readonly string _program;
    private readonly Task<string> _output;
    private readonly Task<string> _errors;

    public RunningTool(string program, Process process)
    {
        _program = program;
        Process = process;
        _output = process.StandardOutput.ReadToEndAsync();
        _errors = process.StandardError.ReadToEndAsync();
    }

    public Process Process { get; }

    public async Task<ToolResult> WaitAsync()
    {
        using var limit = new CancellationTokenSource(Tool.HangLimit);
        try
        {
            await Process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            Process.Kill();
            throw new TimeoutException($"{_program} hung for {Tool.HangLimit}.");
        }

        return new ToolResult(Process.ExitCode, await _output, await _errors);
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

/// <summary>What a program left.</summary>
internal sealed record ToolResult(int ExitCode, string Output, string Errors)
{
    /// <summary>The output of a program that succeeded.</summary>
    public string Succeeded()
    {
        Assert.True(ExitCode == 0, $"exit code {ExitCode}: {Errors}");
        return Output;
    }
}
