using Benchmarks;
using Benchmarks.Codes;
using Benchmarks.Network;

// Each command is a class of its own; a new one is a line here.
Command[] commands =
[
    new("codes", "[--k 745,1000] [--code raptorq|lt] [--json FILE] [--svg FILE] [--quick]  speed of the codes", CodesCommand.Run),
    new("vectors", "FILE  checks test vectors of RFC 6330", VectorsCommand.Run),
    new("plans", "[--k 745,1000]  what encoding plans consist of", PlansCommand.Run),
    new("failures", "[--sets 100000] [--k 10,26,101,745]  how often random sets of symbols do not decode", FailuresCommand.Run),
    new("rain", "[MIB [RUNS]]  rain over a loopback inside one process", RainBenchmark.Run),
];

if (args.Length > 0 && commands.FirstOrDefault(command => command.Name == args[0]) is { } chosen)
{
    return chosen.Run(args[1..]);
}

foreach (var command in commands)
{
    Console.WriteLine($"{command.Name} {command.Usage}");
}

return 2;
