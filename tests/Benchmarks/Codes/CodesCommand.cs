using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using PouringRain.Coding;
using PouringRain.Coding.Kernels;

namespace Benchmarks.Codes;

/// <summary>
/// The speed of every code, on one thread, with symbols of 1408 bytes: GB/s of source data, and the cost of a source symbol in units of one
/// <c>destination ^= source</c> over random symbols of a 1 MiB block, measured in the same process.
/// </summary>
internal static class CodesCommand
{
    public const int SymbolSize = 1408;

    private static readonly int[] Counts = [10, 100, 250, 500, 745, 1000, 2000, 5000, 10000, 50000];

    public static int Run(string[] arguments)
    {
        var options = new Options(arguments);
        var counts = options.GetNumbers("--k", Counts);
        var seconds = options.Has("--quick") ? 0.1 : 0.4;
        WarmUp();
        var xor = MeasureXor(seconds);
        var memcpy = MeasureCopy(seconds);
        Console.WriteLine(FormattableString.Invariant(
            $"kernel {SymbolKernels.Best.Name}, T = {SymbolSize}, one thread; xor {xor:F1} GB/s, memcpy {memcpy:F1} GB/s"));
        Console.WriteLine($"{"code",-9}{"K",7}  {"case",-17}{"GB/s",8}{"XORs/symbol",13}{"bytes alloc/block",19}{"us/block",12}");
        var rows = new List<CodeRow>();
        foreach (var code in FountainCodes.All.Where(code => options.Get("--code") is not { } only || only == code.Name))
        {
            foreach (var count in counts.Where(count => count <= code.SymbolCountMax))
            {
                using var measurement = new CodeMeasurement(code, count, SymbolSize);
                foreach (var (name, prepare, run) in measurement.Cases)
                {
                    var (time, allocated) = Measure(prepare, run, seconds);
                    var rate = (double)count * SymbolSize / time / 1e9;
                    var row = new CodeRow(code.Name, count, name, rate, xor / rate, allocated);
                    rows.Add(row);
                    Console.WriteLine(string.Create(
                        CultureInfo.InvariantCulture,
                        $"{row.Code,-9}{row.K,7}  "
                        + $"{row.Case,-17}{row.Gbs,8:F2}{row.XorEquivalents,13:F2}{row.AllocatedBytesPerBlock,19}{time * 1e6,12:F1}"));
                }
            }
        }

        Console.WriteLine(FormattableString.Invariant($"memcpy {memcpy:F1} GB/s, xor {xor:F1} GB/s (symbols of a 1 MiB block)"));
        if (options.Get("--json") is { } json)
        {
            File.WriteAllText(json, JsonSerializer.Serialize(
                new CodeResults(Math.Round(xor, 3), Math.Round(memcpy, 3), rows), JsonSerializerOptions.Web));
        }

        // Beside the build's output unless told otherwise, so that no checkout gets dirty.
        var svg = options.Get("--svg") ?? Path.Combine(AppContext.BaseDirectory, "codes.svg");
        File.WriteAllText(svg, ThroughputChart.Draw(rows));
        Console.WriteLine($"picture: {svg}");
        return 0;
    }

    // Until the compiler has seen everything often enough to do its best.
    private static void WarmUp()
    {
        foreach (var code in FountainCodes.All)
        {
            for (var round = 0; round < 2; round++)
            {
                using var measurement = new CodeMeasurement(code, 64, SymbolSize);
                foreach (var (_, prepare, run) in measurement.Cases)
                {
                    Measure(prepare, run, 0.1);
                }
            }
        }
    }

    // The least of several runs: what the machine does when nothing disturbs it. Preparation is not part of the time.
    private static (double Seconds, long Allocated) Measure(Action? prepare, Action run, double seconds)
    {
        for (var i = 0; i < 3; i++)
        {
            prepare?.Invoke();
            run();
        }

        var best = double.MaxValue;
        var allocated = long.MaxValue;
        var total = Stopwatch.StartNew();
        for (var rounds = 0; rounds < 5 || total.Elapsed.TotalSeconds < seconds; rounds++)
        {
            prepare?.Invoke();
            var before = GC.GetAllocatedBytesForCurrentThread();
            var start = Stopwatch.GetTimestamp();
            run();
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
            allocated = Math.Min(allocated, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return (best, allocated);
    }

    private static double MeasureXor(double seconds)
    {
        var count = (1 << 20) / SymbolSize;
        var block = SplitMix.Stream(1, count * SymbolSize);
        var random = new SplitMix(2);
        var pairs = new (int Destination, int Source)[4 * count];
        foreach (ref var pair in pairs.AsSpan())
        {
            pair.Destination = random.Next(count) * SymbolSize;
            do
            {
                pair.Source = random.Next(count) * SymbolSize;
            }
            while (pair.Source == pair.Destination);
        }

        var kernel = SymbolKernels.Best;
        var (time, _) = Measure(
            null,
            () =>
            {
                foreach (var (destination, source) in pairs)
                {
                    kernel.Xor(block.AsSpan(destination, SymbolSize), block.AsSpan(source, SymbolSize));
                }
            },
            2 * seconds);
        return (double)pairs.Length * SymbolSize / time / 1e9;
    }

    private static double MeasureCopy(double seconds)
    {
        var source = SplitMix.Stream(1, 1 << 20);
        var destination = new byte[source.Length];
        var (time, _) = Measure(null, () => source.CopyTo(destination, 0), seconds);
        return source.Length / time / 1e9;
    }
}

/// <summary>One line of the table.</summary>
internal sealed record CodeRow(string Code, int K, string Case, double Gbs, double XorEquivalents, long AllocatedBytesPerBlock);

/// <summary>All of it.</summary>
internal sealed record CodeResults(double XorGBs, double MemcpyGBs, List<CodeRow> Rows);
