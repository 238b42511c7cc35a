using System.Collections.Immutable;
using PouringRain.Coding.Erasure;
using PouringRain.Protocol;
using PouringRain.Protocol.Archiving;

namespace MurkyWaters.Archive;

// Jobs that begin with parts.
internal sealed partial class ArchiveRun
{
    /// <summary>So long nothing may be seen of a chain: its pieces come to be at its end, and a question may be lost.</summary>
    private static readonly TimeSpan ChainPatience = TimeSpan.FromSeconds(6);

    /// <summary>A chain is run once by each process that has the job; should it come to nothing, the places make their pieces
    /// themselves.</summary>
    private bool _hasRunChain;

    private ArchiveOrder PartsOrder(ArchiveVerb verb) => Order(verb) with { Coding = Record.From };

    private Task<ImmutableArray<(NodeId Node, ArchiveReport Report)>> LookAtPartsAsync(CancellationToken cancellationToken) =>
        asking.AskAllAsync(asking.Reachable.Select(node => node.Id), PartsOrder(ArchiveVerb.Look), cancellationToken);

    private static PieceSet UnionOf(ImmutableArray<(NodeId Node, ArchiveReport Report)> seen) =>
        seen.Aggregate(default(PieceSet), (set, answer) => set.With(new PieceSet(answer.Report.Pieces)));

    private async Task EncodePartsAsync(CancellationToken cancellationToken)
    {
        if (!_hasRunChain && chain.IsPossible)
        {
            _hasRunChain = true;
            await RunChainAsync(cancellationToken);
        }

        var round = 0;
        while (!Array.TrueForAll(_pieces, piece => piece.State == PieceState.Written))
        {
            var seen = await LookAsync(cancellationToken);
            var parts = await LookAtPartsAsync(cancellationToken);
            if (!Code.IsSufficient(UnionOf(seen)) && !ErasureCodes.Parts.IsSufficient(UnionOf(parts))
                && !await IsStillThereAsync(seen, round++, cancellationToken))
            {
                return;
            }

            await TakeAsync(cancellationToken);
            await Task.Delay(Step, time, cancellationToken);
        }

        await GoOnAsync(ArchivePhase.Verifying, "", cancellationToken);
    }

    /// <summary>Runs the chain over the parts where they lie, unless there are pieces already, and waits for it.</summary>
    private async Task RunChainAsync(CancellationToken cancellationToken)
    {
        var pieces = await LookAsync(cancellationToken);
        if (pieces.Any(answer => answer.Report.Pieces != 0)
            || await FindShapeAsync(cancellationToken) is not { Cells.PieceLength: > 0 } shape)
        {
            return;
        }

        var parts = await LookAtPartsAsync(cancellationToken);
        var held = parts.ToDictionary(answer => answer.Node, answer => new PieceSet(answer.Report.Pieces));
        var places = ArchivePlaces.ChooseChain(Code, held);
        if (places.IsEmpty)
        {
            return;
        }

        Volatile.Write(ref _pieces, [.. places.Select((node, index) => new ArchivePiece(index, node, PieceState.Writing, 0, ""))]);
        Record = Record with { Places = places };
        await NotedAsync(Record, cancellationToken);
        if (!await chain.TryBeginAsync(shape, places, held, cancellationToken))
        {
            return;
        }

        var moved = time.GetInstant();
        while (time.GetInstant() - moved < ChainPatience)
        {
            await Task.Delay(Step, time, cancellationToken);
            var seen = await LookAsync(cancellationToken);
            var sets = seen.ToDictionary(answer => answer.Node, answer => new PieceSet(answer.Report.Pieces));
            Volatile.Write(ref _pieces, [.. _pieces.Select(piece => !sets.GetValueOrDefault(piece.Node).Contains(piece.Index) ? piece
                : piece with { State = PieceState.Written, Bytes = (Record.Length + 10) / 11 })]);
            if (Array.TrueForAll(_pieces, piece => piece.State == PieceState.Written))
            {
                return;
            }

            moved = seen.Any(answer => answer.Report.Progress == ArchiveProgress.Working) ? time.GetInstant() : moved;
        }
    }

    /// <summary>What the pieces are to be of, whatever there is of it now.</summary>
    private async Task<PieceShape?> FindShapeAsync(CancellationToken cancellationToken) =>
        await reading.FindAsync(Record.Resource, Record.Version.Tag, cancellationToken) is not { } there ? null
            : there.Code == Code ? there : PieceShape.TryCreate(there.Id, there.Parent, Code, out var shape) ? shape : null;

    /// <summary>Has all that knew the resource as one in parts know it as one in pieces, and then the parts go.</summary>
    private async Task DropPartsAsync(CancellationToken cancellationToken)
    {
        var seen = await LookAsync(cancellationToken);
        var parts = await LookAtPartsAsync(cancellationToken);
        if (UnionOf(seen).Count < Code.PieceCount && parts.Any(answer => answer.Report.Pieces != 0))
        {
            await AwaitPiecesAsync(Record.Places.All(place => seen.Any(answer => answer.Node == place)), cancellationToken);
            return;
        }

        _shortSince = null;
        NodeId[] left = [.. seen.Where(answer => answer.Report.HasWhole || (answer.Report.Pieces != 0 && !answer.Report.IsInPieces))
            .Select(answer => answer.Node).Union(parts.Where(answer => answer.Report.IsInPieces).Select(answer => answer.Node))];
        var done = await asking.AskAllAsync(left, Order(ArchiveVerb.Shrink), cancellationToken);
        if (done.FirstOrDefault(answer => answer.Report.Reason.Contains("newer", StringComparison.Ordinal)).Report is not null)
        {
            await GoOnAsync(ArchivePhase.Failed, "A newer version has come meanwhile.", cancellationToken);
            return;
        }

        if (left.Length == done.Length && done.All(answer => answer.Report is { HasWhole: false, IsInPieces: true })
            && Record.Places.All(place => seen.Any(answer => answer.Node == place)) && HaveAllAnswered(seen))
        {
            NodeId[] keeping = [.. parts.Where(answer => answer.Report.Pieces != 0).Select(answer => answer.Node)];
            var dropped = await asking.AskAllAsync(keeping, PartsOrder(ArchiveVerb.Drop), cancellationToken);
            if (dropped.Length == keeping.Length && dropped.All(answer => answer.Report is { Pieces: 0, IsInPieces: false }))
            {
                await GoOnAsync(ArchivePhase.Completed, "", cancellationToken);
                return;
            }
        }

        await Task.Delay(Step, time, cancellationToken);
    }
}
