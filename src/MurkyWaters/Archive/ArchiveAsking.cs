using System.Collections.Immutable;
using System.Net.Sockets;
using MurkyWaters.Cluster;
using MurkyWaters.Fetching;
using PouringRain.Network;
using PouringRain.Protocol;
using PouringRain.Protocol.Archiving;
using PouringRain.Protocol.Cluster;

namespace MurkyWaters.Archive;

/// <summary>Asks nodes about pieces, this one among them. Thread-safe.</summary>
internal sealed class ArchiveAsking(NodeId self, ArchiveAgent agent, ClusterNodes nodes, IRainTransport transport, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);

    private readonly TokenCache _tokens = new();

    /// <summary>The nodes that answer, this one first.</summary>
    public IEnumerable<ClusterNode> Reachable => nodes.Nodes.Where(node => node.IsSelf
        || (node.State is MemberState.Up or MemberState.Draining or MemberState.Late && !node.Addresses.IsEmpty));

    /// <summary>Asks one.</summary>
    /// <param name="node">Whom.</param>
    /// <param name="order">What; the serial is drawn here.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>What it says; null when it does not answer.</returns>
    public async Task<ArchiveReport?> AskAsync(NodeId node, ArchiveOrder order, CancellationToken cancellationToken)
    {
        order = order with { Serial = RandomNumber.Draw() | 1 };
        if (node == self)
        {
            return await agent.DoAsync(order);
        }

        var addresses = nodes.Nodes.FirstOrDefault(known => known.Id == node)?.Addresses ?? [];
        if (addresses.IsEmpty)
        {
            return null;
        }

        var answered = new TaskCompletionSource<ArchiveReport?>(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            transport.Ask(
                new ArchiveQuestion(self, node, addresses, order, _tokens, time.GetInstant(), Patience),
                report => answered.TrySetResult(report));
            return await answered.Task.WaitAsync(Patience + Patience, time, cancellationToken);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException or TimeoutException)
        {
            return null;
        }
    }

    /// <summary>Asks many at once.</summary>
    /// <returns>What each says that answers.</returns>
    public async Task<ImmutableArray<(NodeId Node, ArchiveReport Report)>> AskAllAsync(
        IEnumerable<NodeId> asked, ArchiveOrder order, CancellationToken cancellationToken)
    {
        var all = await Task.WhenAll(asked.Select(async node => (Node: node, Report: await AskAsync(node, order, cancellationToken))));
        return [.. all.Where(answer => answer.Report is not null).Select(answer => (answer.Node, answer.Report!))];
    }
}
