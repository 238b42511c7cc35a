using Benchmarks;
using Benchmarks.Amplification;
using Benchmarks.Archive;
using Benchmarks.Codes;
using Benchmarks.Deploy;
using Benchmarks.Erasure;
using Benchmarks.Fair;
using Benchmarks.First;
using Benchmarks.Hits;
using Benchmarks.Loopback;
using Benchmarks.Network;
using Benchmarks.Processes;
using Benchmarks.Servers;
using Benchmarks.Soak;
using Benchmarks.Store;
using Benchmarks.Subscribers;
using Benchmarks.Swarm;
using Benchmarks.Upload;
using Benchmarks.Wan;

// Each command is a class of its own; a new one is a line here.
Command[] commands =
[
    new("codes", "[--k 745,1000] [--code raptorq|lt] [--json FILE] [--svg FILE] [--quick]  speed of the codes", CodesCommand.Run),
    new("vectors", "FILE  checks test vectors of RFC 6330", VectorsCommand.Run),
    new("plans", "[--k 745,1000]  what encoding plans consist of", PlansCommand.Run),
    new("failures", "[--sets 100000] [--k 10,26,101,745]  how often random sets of symbols do not decode", FailuresCommand.Run),
    new("chain", "[--seed 1] [--order 10,1,4,3,6,2,7,9,8,5,0] [--seconds 1500]  looks for the coefficients of the erasure code",
        ChainSearch.Run),
    new("erasure", "[--block 65536,1048576] [--quick]  speed of the erasure code, beside ISA-L", ErasureCommand.Run),
    new("rain", "[MIB [RUNS]]  rain over a loopback inside one process", RainBenchmark.Run),
    ProcessBenchmark.Command("loopback", "processes of this machine beside nginx and an nginx proxy (1 GiB)",
        lab: false, ["curl", "nginx"], LoopbackBenchmark.RunAsync),
    ProcessBenchmark.Command("hits", "small resources that are here, beside nginx (1 KiB, 5 s)",
        lab: false, ["curl", "nginx", "wrk"], HitsBenchmark.RunAsync),
    ProcessBenchmark.Command("store", "PUT beside write and fsync, and what many resources cost (1 KiB, 100,000 resources)",
        lab: false, ["curl", "wrk"], StoreBenchmark.RunAsync),
    ProcessBenchmark.Command("mixed", "a store of 50 GiB: start, list, search, scrub, memory (200,000 resources)",
        lab: false, ["curl"], MixedBenchmark.RunAsync),
    ProcessBenchmark.Command("upload", "PUT of a large body beside nginx's dav module with an fsync at its end (1 GiB)",
        lab: false, ["curl", "nginx"], UploadBenchmark.RunAsync),
    ProcessBenchmark.Command("sealed", "what sealing costs: the same rain with a secret and without (1 GiB)",
        lab: false, ["curl"], SealedBenchmark.RunAsync),
    ProcessBenchmark.Command("wan", "one server far away, losses, beside TCP cubic and BBR (12 s a rain)",
        lab: true, ["curl", "nginx"], WanBenchmark.RunAsync),
    ProcessBenchmark.Command("first", "time to a small resource, cold and warm (10 KB)",
        lab: true, ["curl", "nginx"], FirstBenchmark.RunAsync),
    ProcessBenchmark.Command("servers", "one to five servers, beside aria2c (64 MiB)",
        lab: true, ["curl", "nginx", "aria2c"], ServersBenchmark.RunAsync),
    ProcessBenchmark.Command("swarm", "everybody fetches at once from one seeder, beside aria2c and transmission (16 nodes, 64 MiB)",
        lab: true, ["curl", "aria2c", "transmission-cli", "mktorrent"], SwarmBenchmark.RunAsync),
    new("tracker", "ADDRESS:PORT  the BitTorrent tracker of `swarm`", Tracker.Run),
    ProcessBenchmark.Command("deploy", "one file to 8, 32, 64 receivers at once, beside uftp and udpcast (50 Mbit/s, 32 MiB)",
        lab: true, ["uftp", "udp-sender"], DeployBenchmark.RunAsync),
    new("needs", "ADDRESS RATE  the forger of `deploy`", ForgedNeeds.Run),
    ProcessBenchmark.Command("archive", "replicas to pieces, a GET of them, a piece made anew along a path (16 nodes, 50 Mbit/s, 64 MiB)",
        lab: true, ["curl"], ArchiveBenchmark.RunAsync),
    ProcessBenchmark.Command("fair", "beside TCP flows and another rain on one bottleneck (60 s)",
        lab: true, ["curl", "nginx"], FairBenchmark.RunAsync),
    ProcessBenchmark.Command("soak", "loss, cuts, restarts, 20 clients, every byte compared (30 min)",
        lab: true, ["curl"], SoakBenchmark.RunAsync),
    ProcessBenchmark.Command("subscribers", "what one more costs a node, and 10,000 of them (20 s)",
        lab: false, ["curl"], SubscribersBenchmark.RunAsync),
    ProcessBenchmark.Command("amplification", "forged datagrams against a node (2 s)",
        lab: true, ["curl"], AmplificationBenchmark.RunAsync),
    new("forge", "KIND TARGET SOURCE RESOURCE COUNT  the attacker of `amplification`", Forger.Run),
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
