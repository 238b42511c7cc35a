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
internal sealed class PartsChain(CodingCalls calls, ILogger logger)
{
    /// <summary>Whether nodes can give each other programs at all.</summary>
    public bool IsPossible => calls.IsPossible;

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
        var chain = new List<CodingCall>();
        ArchiveLog.ChainBegins(logger, shape.Id, shape.Code.Name, nodes.Length);
        try
        {
            for (var i = 0; i < nodes.Length; i++)
            {
                var set = held[nodes[i]];
                chain.Add(new CodingCall(
                    nodes[i], string.Create(CultureInfo.InvariantCulture, $"chain-{name}-{i}"),
                    programs.Encode(
                        i, part => PartOf(shape, set, part), PieceName.Of(shape, i).ToString(), i == 0 ? default : chain[^1].Place)));
            }

            await calls.BeginAllAsync(chain, cancellation);
            return true;
        }
        catch (IOException error)
        {
            ArchiveLog.ChainFailed(logger, shape.Id, error.Message);
            return false;
        }
    }

    private static string PartOf(PieceShape shape, PieceSet held, int part) => new PieceName(
        shape.Id, shape.Parent.Version.Tag, ErasureCodes.Parts,
        ArchivePlaces.ReplicaAt(held, part) ?? throw new IOException($"A node of the chain has not part {part}.")).ToString();
}
