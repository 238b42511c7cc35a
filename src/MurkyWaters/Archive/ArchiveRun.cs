using System.Collections.Immutable;
using MurkyWaters.Cluster;
using PouringRain.Coding.Erasure;
using PouringRain.Protocol;
using PouringRain.Protocol.Archiving;
using PouringRain.Protocol.Cluster;

namespace MurkyWaters.Archive;

/// <summary>
/// A job that this node runs. Every step can be taken again from its beginning, by whoever: what was done is found done.
/// To archive: the nodes that have the whole let its pieces rain; each place takes its piece, and reads it back; a set of pieces drawn at
/// random is decoded and compared with the SHA-256; only then, and that is noted first, the whole copies go.
/// To archive what is in parts: the chain of programs runs over them, or else each place makes its piece of parts that it reads; the rest
/// is the same, and the parts go last. To restore: the places of replicas make the whole of pieces and read it back; then, noted first,
/// the pieces go.
/// </summary>
internal sealed partial class ArchiveRun(
    ArchiveRecord record, ArchiveAsking asking, PieceReading reading, ClusterNodes nodes, PartsChain chain,
    Func<ResourceId, int> wantedCount, TimeProvider time)
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(250), NodePatience = TimeSpan.FromSeconds(30),
        SettleMin = TimeSpan.FromSeconds(3);

    private readonly long _began = time.GetTimestamp();
    private readonly Dictionary<NodeId, Instant> _silentSince = [];
    private Instant? _shortSince;
    private ArchivePiece[] _pieces = [.. record.Places.Select((node, index) =>
        new ArchivePiece(index, node, record.Phase > ArchivePhase.Making ? PieceState.Written : PieceState.Waiting, 0, ""))];

    /// <summary>What is to be noted of it.</summary>
    public ArchiveRecord Record { get; private set; } = record;

    /// <summary>Writes what is to be noted, and ends when it is kept for good; false when another has the job now.</summary>
    public required Func<ArchiveRecord, CancellationToken, Task<bool>> NoteAsync { get; init; }

    /// <summary>The right to run it; null without a registry.</summary>
    public IClusterTurn? Turn { get; init; }

    /// <summary>How it stands.</summary>
    public ArchiveJobSnapshot Snapshot => Of(Record, Volatile.Read(ref _pieces), time.GetElapsedTime(_began));

    /// <summary>A job as it was noted.</summary>
    public static ArchiveJobSnapshot Of(ArchiveRecord record, IReadOnlyList<ArchivePiece>? pieces = null, TimeSpan passed = default)
    {
        var state = record.Phase is ArchivePhase.Making or ArchivePhase.Failed ? PieceState.Waiting : PieceState.Written;
        pieces ??= [.. record.Places.Select((node, index) => new ArchivePiece(index, node, state, 0, ""))];
        var done = pieces.Sum(piece => piece.Bytes);
        var rate = record.IsOver || passed < TimeSpan.FromSeconds(0.1) ? 0 : (long)(done / passed.TotalSeconds);
        var all = (double)record.Length / 11 * pieces.Count;
        return new ArchiveJobSnapshot
        {
            Id = record.Id,
            Kind = record.Kind,
            Resource = record.Resource,
            Version = record.Version,
            Length = record.Length,
            Coding = record.Coding,
            Phase = record.Phase,
            Reason = record.Reason,
            Created = DateTimeOffset.FromUnixTimeMilliseconds(record.CreatedMs),
            Ended = record.EndedMs is { } ended ? DateTimeOffset.FromUnixTimeMilliseconds(ended) : null,
            Pieces = [.. pieces],
            RateBytesPerSecond = rate,
            EtaSeconds = rate == 0 || record.Phase != ArchivePhase.Making ? null : Math.Max(0, Math.Round((all - done) / rate, 1)),
        };
    }

    /// <summary>Runs it until it has ended.</summary>
    /// <exception cref="OperationCanceledException">It was to be left.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!Record.IsOver)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var step = (Record.Kind, Record.Phase) switch
            {
                (ArchiveJobKind.Archive, ArchivePhase.Making) when Record.From.Length > 0 => EncodePartsAsync(cancellationToken),
                (ArchiveJobKind.Archive, ArchivePhase.Making) => MakePiecesAsync(cancellationToken),
                (ArchiveJobKind.Archive, ArchivePhase.Verifying) => VerifyAsync(cancellationToken),
                (ArchiveJobKind.Archive, _) when Record.From.Length > 0 => DropPartsAsync(cancellationToken),
                (ArchiveJobKind.Archive, _) => ShrinkAsync(cancellationToken),
                (_, ArchivePhase.Making or ArchivePhase.Verifying) => MakeWholesAsync(cancellationToken),
                _ => DropAsync(cancellationToken),
            };
            await step;
        }
    }

    private ErasureCode Code => ErasureCodes.TryGet(Record.Coding, out var code) ? code : ErasureCodes.RapidRaid;

    private ArchiveOrder Order(ArchiveVerb verb, int index = 0) => new()
    {
        Serial = 0,
        Verb = verb,
        Resource = Record.Resource,
        Version = Record.Version,
        Coding = Record.Coding,
        Index = index,
    };

    private async Task MakePiecesAsync(CancellationToken cancellationToken)
    {
        var round = 0;
        while (true)
        {
            var seen = await LookAsync(cancellationToken);
            var wholes = seen.Where(answer => answer.Report.HasWhole).ToList();
            var pieces = seen.Aggregate(default(PieceSet), (set, answer) => set.With(new PieceSet(answer.Report.Pieces)));
            if (wholes.Count == 0 && pieces.Count < Code.PieceCount && !await IsStillThereAsync(seen, round++, cancellationToken))
            {
                return;
            }

            if (wholes.Exists(answer => answer.Report.IsMinted) || pieces.Count == Code.PieceCount || wholes.Count == 0)
            {
                await TakeAsync(cancellationToken);
                if (Array.TrueForAll(_pieces, piece => piece.State == PieceState.Written))
                {
                    await GoOnAsync(ArchivePhase.Verifying, "", cancellationToken);
                    return;
                }
            }

            foreach (var (node, report) in wholes.Where(answer => !answer.Report.IsMinted))
            {
                await asking.AskAsync(node, Order(ArchiveVerb.Mint), cancellationToken);
            }

            await Task.Delay(Step, time, cancellationToken);
        }
    }

    /// <summary>Nobody that answers has the whole. It may have been replaced, or those who have it may be silent for a while.</summary>
    private async Task<bool> IsStillThereAsync(
        ImmutableArray<(NodeId Node, ArchiveReport Report)> seen, int round, CancellationToken cancellationToken)
    {
        const int roundsMax = 40;
        if (round < roundsMax || seen.Length == 0)
        {
            return true;
        }

        await GoOnAsync(
            ArchivePhase.Failed, "No node that answers has this version any more: it was replaced, or deleted.", cancellationToken);
        return false;
    }

    private Task<ImmutableArray<(NodeId Node, ArchiveReport Report)>> LookAsync(CancellationToken cancellationToken) =>
        asking.AskAllAsync(asking.Reachable.Select(node => node.Id), Order(ArchiveVerb.Look), cancellationToken);

    /// <summary>Whether all have answered who may have something: those that are silent for long are not waited for, and find out by
    /// themselves. Who has just started does not know yet who there is.</summary>
    private bool HaveAllAnswered(ImmutableArray<(NodeId Node, ArchiveReport Report)> seen) =>
        time.GetElapsedTime(_began) > NodePatience || (nodes.IsSettled && time.GetInstant() - nodes.ContactsChangedAt > SettleMin
            && nodes.Members.Where(member => member.State is not (MemberState.Down or MemberState.Gone))
                .All(member => seen.Any(answer => answer.Node == member.Id)));

    /// <summary>Has every place take its piece, all at once, and says how far they are. A place that is silent for long gives way to
    /// another node.</summary>
    private async Task TakeAsync(CancellationToken cancellationToken)
    {
        var now = time.GetInstant();
        var answers = await Task.WhenAll(_pieces.Select(piece => piece.State == PieceState.Written
            ? Task.FromResult<ArchiveReport?>(null)
            : asking.AskAsync(piece.Node, Order(ArchiveVerb.Take, piece.Index), cancellationToken)));
        var pieces = _pieces.ToArray();
        var moved = false;
        for (var i = 0; i < pieces.Length; i++)
        {
            var piece = pieces[i];
            if (piece.State == PieceState.Written)
            {
                continue;
            }

            if (answers[i] is { } report)
            {
                _silentSince.Remove(piece.Node);
                var has = ((report.Pieces >> piece.Index) & 1) != 0;
                pieces[i] = piece with
                {
                    State = has ? PieceState.Written : report.Progress == ArchiveProgress.Failed ? PieceState.Failed : PieceState.Writing,
                    Bytes = has ? (Record.Length + 10) / 11 : report.Bytes,
                    Reason = has ? "" : report.Reason,
                };
            }
            else if (!_silentSince.TryAdd(piece.Node, now) && now - _silentSince[piece.Node] > NodePatience
                && FindOther(pieces, piece.Node) is { } other)
            {
                pieces[i] = piece with { Node = other, State = PieceState.Waiting };
                moved = true;
            }
        }

        Volatile.Write(ref _pieces, pieces);
        if (moved)
        {
            Record = Record with { Places = [.. pieces.Select(piece => piece.Node)] };
            await NotedAsync(Record, cancellationToken);
        }
    }

    private NodeId? FindOther(ArchivePiece[] pieces, NodeId silent)
    {
        var up = nodes.Nodes.Where(node => node.State == MemberState.Up && node.Id != silent).Select(node => node.Id).ToList();
        return up.Count == 0 ? null : up.MinBy(node => (Array.FindAll(pieces, piece => piece.Node == node).Length, node.Value));
    }

    /// <summary>Reads as many pieces as it takes, drawn at random, and compares what they make.</summary>
    private async Task VerifyAsync(CancellationToken cancellationToken)
    {
        var drawn = Enumerable.Range(0, Code.PieceCount).ToArray();
        do
        {
            System.Security.Cryptography.RandomNumberGenerator.Shuffle<int>(drawn);
        }
        while (!Code.IsSufficient(PieceSet.Of(drawn.AsSpan(0, Code.PartCount))));

        var shape = await FindShapeAsync(cancellationToken);
        if (shape is not null && await IsRightAsync(shape, drawn[..Code.PartCount].ToHashSet(), cancellationToken))
        {
            await GoOnAsync(ArchivePhase.Dropping, "", cancellationToken);
            return;
        }

        // A place may be silent, or have lost its piece: all are looked at again.
        Volatile.Write(ref _pieces, [.. _pieces.Select(piece => piece with { State = PieceState.Waiting })]);
        await GoOnAsync(ArchivePhase.Making, "What was written could not be decoded; it is looked at again.", cancellationToken);
        await Task.Delay(Step, time, cancellationToken);
    }

    private async Task<bool> IsRightAsync(PieceShape shape, HashSet<int> pieces, CancellationToken cancellationToken)
    {
        try
        {
            if (await reading.OpenOfAsync(shape, pieces, cancellationToken) is not { } reader)
            {
                return false;
            }

            await using (reader)
            {
                return await reader.ReadAllAsync(_ => ValueTask.CompletedTask, cancellationToken) == shape.Parent.Sha256;
            }
        }
        catch (IOException)
        {
            return false;
        }
        finally
        {
            await reading.ForgetCopiesAsync(shape);
        }
    }

    /// <summary>Has all that have the whole, or a piece, keep what the resource is and nothing else of it.</summary>
    private async Task ShrinkAsync(CancellationToken cancellationToken)
    {
        var seen = await LookAsync(cancellationToken);
        var pieces = seen.Aggregate(default(PieceSet), (set, answer) => set.With(new PieceSet(answer.Report.Pieces)));
        if (pieces.Count < Code.PieceCount && seen.Any(answer => answer.Report.HasWhole))
        {
            await AwaitPiecesAsync(Record.Places.All(place => seen.Any(answer => answer.Node == place)), cancellationToken);
            return;
        }

        _shortSince = null;
        var left = seen.Where(answer => answer.Report.HasWhole || (answer.Report.Pieces != 0 && !answer.Report.IsInPieces))
            .Select(answer => answer.Node).ToList();
        var done = await asking.AskAllAsync(left, Order(ArchiveVerb.Shrink), cancellationToken);
        var heard = seen.Select(answer => answer.Node).ToHashSet();
        var refused = done.FirstOrDefault(answer => answer.Report.Progress == ArchiveProgress.Failed);
        if (refused.Report is not null && refused.Report.Reason.Contains("newer", StringComparison.Ordinal))
        {
            await GoOnAsync(ArchivePhase.Failed, "A newer version has come meanwhile.", cancellationToken);
        }
        else if (left.Count == done.Length && done.All(answer => answer.Report is { HasWhole: false, IsInPieces: true })
            && Record.Places.All(heard.Contains) && HaveAllAnswered(seen))
        {
            await GoOnAsync(ArchivePhase.Completed, "", cancellationToken);
        }
        else
        {
            await Task.Delay(Step, time, cancellationToken);
        }
    }

    /// <summary>No replica goes while a piece is missing: between the decoding and now a place may have gone, or lost what it had. Who is
    /// silent for long is taken for lost, and its piece made anew.</summary>
    private async Task AwaitPiecesAsync(bool areAllHeard, CancellationToken cancellationToken)
    {
        var now = time.GetInstant();
        _shortSince ??= now;
        if (!areAllHeard && now - _shortSince.Value < NodePatience)
        {
            await Task.Delay(Step, time, cancellationToken);
            return;
        }

        _shortSince = null;
        Volatile.Write(ref _pieces, [.. _pieces.Select(piece => piece with { State = PieceState.Waiting })]);
        await GoOnAsync(ArchivePhase.Making, "Pieces went missing before the replicas did; they are made anew.", cancellationToken);
    }

    private async Task MakeWholesAsync(CancellationToken cancellationToken)
    {
        var answers = await Task.WhenAll(
            _pieces.Select(piece => asking.AskAsync(piece.Node, Order(ArchiveVerb.Restore), cancellationToken)));
        Volatile.Write(ref _pieces, [.. _pieces.Select((piece, i) => answers[i] is not { } report ? piece with
        {
            Reason = "It does not answer.",
        }
        : piece with
        {
            State = report.HasWhole ? PieceState.Written
                : report.Progress == ArchiveProgress.Failed ? PieceState.Failed : PieceState.Writing,
            Bytes = report.HasWhole ? Record.Length : report.Bytes,
            Reason = report.HasWhole ? "" : report.Reason,
        })]);

        // The others of the holders get theirs by replication, should they be silent for long.
        var needed = Math.Min(wantedCount(Record.Resource), _pieces.Length);
        var written = _pieces.Count(piece => piece.State == PieceState.Written);
        var silent = answers.Count(report => report is null);
        if (written == _pieces.Length || (written >= Math.Min(2, needed) && silent > 0 && written + silent == _pieces.Length
            && time.GetElapsedTime(_began) > NodePatience))
        {
            await GoOnAsync(ArchivePhase.Dropping, "", cancellationToken);
        }
        else
        {
            await Task.Delay(Step, time, cancellationToken);
        }
    }

    private async Task DropAsync(CancellationToken cancellationToken)
    {
        var seen = await LookAsync(cancellationToken);
        if (!seen.Any(answer => answer.Report.HasWhole))
        {
            await GoOnAsync(ArchivePhase.Making, "The whole is gone again.", cancellationToken);
            return;
        }

        var left = seen.Where(answer => answer.Report.Pieces != 0 || answer.Report.IsInPieces).Select(answer => answer.Node).ToList();
        var done = await asking.AskAllAsync(left, Order(ArchiveVerb.Drop), cancellationToken);
        if (left.Count == done.Length && done.All(answer => answer.Report is { Pieces: 0, IsInPieces: false })
            && HaveAllAnswered(seen))
        {
            await GoOnAsync(ArchivePhase.Completed, "", cancellationToken);
        }
        else
        {
            await Task.Delay(Step, time, cancellationToken);
        }
    }

    private async Task GoOnAsync(ArchivePhase phase, string reason, CancellationToken cancellationToken)
    {
        var next = Record with
        {
            Phase = phase,
            Reason = reason,
            EndedMs = phase >= ArchivePhase.Completed ? time.GetUtcNow().ToUnixTimeMilliseconds() : null,
        };
        await NotedAsync(next, cancellationToken);
        Record = next;
    }

    /// <summary>Nothing is done that is not noted.</summary>
    private async Task NotedAsync(ArchiveRecord noted, CancellationToken cancellationToken)
    {
        if (!await NoteAsync(noted, cancellationToken))
        {
            throw new OperationCanceledException("Another node has the job.");
        }
    }
}
