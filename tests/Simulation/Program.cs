using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Simulation;
using Simulation.Cluster;
using Simulation.Deployments;
using Simulation.Fetches;
using Simulation.Groups;
using Simulation.Stores;
using Simulation.Swarms;

// dotnet run -c Release --project tests/Simulation -- --seeds N [--first N]
// dotnet run -c Release --project tests/Simulation -- --fetches N [--first N]
// dotnet run -c Release --project tests/Simulation -- --stores N [--first N]
// dotnet run -c Release --project tests/Simulation -- --clusters N [--first N --planted 1|2|3]
// dotnet run -c Release --project tests/Simulation -- --deployments N [--first N --planted 1|2|3|4]
// dotnet run -c Release --project tests/Simulation -- --fuzz N [--first N]
// dotnet run -c Release --project tests/Simulation -- --table MB > tests/Simulation/table.md
// dotnet run -c Release --project tests/Simulation -- --sharing SECONDS [--only TEXT]
// dotnet run -c Release --project tests/Simulation -- --transfers SECONDS [--seeds N --only TEXT]
// dotnet run -c Release --project tests/Simulation -- --first-byte-table SEEDS [--only TEXT] > tests/Simulation/beginnings.md
// dotnet run -c Release --project tests/Simulation -- --swarm NODES [--first SEED --blocks N --ordered 1
// --ceiling SHARE --loss PERCENT --megabits M]
// dotnet run -c Release --project tests/Simulation -- --swarms N [--first N --planted 1|2]
// dotnet run -c Release --project tests/Simulation -- --swarm-model 1 [--only TEXT]
// dotnet run -c Release --project tests/Simulation -- --swarm-table BLOCKS [--seeds N --only TEXT] > tests/Simulation/swarms.md
// dotnet run -c Release --project tests/Simulation -- --group-table SEEDS [--only TEXT] > tests/Simulation/groups.md
// dotnet run -c Release --project tests/Simulation -- --groups N [--first N --planted 1|2]
// dotnet run -c Release --project tests/Simulation -- --group RECEIVERS [--first SEED --seeds N --loss PERCENT --megabits M --mb N
// --block-kb N --worst PERCENT --slower TIMES --sealed 1 --scaled 1]
// dotnet run -c Release --project tests/Simulation -- --flows rain,cubic+500 [--seconds S
// --megabits M --rtt MS --loss PERCENT --queue BDP --step S]
long seeds = 200, first = 1, fuzz = 0, table = 0, fetches = 0, stores = 0, clusters = 0, planted = 0, deployments = 0;
long firstByteTable = 0;
long swarmModel = 0, swarmTable = 0, swarm = 0, swarms = 0, blocks = 256;
long group = 0, groups = 0, groupTable = 0, groupMb = 32, groupBlockKb = 1024, slower = 0;
double worst = 0;
bool isOrdered = false, isSealed = false, isScaled = false;
var ceiling = 0.97;
string flows = "", only = "";
double transfers = 0, seconds = 30, loss = 0, products = 1, step = 1;
int? megabits = null;
int roundTrip = 40, sharing = 0;
for (var i = 0; i + 1 < args.Length; i += 2)
{
    if (args[i] is "--flows" or "--only")
    {
        (flows, only) = args[i] == "--flows" ? (args[i + 1], only) : (flows, args[i + 1]);
        continue;
    }

    var number = double.Parse(args[i + 1], CultureInfo.InvariantCulture);
    var value = (long)number;
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
        case "--fetches":
            fetches = value;
            break;
        case "--stores":
            stores = value;
            break;
        case "--clusters":
            clusters = value;
            break;
        case "--deployments":
            deployments = value;
            break;
        case "--swarm":
            swarm = value;
            break;
        case "--swarms":
            swarms = value;
            break;
        case "--blocks":
            blocks = value;
            break;
        case "--ordered":
            isOrdered = value != 0;
            break;
        case "--group":
            group = value;
            break;
        case "--group-table":
            groupTable = value;
            break;
        case "--groups":
            groups = value;
            break;
        case "--mb":
            groupMb = value;
            break;
        case "--block-kb":
            groupBlockKb = value;
            break;
        case "--worst":
            worst = number;
            break;
        case "--slower":
            slower = value;
            break;
        case "--sealed":
            isSealed = value != 0;
            break;
        case "--scaled":
            isScaled = value != 0;
            break;
        case "--ceiling":
            ceiling = number;
            break;
        case "--swarm-table":
            swarmTable = value;
            break;
        case "--swarm-model":
            swarmModel = value;
            break;
        case "--planted":
            planted = value;
            break;
        case "--table":
            table = value;
            break;
        case "--seconds":
            seconds = number;
            break;
        case "--megabits":
            megabits = (int)number;
            break;
        case "--rtt":
            roundTrip = (int)number;
            break;
        case "--loss":
            loss = number;
            break;
        case "--sharing":
            sharing = (int)number;
            break;
        case "--transfers":
            transfers = number;
            break;
        case "--first-byte-table":
            firstByteTable = value;
            break;
        case "--step":
            step = number;
            break;
        case "--queue":
            products = number;
            break;
        default:
            Console.Error.WriteLine($"What is {args[i]}? Use --seeds N [--first N] or --fuzz N [--first N] or --table MB or --flows LIST.");
            return 2;
    }
}

if (flows.Length > 0)
{
    FlowTrace.Write(flows, seconds, megabits ?? 50, roundTrip, (int)(loss * 10_000), products, step);
    return 0;
}

if (transfers > 0)
{
    var text = new System.Text.StringBuilder();
    TransferTable.Write(text, transfers, (int)Math.Min(seeds, 200), only);
    Console.Write(text);
    return 0;
}

if (firstByteTable > 0)
{
    Console.Write(BeginningTable.Write((int)Math.Min(firstByteTable, 50), only));
    return 0;
}

if (sharing > 0)
{
    var text = new System.Text.StringBuilder();
    SharingTable.Write(text, sharing, only);
    Console.Write(text);
    return 0;
}

if (swarm > 0)
{
    var clock = Stopwatch.StartNew();
    var result = new SwarmScenario
    {
        NodeCount = (int)swarm,
        RateBytesPerSecond = (megabits ?? 20) * 125_000L,
        BlockCount = (int)blocks,
        Seed = (ulong)first,
        IsOrdered = isOrdered,
        Ceiling = ceiling,
        LossPerMillion = (int)(loss * 10_000),
    }.Run();
    Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{swarm} nodes, {blocks} blocks: first {result.Times[0]:F3}, median {result.Median:F3}, last {result.Last:F3} of size / rate; "
        + $"the seeder sent {result.Seeded:F3} of the size, all {result.Sent:F3} of what was fetched; {clock.Elapsed.TotalSeconds:F1} s"));
    return 0;
}

if (group > 0)
{
    for (var seed = first; seed < first + Math.Min(seeds, 100); seed++)
    {
        var clock = Stopwatch.StartNew();
        var run = new GroupRun
        {
            Receivers = (int)group,
            LossPerMillion = (int)(loss * 10_000),
            WorstPerMillion = (int)(worst * 10_000),
            Slower = (int)slower,
            Megabits = megabits ?? 50,
            Bytes = (int)groupMb << 20,
            BlockBytes = (int)groupBlockKb << 10,
            Seed = (ulong)seed,
            IsSealed = isSealed,
            IsScaled = isScaled,
        }.Run();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{group} receivers: {run.Time:F3} of size / rate, all {run.LastTime:F3}, sent {run.Sent:F4} of the size, {run.EndReason}, "
            + $"feedback {run.Feedback}, repair {run.SenderFigures!.RepairDroplets} of {run.SenderFigures.Droplets}, "
            + $"needs {run.SenderFigures.Needs}; {run.Note} {clock.Elapsed.TotalSeconds:F1} s"));
    }

    return 0;
}

if (swarmTable > 0)
{
    var text = new System.Text.StringBuilder();
    SwarmHarmTable.Write(text, (int)swarmTable, (int)Math.Min(seeds, 5), only);
    Console.Write(text);
    return 0;
}

if (swarmModel > 0)
{
    var text = new System.Text.StringBuilder();
    SwarmModelTable.Write(text, only);
    Console.Write(text);
    return 0;
}

if (fetches > 0)
{
    return FetchRuns.Run(first, fetches);
}

if (clusters > 0)
{
    return TrialRuns.Run("clusters", first, clusters, seed => new ClusterScenario(seed, (ClusterFault)planted));
}

if (deployments > 0)
{
    return TrialRuns.Run(
        "deployments", first, deployments, seed => new DeploymentScenario(seed, (DeploymentFault)planted),
        scenario => scenario.Phase.ToString());
}

if (groupTable > 0)
{
    var text = new System.Text.StringBuilder();
    GroupTable.Write(text, (int)Math.Min(groupTable, 20), only);
    Console.Write(text);
    return 0;
}

if (groups > 0)
{
    return TrialRuns.Run("groups", first, groups, seed => new GroupTrial(seed, (GroupFault)planted));
}

if (swarms > 0)
{
    return TrialRuns.Run("swarms", first, swarms, seed => new SwarmTrial(seed, (SwarmFault)planted));
}

if (stores > 0)
{
    return StoreRuns.Run(first, stores);
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
        $"{fuzz} datagrams, {fuzzer.SubscriberCount} subscribers, live memory {before >> 10} KB after a tenth, {after >> 10} KB at the "
        + $"end, {watch.Elapsed.TotalSeconds:F1} s"));
    return 0;
}

var failures = 0;
var count = (int)Math.Min(seeds, int.MaxValue);
Parallel.ForEach(
    Partitioner.Create(Enumerable.Range(0, count), EnumerablePartitionerOptions.NoBuffering),
    new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount },
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

Console.WriteLine(
    string.Create(
        CultureInfo.InvariantCulture, $"{seeds} seeds from {first}: {failures} with broken promises, {watch.Elapsed.TotalSeconds:F1} s"));
return failures == 0 ? 0 : 1;
