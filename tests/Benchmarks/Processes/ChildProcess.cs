using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Benchmarks.Processes;

/// <summary>A process of ours: its output is kept (bounded), its use of the machine is the
/// kernel's account, it is ended by its id.</summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    private const int OutputCharactersMax = 1 << 20;

    // The unit of /proc/PID/stat: USER_HZ, 100 on every Linux that .NET runs on.
    private const double TicksPerSecond = 100;
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(5);
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _errors = new();
    private readonly Process _process;
    private readonly Task _reading;

    private ChildProcess(Process process, bool keepOutput)
    {
        _process = process;
        _reading = Task.WhenAll(keepOutput ? KeepAsync(process.StandardOutput, _output) : Task.CompletedTask,
            KeepAsync(process.StandardError, _errors));
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>Standard output, for those who started it with <c>keepOutput: false</c>.</summary>
    public Stream Output => _process.StandardOutput.BaseStream;

    /// <summary>What it has written so far.</summary>
    public string Text => Read(_output);

    /// <summary>What it has complained of so far.</summary>
    public string Errors => Read(_errors);

    /// <summary>Starts a program; <paramref name="command"/> is the program and its arguments.</summary>
    public static ChildProcess Start(IReadOnlyList<string> command, string? folder = null, bool keepOutput = true)
    {
        var start = new ProcessStartInfo(command[0], command.Skip(1))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = folder ?? Path.GetTempPath(),
        };
        var process = Process.Start(start) ?? throw new InvalidOperationException($"{command[0]} did not start.");
        process.StandardInput.Close();
        return new ChildProcess(process, keepOutput);
    }

    /// <summary>Runs a program to its end; its output, or an exception when it fails.</summary>
    public static async Task<string> RunAsync(IReadOnlyList<string> command, CancellationToken cancellation)
    {
        await using var process = Start(command);
        var exitCode = await process.WaitAsync(cancellation);
        return exitCode == 0 ? process.Text
            : throw new InvalidOperationException($"{string.Join(' ', command)}: exit code {exitCode}: {process.Errors}");
    }

    /// <summary>Waits for its end and the end of its output.</summary>
    public async Task<int> WaitAsync(CancellationToken cancellation)
    {
        await _process.WaitForExitAsync(cancellation);
        await _reading.WaitAsync(cancellation);
        return _process.ExitCode;
    }

    /// <summary>Processor seconds that it has used so far, in user mode and in the kernel.</summary>
    public double CpuSeconds() => CpuSeconds(Id.ToString(CultureInfo.InvariantCulture), firstField: 11);

    /// <summary>Processor seconds of all processes of ours that have ended.</summary>
    public static double CpuSecondsOfEnded() => CpuSeconds("self", firstField: 13);

    /// <summary>Resident memory in bytes: without files that are mapped, now or at its peak.</summary>
    public long MemoryBytes(bool peak = false)
    {
        var name = peak ? "VmHWM:" : "RssAnon:";
        var line = File.ReadLines($"/proc/{Id}/status").First(text => text.StartsWith(name, StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }

    /// <summary>Files, sockets among them, that it has open.</summary>
    public int OpenFileCount() => Directory.EnumerateFileSystemEntries($"/proc/{Id}/fd").Count();

    /// <summary>Bytes that it has read by system calls, files and sockets alike.</summary>
    public long ReadBytes()
    {
        var line = File.ReadLines($"/proc/{Id}/io").First(text => text.StartsWith("rchar:", StringComparison.Ordinal));
        return long.Parse(line.AsSpan(6), CultureInfo.InvariantCulture);
    }

    /// <summary><c>kill -9</c>.</summary>
    public async Task KillAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        await _process.WaitForExitAsync();
    }

    /// <summary>SIGTERM; SIGKILL for one that does not mind it.</summary>
    public async Task StopAsync()
    {
        if (!_process.HasExited)
        {
            using var kill = Process.Start("kill", ["-TERM", Id.ToString(CultureInfo.InvariantCulture)]);
            await kill.WaitForExitAsync();
            try
            {
                await _process.WaitForExitAsync().WaitAsync(StopLimit);
            }
            catch (TimeoutException)
            {
                await KillAsync();
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process.Dispose();
    }

    private static double CpuSeconds(string process, int firstField)
    {
        // The name, second field, may hold anything; the fields after it do not.
        var stat = File.ReadAllText($"/proc/{process}/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return (Ticks(firstField) + Ticks(firstField + 1)) / TicksPerSecond;

        double Ticks(int field) => double.Parse(fields[field], CultureInfo.InvariantCulture);
    }

    private static string Read(StringBuilder text)
    {
        lock (text)
        {
            return text.ToString();
        }
    }

    private static async Task KeepAsync(StreamReader reader, StringBuilder text)
    {
        var buffer = new char[4096];
        int count;
        while ((count = await reader.ReadAsync(buffer)) > 0)
        {
            lock (text)
            {
                text.Append(buffer, 0, Math.Min(count, OutputCharactersMax - text.Length));
            }
        }
    }
}
