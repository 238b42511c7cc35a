using System.Globalization;
using System.Text.Json;

namespace Benchmarks.Processes;

/// <summary>A lab of network namespaces (tests/netlab): up at the start, down at the end, whatever happened between.</summary>
internal sealed class Netlab : IAsyncDisposable
{
    private static readonly string Script = Path.Combine(RepositoryTop(), "tests", "netlab", "netlab");
    private readonly string _name;

    private Netlab(string name) => _name = name;

    /// <summary>Builds a lab.</summary>
    /// <param name="hostCount">Hosts, numbered from 1.</param>
    /// <param name="arguments">As for <c>netlab up</c>: <c>--rate 20mbit --host 1:loss=1%</c> and so on, in one string.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public static async Task<Netlab> UpAsync(int hostCount, string arguments, CancellationToken cancellation)
    {
        var lab = new Netlab($"rain{Environment.ProcessId}");
        var hosts = hostCount.ToString(CultureInfo.InvariantCulture);
        string[] words = arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        await ChildProcess.RunAsync([Script, "-n", lab._name, "up", "--hosts", hosts, .. words], cancellation);
        return lab;
    }

    /// <summary>Host <paramref name="number"/>, from 1.</summary>
    public Host this[int number] =>
        new($"10.77.0.{number}", ["ip", "netns", "exec", $"{_name}{number}"]);

    /// <summary>Changes links now, as in <c>Set("3", "loss=100%")</c>.</summary>
    public Task SetAsync(string hosts, string settings, CancellationToken cancellation) =>
        ChildProcess.RunAsync([Script, "-n", _name, "set", hosts, settings], cancellation);

    /// <summary>Makes TCP senders of a host use this congestion control.</summary>
    public Task SetCongestionControlAsync(int host, string name, CancellationToken cancellation) =>
        ChildProcess.RunAsync(this[host].Command("sysctl", "-qw", $"net.ipv4.tcp_congestion_control={name}"), cancellation);

    /// <summary>Sets all counters to zero.</summary>
    public Task ResetAsync(CancellationToken cancellation) => ChildProcess.RunAsync([Script, "-n", _name, "stats", "reset"], cancellation);

    /// <summary>The counters since the start or the last reset.</summary>
    public async Task<LabStatistics> StatisticsAsync(CancellationToken cancellation)
    {
        using var document = JsonDocument.Parse(await ChildProcess.RunAsync([Script, "-n", _name, "stats"], cancellation));
        return new LabStatistics(document.RootElement.Clone());
    }

    public async ValueTask DisposeAsync()
    {
        await using var down = ChildProcess.Start([Script, "-n", _name, "down"]);
        await down.WaitAsync(CancellationToken.None);
    }

    private static string RepositoryTop()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Gateway.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? AppContext.BaseDirectory;
    }
}

/// <summary>A lab's counters at one moment.</summary>
internal sealed class LabStatistics(JsonElement root)
{
    /// <summary>Events that ran over 5 ms late, frames that the kernel threw away before the emulator, frames that found no slot: a
    /// measurement is good when this is near 0.</summary>
    public long Untrusted => root.GetProperty("late_over_5ms").GetInt64() + root.GetProperty("no_slot").GetInt64()
        + root.GetProperty("ports").EnumerateArray().Sum(port => port.GetProperty("tap_drop").GetInt64());

    /// <summary>One counter of the link out of a host.</summary>
    public double Up(int host, string counter) => Link(host, "up").GetProperty(counter).GetDouble();

    /// <summary>One counter of the link into a host.</summary>
    public double Down(int host, string counter) => Link(host, "down").GetProperty(counter).GetDouble();

    private JsonElement Link(int host, string direction) => root.GetProperty("ports")[host - 1].GetProperty(direction);
}
