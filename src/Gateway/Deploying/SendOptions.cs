using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using PouringRain.Network;
using PouringRain.Protocol.Broadband;

namespace Gateway.Deploying;

/// <summary>What <c>--send</c> is told.</summary>
internal sealed record SendOptions
{
    private static readonly string[] Names =
    [
        "--send", "--group", "--broadband", "--rate", "--interface", "--ttl", "--wait", "--quorum", "--secret", "--rounds", "--allow",
        "--port",
    ];

    /// <summary>Unless <c>--wait</c> says how long.</summary>
    private static readonly TimeSpan WaitAtMost = TimeSpan.FromMinutes(5);

    /// <summary>All of it once, then what somebody lacks: who came late, or loses much. What is missing after that is sent to each
    /// alone.</summary>
    private const int RoundCount = 3;

    /// <summary>Unless <c>--rate</c> says something else; and the most that it finds out by itself.</summary>
    private const long RateBits = 100_000_000, RateBitsMost = 10_000_000_000;

    /// <summary>A file, a device, or <c>-</c>.</summary>
    public required string Path { get; init; }

    /// <summary>How the receivers are reached.</summary>
    public required GroupSocketOptions Socket { get; init; }

    /// <summary>Whether the seed's format is spoken.</summary>
    public bool IsBroadband { get; init; }

    /// <summary>Bytes a second on the wire.</summary>
    public long RateBytesPerSecond { get; init; }

    /// <summary>Whether that is the most, and the rate follows what receivers get.</summary>
    public bool IsRateAutomatic { get; init; }

    /// <summary>Receivers that are waited for; 0 for none.</summary>
    public int WaitCount { get; init; }

    /// <summary>How long they are waited for.</summary>
    public TimeSpan WaitMax { get; init; }

    /// <summary>Receipts that are enough; 0: as many as receivers announced themselves.</summary>
    public int Quorum { get; init; }

    /// <summary>Seals every datagram; empty for none.</summary>
    public string Secret { get; init; } = "";

    /// <summary>Times that all, and then what somebody lacks, is rained at the most; 0 for as long as somebody lacks something.</summary>
    public int Rounds { get; init; }

    /// <summary>The networks whose clients of the seed's format are answered.</summary>
    public ImmutableArray<IPNetwork> Allowed { get; init; } = [];

    /// <summary>Whether progress is JSON.</summary>
    public bool IsJson { get; init; }

    /// <summary>Reads the command line.</summary>
    public static SendOptions Read(string[] args, out IReadOnlyList<string> mistakes)
    {
        var given = new DeployArguments(args, "--send", Names, ["--broadcast", "--json"]);
        var path = given.Text("--send");
        if (path.Length > 0 && path != "-" && !File.Exists(path))
        {
            given.Complain("--send", Directory.Exists(path) ? "is a folder; a file is wanted, such as an archive of it."
                : "there is no such file; one is wanted, or - for standard input.");
        }

        var isBroadband = given.Has("--broadband");
        var group = isBroadband ? BroadbandGroup(given) : given.EndPoint("--group", "239.77.0.1:7855");
        var isBroadcast = isBroadband || given.Has("--broadcast");
        GroupArguments.CheckGroup(given, group, isBroadcast);
        var by = given.Interface("--interface", group.Address);
        var allowed = given.Networks("--allow") ?? (by?.Networks ?? [])
            .Where(network => network.BaseAddress.AddressFamily == AddressFamily.InterNetwork).ToList();
        var (rate, isAutomatic) = isBroadband ? (given.Rate("--rate", RateBits), false)
            : given.RateOrAutomatic("--rate", RateBits, RateBitsMost);
        GroupArguments.Refuse(
            given, isBroadband ? ["--group", "--secret", "--ttl", "--broadcast", "--port"] : ["--allow"], "--broadband", isBroadband);
        var (waitCount, waitMax) = given.Wait("--wait", WaitAtMost);
        var options = new SendOptions
        {
            Path = path,
            Socket = new GroupSocketOptions
            {
                Group = group,
                Interface = by,
                IsBroadcast = isBroadcast,
                Hops = given.Number("--ttl", 1, 0, 255),
                SenderPort = given.Number("--port", 0, 1, ushort.MaxValue),
            },
            IsBroadband = isBroadband,
            RateBytesPerSecond = rate,
            IsRateAutomatic = isAutomatic,
            WaitCount = waitCount,
            WaitMax = waitMax,
            Quorum = given.Number("--quorum", 0, 1, 1_000_000),
            Secret = given.Secret("--secret"),
            Rounds = given.Number("--rounds", isBroadband ? 16 : RoundCount, 0, 1_000_000),
            Allowed = [.. allowed],
            IsJson = given.Has("--json"),
        };
        mistakes = given.Mistakes;
        return options;
    }

    private static IPEndPoint BroadbandGroup(DeployArguments given)
    {
        if (IPAddress.TryParse(given.Text("--broadband"), out var address) && address.AddressFamily == AddressFamily.InterNetwork)
        {
            return new IPEndPoint(address, BroadbandFormat.ClientPort);
        }

        given.Complain("--broadband", "the broadcast address of the clients' network is wanted, like 192.168.1.255.");
        return new IPEndPoint(IPAddress.Loopback, BroadbandFormat.ClientPort);
    }
}
