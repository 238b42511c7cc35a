using System.Collections.Immutable;
using System.Globalization;
using Microsoft.Extensions.Logging;
using PouringRain.Coding.Erasure;
using PouringRain.Network;
using PouringRain.Protocol;

namespace MurkyWaters.Archive;

/// <summary>
/// Has parts encoded where they lie: node after node of a code's chain adds its own to what passes, by programs, and keeps a piece, so that
/// every link carries one piece's worth. Thread-safe.
/// </summary>
internal sealed class PartsChain(
    NodeId self, CodingDesk desk, ICodingNetwork? network, Func<NodeId, CodingPeer?> findPeer, TimeProvider time, ILogger logger)
{
    /// <summary>A node that takes no program within so long is not waited for.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <summary>Whether nodes can give each other programs at all.</summary>
    public bool IsPossible => network is not null;

    /// <summary>Begins it; the pieces come to be, all at about the same time, at their nodes.</summary>
    /// <param name="shape">What the pieces are to be of.</param>
    /// <param name="nodes">The nodes of the chain, in their order.</param>
    /// <param name="held">What each has of the parts.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <returns>Whether all have begun; otherwise none goes on.</returns>
    /// <exception cref="OperationCanceledException">It was ended.</exception>
    public async Task<bool> TryBeginAsync(
        PieceShape shape, ImmutableArray<NodeId> nodes, IReadOnlyDictionary<NodeId, PieceSet> held, CancellationToken cancellation)
    {
        var programs = new ChainPrograms(shape.Code, shape.Cells.PieceLength);
        var name = RandomNumber.Draw().ToString("x16", CultureInfo.InvariantCulture);
        var begun = new List<CodingPlace>();
        var place = default(CodingPlace);
        ArchiveLog.ChainBegins(logger, shape.Id, shape.Code.Name, nodes.Length);
        try
        {
            for (var i = 0; i < nodes.Length; i++)
            {
                var set = held[nodes[i]];
                var program = programs.Encode(i, part => PartOf(shape, set, part), PieceName.Of(shape, i).ToString(), place);
                place = new CodingPlace(nodes[i].ToString(), string.Create(CultureInfo.InvariantCulture, $"chain-{name}-{i}"));
                await BeginAsync(nodes[i], place.Work, program, cancellation);
                begun.Add(place);
            }

            return true;
        }
        catch (IOException error)
        {
            ArchiveLog.ChainFailed(logger, shape.Id, error.Message);
            await Task.WhenAll(begun.Select(StopAsync));
            return false;
        }
    }

    private static string PartOf(PieceShape shape, PieceSet held, int part) => new PieceName(
        shape.Id, shape.Parent.Version.Tag, ErasureCodes.Parts,
        ArchivePlaces.ReplicaAt(held, part) ?? throw new IOException($"A node of the chain has not part {part}.")).ToString();

    private async Task BeginAsync(NodeId node, string work, CodingProgram program, CancellationToken cancellation)
    {
        if (node == self)
        {
            if (desk.TryBegin(program, work) != CodingBegun.Begun)
            {
                throw new IOException("This node runs as many programs as it may.");
            }

            return;
        }

        using var limit = new CancellationTokenSource(Patience, time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            await network!.BeginAsync(findPeer(node) ?? throw new IOException($"Node {node} has gone."), work, program, ending.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new IOException($"Node {node} does not answer.");
        }
    }

    /// <summary>Those that run end by themselves when nobody draws them; told, they end at once.</summary>
    private async Task StopAsync(CodingPlace place)
    {
        try
        {
            if (!desk.TryStop(place.Work) && NodeId.TryParse(place.Node, out var node) && findPeer(node) is { } peer)
            {
                using var limit = new CancellationTokenSource(Patience, time);
                await network!.StopAsync(peer, place.Work, limit.Token);
            }
        }
        catch (Exception error) when (error is IOException or OperationCanceledException)
        {
            // By itself, then.
        }
    }
}
