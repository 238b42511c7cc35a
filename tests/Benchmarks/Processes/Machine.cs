using System.Diagnostics;
using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;

namespace Benchmarks.Processes;

/// <summary>What the machine is and what it can do at most, so that figures of two machines can be compared.</summary>
internal static class Machine
{
    /// <summary>The processor by its own name.</summary>
    public static string ProcessorName()
    {
        const string path = "/proc/cpuinfo";
        var line = File.Exists(path)
            ? File.ReadLines(path).FirstOrDefault(text => text.StartsWith("model name", StringComparison.Ordinal)) : null;
        return line?.Split(':', 2)[1].Trim() ?? "unknown";
    }

    /// <summary>The kernel's limit of a socket's receive buffer in bytes; -1 where it does not say.</summary>
    public static long ReceiveBufferMax()
    {
        const string path = "/proc/sys/net/core/rmem_max";
        return File.Exists(path) ? long.Parse(File.ReadAllText(path), CultureInfo.InvariantCulture) : -1;
    }

    /// <summary>Processor seconds that anything on this machine has used since it started.</summary>
    public static double BusySeconds()
    {
        // user, nice, system, idle, iowait, irq, softirq, steal: in the unit of /proc/PID/stat.
        var fields = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..9];
        return fields.Where((_, i) => i is not (3 or 4)).Sum(text => double.Parse(text, CultureInfo.InvariantCulture)) / 100;
    }

    /// <summary>Bytes a second of one core copying, XORing and hashing memory that no cache holds.</summary>
    public static (double Copy, double Xor, double Sha256) MeasureRates()
    {
        var source = new byte[64 << 20];
        var target = new byte[source.Length];
        new Random(1).NextBytes(source);
        return (
            Rate(() => source.AsSpan().CopyTo(target)),
            Rate(() => Xor(source, target)),
            Rate(() => SHA256.HashData(source, target)));

        double Rate(Action action)
        {
            action();
            var best = double.MaxValue;
            for (var i = 0; i < 3; i++)
            {
                var clock = Stopwatch.GetTimestamp();
                action();
                best = Math.Min(best, Stopwatch.GetElapsedTime(clock).TotalSeconds);
            }

            return source.Length / best;
        }
    }

    private static void Xor(ReadOnlySpan<byte> source, Span<byte> target)
    {
        for (; source.Length >= Vector<byte>.Count; source = source[Vector<byte>.Count..], target = target[Vector<byte>.Count..])
        {
            (new Vector<byte>(source) ^ new Vector<byte>(target)).CopyTo(target);
        }
    }
}
