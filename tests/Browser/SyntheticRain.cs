using System.Text.Json.Nodes;

namespace Browser;

/// <summary>A transfer that is a function of time: as many blocks and servers as wanted, rates
/// that wander, a window of blocks in work.</summary>
internal sealed class SyntheticRain
{
    private const int SymbolsPerBlock = 745;
    private readonly double[] _phases;
    private readonly double[] _losses;

    public SyntheticRain(long id, string resource, int blocks, int servers, TimeSpan duration, int seed, bool failsHalfway = false)
    {
        Id = id;
        Resource = resource;
        Blocks = blocks;
        Duration = duration;
        FailsHalfway = failsHalfway;
        var random = new Random(seed);
        _phases = [.. Enumerable.Range(0, servers).Select(_ => random.NextDouble() * Math.Tau)];
        _losses = [.. Enumerable.Range(0, servers).Select(
            server => server % 3 == 1 ? 0.02 + (0.03 * random.NextDouble()) : 0.001 * random.NextDouble())];
    }

    public long Id { get; }

    public string Resource { get; }

    /// <summary>The name of what it brings.</summary>
    public string? FileName { get; init; }

    public int Blocks { get; }

    public TimeSpan Duration { get; }

    public bool FailsHalfway { get; }

    /// <summary>How many other nodes are said to fetch the same; where there are any, the first server is the seeder, the second is a
    /// neighbour that has got all, every fifth one only gives, and all others give and take.</summary>
    public int PeersKnown { get; init; }

    /// <summary>The transfer as the gateway would tell it.</summary>
    public JsonObject At(TimeSpan elapsed)
    {
        var limit = FailsHalfway ? 0.5 : 1.0;
        var seconds = Math.Min(elapsed.TotalSeconds, Duration.TotalSeconds * limit);
        var isOver = elapsed.TotalSeconds >= Duration.TotalSeconds * limit;
        var share = seconds / Duration.TotalSeconds;
        var decoded = isOver && !FailsHalfway ? Blocks : (int)(Blocks * share);
        var needed = (long)Math.Min(Blocks, decoded + 32) * SymbolsPerBlock;
        var total = (long)(Blocks * share * SymbolsPerBlock * 1.004);
        var sources = new JsonArray();
        var weights = _phases.Select((phase, server) => Integral(phase, seconds, server)).ToArray();
        var sum = Math.Max(1e-9, weights.Sum());
        for (var server = 0; server < _phases.Length; server++)
        {
            var droplets = (long)(total * weights[server] / sum);
            var rate = Blocks * SymbolsPerBlock * 1408.0 / Duration.TotalSeconds * Weight(_phases[server], seconds,
                server) / _phases.Select((phase, other) => Weight(phase, seconds, other)).Sum();
            var role = PeersKnown == 0 || server < 2 ? "seeder" : server % 5 == 4 ? "peer" : "bothWays";
            sources.Add(new JsonObject
            {
                ["role"] = role,
                ["heldBlocks"] = role == "seeder" ? Blocks : Math.Min(Blocks, (int)(decoded * (0.55 + (0.08 * server)))),
                ["givenBytes"] = role == "bothWays" ? GivenBytes(server, decoded) : 0,
                ["named"] = PeersKnown > 0 && server > 0,
                ["endpoint"] = $"10.20.{server / 8}.{11 + (server % 8)}:1980",
                ["state"] = !isOver ? "raining" : FailsHalfway ? "silent" : "done",
                ["droplets"] = droplets,
                ["bytes"] = droplets * 1448,
                ["lost"] = (long)(droplets * _losses[server]),
                ["rttMs"] = 4.2 + (server * 1.7 % 23) + (0.4 * Math.Sin(seconds + _phases[server])),
                ["rateBytesPerSecond"] = isOver ? 0 : (long)rate,
            });
        }

        return new JsonObject
        {
            ["id"] = Id,
            ["resource"] = Resource,
            ["fileName"] = FileName,
            ["state"] = !isOver ? "raining" : FailsHalfway ? "stalled" : "completed",
            ["length"] = (long)Blocks * 1024 * 1024,
            ["receivedBytes"] = (long)decoded * 1024 * 1024,
            ["decodedBlocks"] = decoded,
            ["blocks"] = Blocks,
            ["symbolsNeeded"] = isOver ? (long)decoded * SymbolsPerBlock : needed,
            ["dropletsReceived"] = total,
            ["overhead"] = 1.004,
            ["elapsedMs"] = seconds * 1000,
            ["verdict"] = FailsHalfway && isOver ? "All sources fell silent."
                : isOver ? "The servers sent as fast as they may."
                : "The servers send as fast as they may.",
            ["blockMap"] = BlockMap(decoded, isOver),
            ["peersKnown"] = PeersKnown,
            ["givenBytes"] = Enumerable.Range(0, _phases.Length)
                .Sum(server => PeersKnown == 0 || server < 2 || server % 5 == 4 ? 0 : GivenBytes(server, decoded)),
            ["replaced"] = null,
            ["sources"] = sources,
        };
    }

    private static long GivenBytes(int server, int decoded) => decoded * (20_000L + (6_000 * server));

    /// <summary>Nearly in order: the last blocks of the window are a ragged edge, as with decoders of different luck.</summary>
    private static JsonArray BlockMap(int decoded, bool isOver)
    {
        if (isOver || decoded < 64)
        {
            return [0, decoded];
        }

        var map = new JsonArray(0, decoded - 32);
        var left = 32;
        for (var step = 1; left > 0; step++)
        {
            var run = Math.Min(left, 8 - (step % 8));
            map.Add(1 + (((decoded / 7) + step) % 3));
            map.Add(run);
            left -= run;
        }

        return map;
    }

    private static double Weight(double phase, double seconds, int server) =>
        (1 + (0.35 * Math.Sin((seconds * (0.5 + (0.13 * (server % 5)))) + phase))) * (1 + (0.5 * (server % 4)));

    /// <summary>The integral of <see cref="Weight"/> over time: what a server has sent until now.</summary>
    private static double Integral(double phase, double seconds, int server)
    {
        var frequency = 0.5 + (0.13 * (server % 5));
        return (seconds - (0.35 / frequency * (Math.Cos((seconds * frequency) + phase) - Math.Cos(phase)))) * (1 + (0.5 * (server % 4)));
    }
}
