using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Simulation;

// dotnet run -c Release --project tests/Simulation -- --seeds N [--first N]
// dotnet run -c Release --project tests/Simulation -- --fuzz N [--first N]
// dotnet run -c Release --project tests/Simulation -- --table MB > tests/Simulation/table.md
long seeds = 200, first = 1, fuzz = 0, table = 0;
for (var i = 0; i + 1 < args.Length; i += 2)
{
    var value = long.Parse(args[i + 1], CultureInfo.InvariantCulture);
    switch (args[i])
    {
        case "--seeds":
            seeds = value;
            break;
        case "--first":
            first = value;
            break;
        case "--fuzz":
            fuzz = value;
            break;
        case "--table":
            table = value;
            break;
        default:
            Console.Error.WriteLine($"What is {args[i]}? Use --seeds N [--first N] or --fuzz N [--first N] or --table MB.");
            return 2;
    }
}

var watch = Stopwatch.StartNew();
if (table > 0)
{
    Console.Write(Table.Write((int)table));
    return 0;
}

if (fuzz > 0)
{
    var fuzzer = new Fuzz((ulong)first);
    fuzzer.Run(fuzz / 10);
    var before = GC.GetTotalMemory(forceFullCollection: true);
    fuzzer.Run(fuzz - (fuzz / 10));
    var after = GC.GetTotalMemory(forceFullCollection: true);
    Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{fuzz} datagrams, {fuzzer.SubscriberCount} subscribers, live memory {before >> 10} KB after a tenth, {after >> 10} KB at the end, {watch.Elapsed.TotalSeconds:F1} s"));
    return 0;
}

var failures = 0;
var count = (int)Math.Min(seeds, int.MaxValue);
Parallel.ForEach(
    Partitioner.Create(Enumerable.Range(0, count), EnumerablePartitionerOptions.NoBuffering),
    index =>
    {
        var seed = first + index;
        var scenario = new Scenario((ulong)seed);
        IReadOnlyList<string> broken;
        try
        {
            scenario.Run();
            broken = scenario.Broken;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            broken = [exception.ToString()];
        }

        if (seeds == 1 || broken.Count > 0)
        {
            var lines = broken.Take(5).Select(promise => $"  broken: {promise}")
                .Prepend($"seed {seed}: {scenario.Description}")
                .Concat(broken.Count > 0 ? [$"  dotnet run -c Release --project tests/Simulation -- --seeds 1 --first {seed}"] : []);
            Interlocked.Add(ref failures, broken.Count > 0 ? 1 : 0);
            Console.WriteLine(string.Join(Environment.NewLine, lines));
        }
    });

Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{seeds} seeds from {first}: {failures} with broken promises, {watch.Elapsed.TotalSeconds:F1} s"));
return failures == 0 ? 0 : 1;
