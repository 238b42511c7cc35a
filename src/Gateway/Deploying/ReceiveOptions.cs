using System.Net;
using System.Net.Sockets;
using PouringRain.Network;
using PouringRain.Protocol.Broadband;

namespace Gateway.Deploying;

/// <summary>What <c>--receive</c> is told.</summary>
internal sealed record ReceiveOptions
{
    private static readonly string[] Names =
        ["--group", "--broadband", "--write", "--interface", "--source", "--sender", "--secret", "--wait"];

    /// <summary>A file, a device, or <c>-</c>.</summary>
    public required string Path { get; init; }

    /// <summary>How the group is heard.</summary>
    public required GroupSocketOptions Socket { get; init; }

    /// <summary>The server of the seed's format; null when that is not spoken.</summary>
    public IPAddress? BroadbandServer { get; init; }

    /// <summary>Where the sender is to be found when the group does not pass; null to take what comes on the group.</summary>
    public IPEndPoint? Sender { get; init; }

    /// <summary>The secret of what is received; empty for none.</summary>
    public string Secret { get; init; } = "";

    /// <summary>How long to wait until something comes; null for ever.</summary>
    public TimeSpan? WaitMax { get; init; }

    /// <summary>Whether progress is JSON.</summary>
    public bool IsJson { get; init; }

    /// <summary>Reads the command line.</summary>
    public static ReceiveOptions Read(string[] args, out IReadOnlyList<string> mistakes)
    {
        var given = new DeployArguments(
            [.. args.Where(argument => argument != "--receive")], "--receive", Names, ["--broadcast", "--json"]);
        if (!given.Has("--write"))
        {
            given.Complain("--write", "a file, a device, or - for standard output is wanted after it.");
        }

        IPAddress? server = null;
        if (given.Has("--broadband") && (!IPAddress.TryParse(given.Text("--broadband"), out server)
            || server.AddressFamily != AddressFamily.InterNetwork))
        {
            given.Complain("--broadband", "the server's address is wanted, like 192.168.1.10.");
        }

        var isBroadband = given.Has("--broadband");
        var group = isBroadband ? new IPEndPoint(server ?? IPAddress.Loopback, BroadbandFormat.ClientPort)
            : given.EndPoint("--group", "239.77.0.1:7855");
        GroupArguments.CheckGroup(given, group, given.Has("--broadcast"));
        GroupArguments.Refuse(
            given, isBroadband ? ["--group", "--secret", "--source", "--sender", "--broadcast"] : [], "--broadband", isBroadband);
        var source = given.Address("--source", group.AddressFamily);
        if (source is null && given.Has("--group") && GroupArguments.IsSourceSpecific(group.Address))
        {
            given.Complain("--source", $"the sender's address is wanted, since {group.Address} is a group of one sender each.");
        }

        var options = new ReceiveOptions
        {
            Path = given.Text("--write"),
            Socket = new GroupSocketOptions
            {
                Group = group,
                Interface = isBroadband && !given.Has("--interface") ? null : given.Interface("--interface", group.Address),
                IsBroadcast = isBroadband || given.Has("--broadcast"),
                Source = source,
            },
            BroadbandServer = server,
            Sender = given.Has("--sender") ? given.EndPoint("--sender", "192.168.1.10:7856") : null,
            Secret = given.Secret("--secret"),
            WaitMax = given.Duration("--wait"),
            IsJson = given.Has("--json"),
        };
        mistakes = given.Mistakes;
        return options;
    }
}
