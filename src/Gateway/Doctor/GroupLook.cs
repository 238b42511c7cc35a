using System.Globalization;
using System.Net.Sockets;
using Gateway.Deploying;
using Microsoft.Extensions.Logging.Abstractions;
using PouringRain.Network;

namespace Gateway.Doctor;

/// <summary><c>Gateway --doctor --group ADDRESS:PORT</c>: looks whether a group passes between the machines on which this runs at the same
/// time, and what a group needs of this one.</summary>
internal static class GroupLook
{
    private static readonly string[] Names = ["--group", "--interface", "--ttl", "--wait"];

    /// <summary>Long enough to start it by hand on two machines.</summary>
    private static readonly TimeSpan LookFor = TimeSpan.FromSeconds(20);

    /// <summary>Whether that is what is wanted.</summary>
    public static bool IsAsked(string[] args) =>
        args.Any(argument => argument == "--group" || argument.StartsWith("--group=", StringComparison.Ordinal));

    /// <summary>Reads the command line; the mistakes in it, when there are any.</summary>
    public static IReadOnlyList<string> Read(string[] args, out GroupSocketOptions options, out TimeSpan duration)
    {
        var given = new DeployArguments(
            [.. args.Where(argument => argument is not ("--doctor" or "doctor" or "--json"))], "--doctor", Names, ["--broadcast"]);
        var group = given.EndPoint("--group", "239.77.0.1:7855");
        GroupArguments.CheckGroup(given, group, given.Has("--broadcast"));
        options = new GroupSocketOptions
        {
            Group = group,
            Interface = given.Interface("--interface", group.Address),
            IsBroadcast = given.Has("--broadcast"),
            Hops = given.Number("--ttl", 1, 0, 255),
        };
        duration = given.Duration("--wait") ?? LookFor;
        return given.Mistakes;
    }

    /// <summary>Looks.</summary>
    public static async IAsyncEnumerable<Finding> LookAsync(string[] args)
    {
        var mistakes = Read(args, out var options, out var duration);
        foreach (var mistake in mistakes)
        {
            yield return Finding.Problem("arguments", mistake, "Correct it; --help lists every argument.");
        }

        if (mistakes.Count > 0)
        {
            yield break;
        }

        yield return Finding.Ok("interface", $"{options.Group} is reached by {options.Interface}.");
        yield return options.Hops > 1 || options.IsBroadcast ? Finding.Ok("ttl", Text($"{options.Hops}: up to {options.Hops - 1} routers."))
            : Finding.Ok("ttl", "1: what is sent stays on this link. --ttl says otherwise, here as of --send.");
        GroupProbeResult? result = null;
        var trouble = "";
        try
        {
            result = await Task.Run(() => GroupProbing.Look(options, duration, NullLogger.Instance));
        }
        catch (SocketException e)
        {
            trouble = e.Message;
        }

        if (result is null)
        {
            yield return Finding.Problem("group", $"{options.Group} cannot be joined: {trouble}.", "Choose another --interface.");
            yield break;
        }

        foreach (var finding in Of(options, result, duration))
        {
            yield return finding;
        }
    }

    /// <summary>What a look has come to.</summary>
    public static IEnumerable<Finding> Of(GroupSocketOptions options, GroupProbeResult result, TimeSpan duration)
    {
        if (result.ReceiveBufferBytes < result.ReceiveBufferAsked)
        {
            yield return Finding.Warning(
                "buffer", Text($"The receive buffer has {result.ReceiveBufferBytes} bytes, of {result.ReceiveBufferAsked} asked for."),
                Text($"sysctl -w net.core.rmem_max={result.ReceiveBufferAsked}, for rates beyond some 100 Mbit/s."));
        }
        else
        {
            yield return Finding.Ok("buffer", Text($"The receive buffer has {result.ReceiveBufferBytes} bytes."));
        }

        if (!options.IsBroadcast)
        {
            yield return result.IsQueried switch
            {
                true => Finding.Ok("querier", "Somebody asks who is in which group: switches know where to send it."),
                false => Finding.Warning(
                    "querier", Text($"Nobody asked who is in which group for {duration.TotalSeconds:0} s, as a querier does every 125 s."),
                    "Look with --wait 130s. Without a querier, switches that snoop cut a group off after minutes: enable one on a switch."),
                null => Finding.Warning(
                    "querier", "Whether somebody asks who is in which group cannot be seen without a raw socket.", "Run this as root."),
            };
        }

        foreach (var peer in result.Peers)
        {
            var address = peer.Address.ToIPEndPoint().Address;
            yield return peer.HeardOfOwn > 0
                ? Finding.Ok("passes", Text($"From and to {address}: {peer.Heard} probes came, loss {100 * peer.Loss:0.#} %."))
                : Finding.Problem(
                    "passes", Text($"From {address} {peer.Heard} probes came, and it has heard none of this machine's."),
                    "Look at its interface (--interface), at its firewall, and at the switch between.");
        }

        if (result.Peers.Count == 0)
        {
            yield return Finding.Problem(
                "passes", Text($"No other machine was heard in {duration.TotalSeconds:0} s, of {result.Sent} probes sent."),
                "Run the same on another machine at the same time. If it runs there, multicast does not pass: --port and --sender have "
                + "receivers fetch by unicast.");
        }
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
