using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Benchmarks.Processes;

namespace Benchmarks.Deploy;

/// <summary>One file to all hosts but the first of a lab, by one program.</summary>
/// <param name="Seconds">From the first bytes on the sender's link until the last receiver had all, and said so by its end.</param>
/// <param name="Bytes">Bytes that the sender's link carried, headers included.</param>
/// <param name="DoneCount">Receivers whose file is the sender's by its SHA-256.</param>
/// <param name="ExitCode">The sender's.</param>
/// <param name="Told">What the sender told.</param>
/// <param name="BusyShare">Processor seconds of everything on this machine / what the processors had meanwhile.</param>
/// <param name="Untrusted">Frames that the lab itself delayed or dropped.</param>
internal sealed record DeployRun(
    double Seconds, double Bytes, int DoneCount, int ExitCode, string Told, double BusyShare, long Untrusted)
{
    private const int Sender = 1;

    /// <summary>What is no announcement any more: then it rains.</summary>
    private const long FirstBytes = 64 << 10;

    /// <summary>Sees a receiver's first bytes, or its end, within this.</summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(5);

    /// <summary>Plays it.</summary>
    /// <param name="lab">The lab, with one host more than there are receivers.</param>
    /// <param name="tool">The program.</param>
    /// <param name="receivers">How many receivers there are.</param>
    /// <param name="megabits">Megabits a second of each link.</param>
    /// <param name="isLossy">Whether frames get lost.</param>
    /// <param name="file">The file.</param>
    /// <param name="sha256">Its SHA-256 in hex.</param>
    /// <param name="alter">Changes the command of a receiver, by its number from 0; null for none.</param>
    /// <param name="onRain">Called when it rains, with the receivers; null for nothing.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async Task<DeployRun> PlayAsync(
        Netlab lab, DeployTool tool, int receivers, double megabits, bool isLossy, string file, string sha256,
        Func<int, IReadOnlyList<string>, IReadOnlyList<string>>? alter, Func<IReadOnlyList<ChildProcess>, Task>? onRain,
        CancellationToken cancellation)
    {
        using var folder = new TemporaryFolder();
        var processes = new List<ChildProcess>();
        try
        {
            for (var i = 0; i < receivers; i++)
            {
                var own = Directory.CreateDirectory(folder[i.ToString(CultureInfo.InvariantCulture)]).FullName;
                var command = tool.Receive(i + 2, own);
                processes.Add(ChildProcess.Start(lab[i + 2].Command(alter?.Invoke(i, command) ?? command)));
            }

            // What does not announce itself to a sender that waits needs time to be there.
            await Task.Delay(TimeSpan.FromSeconds(tool.EndsItself ? 1 : 3), cancellation);
            await lab.ResetAsync(cancellation);
            await using var sender = ChildProcess.Start(lab[Sender].Command(tool.Send(receivers, megabits, isLossy, file)));
            var began = await FirstBytesAsync(sender, cancellation);
            var busy = Machine.BusySeconds();
            var rained = onRain?.Invoke(processes) ?? Task.CompletedTask;
            var ended = tool.EndsItself ? Task.WhenAll(processes.Select(process => process.WaitAsync(cancellation)))
                : (Task)sender.WaitAsync(cancellation);
            await Task.WhenAny(ended, sender.WaitAsync(cancellation));
            var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
            busy = Machine.BusySeconds() - busy;
            var exitCode = await sender.WaitAsync(cancellation);
            await rained;
            var counted = await lab.StatisticsAsync(cancellation);
            return new DeployRun(
                seconds,
                counted.Up(Sender, "bytes") + counted.Up(Sender, "lost_bytes"),
                Enumerable.Range(0, receivers).Count(i => IsThere(folder[i.ToString(CultureInfo.InvariantCulture)], sha256)),
                exitCode,
                sender.Errors,
                busy / (seconds * Environment.ProcessorCount),
                counted.Untrusted);
        }
        finally
        {
            foreach (var process in processes)
            {
                await process.DisposeAsync();
            }
        }
    }

    private static async Task<long> FirstBytesAsync(ChildProcess sender, CancellationToken cancellation)
    {
        while (!sender.HasExited && SentBytes(sender) < FirstBytes)
        {
            await Task.Delay(LookEvery, cancellation);
        }

        return Stopwatch.GetTimestamp();
    }

    /// <summary>What went out of the interface of the process's own network.</summary>
    private static long SentBytes(ChildProcess process)
    {
        try
        {
            const int sentBytes = 8;
            var line = File.ReadLines($"/proc/{process.Id}/net/dev")
                .FirstOrDefault(text => text.Contains("lan0:", StringComparison.Ordinal));
            return line is null ? 0 : long.Parse(
                line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[sentBytes],
                CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private static bool IsThere(string folder, string sha256)
    {
        var path = Path.Combine(folder, "image");
        if (!File.Exists(path))
        {
            return false;
        }

        using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file)) == sha256;
    }
}
