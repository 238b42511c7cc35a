using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using MurkyWaters.Store;
using PouringRain.Network;
using PouringRain.Protocol;
using PouringRain.Protocol.Deploying;
using PouringRain.Protocol.Grouping;

namespace MurkyWaters.Deploying;

/// <summary>Rains what is deployed on a group, and listens there. What does not come on it, for whatever reason, is fetched in company with
/// the others, with what did. Thread-safe.</summary>
internal sealed class DeployGroups
{
    /// <summary>Where no rate is asked for it is found out, up to this.</summary>
    private const long RateBitsMost = 10_000_000_000;

    /// <summary>All of it once, and once what somebody lacks: the rest is quicker had from all that have it by then.</summary>
    private const int RoundCount = 2;

    /// <summary>How long receivers are waited for. Fewer than two are no group.</summary>
    private static readonly TimeSpan WaitAtMost = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(5);

    private readonly DeployGroupOptions _options;
    private readonly SealSettings? _seal;
    private readonly ResourceStore _store;
    private readonly ILogger _logger;

    public DeployGroups(DeployGroupOptions options, SealSettings? seal, ResourceStore store, ILogger logger) =>
        (_options, _seal, _store, _logger) = (options, seal, store, logger);

    /// <summary>The group that is taken when none is named; null when there is none.</summary>
    public string? First => _options.Groups is [var first, ..] ? first.ToString() : null;

    /// <summary>Whether it listens and rains there.</summary>
    public bool Has(string group) => IPEndPoint.TryParse(group, out var endPoint) && _options.Groups.Contains(endPoint);

    /// <summary>Rains it for a wave; null when that cannot be, which is logged.</summary>
    /// <param name="order">What, and where.</param>
    /// <param name="receivers">How many it is for.</param>
    public GroupSending? TrySend(DeployOrder order, int receivers)
    {
        if (receivers < 2 || !Has(order.Group) || _store.Find(order.Resource, order.Version.Tag) is not { IsComplete: true } content)
        {
            return null;
        }

        try
        {
            return GroupSending.Start(
                SocketOf(order),
                new GroupSenderOptions
                {
                    Group = default,
                    TokenKey = default,
                    RateBitsPerSecond = order.RateBytesPerSecond > 0 ? 8 * order.RateBytesPerSecond : RateBitsMost,
                    IsRateAutomatic = order.RateBytesPerSecond == 0,
                    WaitForReceivers = receivers,
                    WaitAtMost = WaitAtMost,
                    ReceiversAtLeast = 2,
                    Rounds = RoundCount,
                    Linger = Linger,
                },
                order.Resource, content, _seal, _logger);
        }
        catch (Exception error) when (error is SocketException or IOException)
        {
            DeployLog.NoGroup(_logger, order.Deployment, order.Group, error.Message);
            return null;
        }
    }

    /// <summary>Listens for it; null when that cannot be, which is logged.</summary>
    /// <param name="order">What, and where.</param>
    /// <param name="node">Who listens.</param>
    /// <param name="sink">Where it goes.</param>
    public GroupReceiving? TryReceive(DeployOrder order, NodeId node, IGroupSink sink)
    {
        try
        {
            return GroupReceiving.Start(
                SocketOf(order),
                new GroupReceiverOptions { Identity = node, Resource = order.Resource, Version = order.Version },
                sink, _seal, _logger);
        }
        catch (Exception error) when (error is SocketException or IOException)
        {
            DeployLog.NoGroup(_logger, order.Deployment, order.Group, error.Message);
            return null;
        }
    }

    /// <exception cref="IOException">There is no such interface.</exception>
    private GroupSocketOptions SocketOf(DeployOrder order)
    {
        var group = IPEndPoint.Parse(order.Group);
        var by = _options.Interface.Length == 0 ? GroupInterface.For(group.Address) : GroupInterface.Find(_options.Interface);
        return new GroupSocketOptions
        {
            Group = group,
            Interface = by ?? throw new IOException(_options.Interface.Length == 0
                ? $"The system has no route to {group.Address}." : $"There is no interface {_options.Interface}."),
            Hops = _options.Hops,
        };
    }
}
