using System.Diagnostics;
using Benchmarks.Codes;
using PouringRain.Coding.Erasure;
using PouringRain.Coding.Kernels;

namespace Benchmarks.Erasure;

/// <summary>The speed of the erasure code on one thread beside ISA-L's <c>ec_encode_data</c> with the same matrix over the same bytes, turn
/// by turn in one process: GB/s of source, the best of many runs.</summary>
internal static class ErasureCommand
{
    public static int Run(string[] arguments)
    {
        var options = new Options(arguments);
        var seconds = options.Has("--quick") ? 0.05 : 1.0;
        var code = ErasureCodes.RapidRaid;
        Console.WriteLine($"kernel {SymbolKernels.Best.Name}, code {code.Name}, one thread");
        if (IsaL.TryCreate([1], 1) is null)
        {
            Console.WriteLine("ISA-L is missing (Debian: apt-get install libisal2), so there is nothing to compare with.");
        }

        Console.WriteLine($"{"case",-28}{"block",9}{"GB/s",8}{"ISA-L",8}{"ratio",7}");
        foreach (var blockBytes in options.GetNumbers("--block", [64 * 1024, 256 * 1024, 1024 * 1024]))
        {
            var length = CellLayout.CellBytesFor(blockBytes, code.PartCount);
            foreach (var (name, matrix, rows) in Cases(code))
            {
                var (own, other) = Measure(matrix, rows, length, seconds);
                var beside = other is { } rate ? FormattableString.Invariant($"{rate,8:F1}{own / rate,7:F2}") : "";
                Console.WriteLine(FormattableString.Invariant($"{name,-28}{blockBytes / 1024,6} KiB{own,8:F1}{beside}"));
            }
        }

        return 0;
    }

    private static IEnumerable<(string Name, byte[] Matrix, int Rows)> Cases(ErasureCode code)
    {
        int[] last = [11, 12, 13, 14, 15];
        yield return ("encode (11, 5)", [.. last.SelectMany(piece => code.RowOf(piece).ToArray())], last.Length);
        yield return ("encode one piece", code.RowOf(15).ToArray(), 1);
        int[] pieces = [.. Enumerable.Range(5, 11)];
        var decoding = new byte[code.PartCount * pieces.Length];
        if (!code.TryGetDecoding(pieces, decoding))
        {
            throw new InvalidOperationException("Eleven pieces do not suffice.");
        }

        yield return ("decode from 11", decoding, code.PartCount);
        yield return ("chain, one part", [1, 158, 1, 119], 2);
        yield return ("chain, two parts", [1, 3, 254, 1, 1, 84], 2);
        yield return ("repair, one of the path", [1, 77], 1);
    }

    private static (double Own, double? Other) Measure(byte[] matrix, int rows, int length, double seconds)
    {
        var columns = matrix.Length / rows;
        var source = GC.AllocateArray<byte>(columns * length, pinned: true);
        SplitMix.Stream(1, source.Length).CopyTo(source, 0);
        var destination = GC.AllocateArray<byte>(rows * length, pinned: true);
        var expected = GC.AllocateArray<byte>(rows * length, pinned: true);
        var kernel = SymbolKernels.Best;
        var runs = new List<Action>
        {
            () => kernel.Combine(destination, length, source, length, matrix, rows, length, accumulate: false),
        };
        if (IsaL.TryCreate(matrix, rows) is { } isaL)
        {
            runs.Add(isaL.Product(expected, length, source, length, length));
        }

        var best = new double[runs.Count];
        Array.Fill(best, double.MaxValue);
        var repeats = Math.Max(1, (4 << 20) / source.Length);
        for (var total = Stopwatch.StartNew(); total.Elapsed.TotalSeconds < seconds;)
        {
            for (var i = 0; i < runs.Count; i++)
            {
                var start = Stopwatch.GetTimestamp();
                for (var repeat = 0; repeat < repeats; repeat++)
                {
                    runs[i]();
                }

                best[i] = Math.Min(best[i], Stopwatch.GetElapsedTime(start).TotalSeconds / repeats);
            }
        }

        if (runs.Count > 1 && !expected.AsSpan().SequenceEqual(destination))
        {
            throw new InvalidOperationException("ISA-L and the kernel do not agree.");
        }

        return (source.Length / best[0] / 1e9, runs.Count > 1 ? source.Length / best[1] / 1e9 : null);
    }
}
