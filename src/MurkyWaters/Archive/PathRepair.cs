using System.Globalization;
using Microsoft.Extensions.Logging;
using MurkyWaters.Store;
using PouringRain.Network;
using PouringRain.Protocol;
using PouringRain.Protocol.Archiving;

namespace MurkyWaters.Archive;

/// <summary>
/// Makes a lost piece anew along a path of nodes: the first sends a multiple of its piece to the second, which adds one of its own, and so
/// on, so that one piece's worth comes in here, and every helper sends one and takes in one. What has come is compared with the version
/// that the piece had. Thread-safe.
/// </summary>
internal sealed class PathRepair(
    ResourceStore store, CodingCalls calls, ArchiveAsking asking, Func<NodeId, CodingPeer?> findPeer, ILogger logger)
{
    private long _done, _failed;

    /// <summary>Pieces that came, and how often one did not.</summary>
    public (long Done, long Failed) Figures => (Interlocked.Read(ref _done), Interlocked.Read(ref _failed));

    /// <summary>Tries it.</summary>
    /// <param name="shape">Of what it is a piece.</param>
    /// <param name="index">Which.</param>
    /// <param name="told">Which version it was, by the word of who asks; what was noted here goes before it. Null when that is not known.
    /// </param>
    /// <param name="onWritten">Told of bytes that were written, and, should it come to nothing, that they were not.</param>
    /// <param name="pace">Waits until so many bytes may have come.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>Whether it is kept; otherwise the log has why, unless there is no way at all.</returns>
    /// <exception cref="OperationCanceledException">It was ended.</exception>
    public async Task<bool> TryAsync(
        PieceShape shape, int index, Sha256Digest? told, Action<long> onWritten, Func<long, Task> pace, CancellationToken cancellation)
    {
        if (!calls.IsPossible || shape.Cells.PieceLength == 0
            || (store.Catalog.FindPieceVersions(shape.Id, shape.Parent.Version, shape.Code)?[index] ?? told) is not { } expected)
        {
            return false;
        }

        var seen = await asking.AskAllAsync(
            asking.Reachable.Select(node => node.Id),
            new ArchiveOrder
            {
                Serial = 0,
                Verb = ArchiveVerb.Look,
                Resource = shape.Id,
                Version = shape.Parent.Version,
                Coding = shape.Code.Name,
            },
            cancellation);
        var path = ChoosePath(shape, index, seen.ToDictionary(answer => answer.Node, answer => answer.Report.Pieces));
        if (path.Count == 0)
        {
            return false;
        }

        var written = 0L;
        var programs = ProgramsOf(shape, index, path);
        try
        {
            await calls.BeginAllAsync(programs, cancellation);
            written = await ReceiveAsync(shape, index, expected, programs[^1], Written, pace, cancellation);
            Interlocked.Increment(ref _done);
            ArchiveLog.PathRepaired(logger, shape.Id, index, path.Count, written);
            return true;
        }
        catch (IOException error)
        {
            Interlocked.Increment(ref _failed);
            ArchiveLog.PathFailed(logger, shape.Id, index, error.Message);
            onWritten(-written);
            await calls.StopAllAsync(programs);
            return false;
        }

        void Written(long bytes)
        {
            written += bytes;
            onWritten(bytes);
        }
    }

    /// <summary>Chooses the helpers: pieces that suffice, of as many nodes as there are, in an order that is drawn anew each time, so that
    /// one that fails is not always in front.</summary>
    private List<(int Piece, NodeId Node)> ChoosePath(PieceShape shape, int index, Dictionary<NodeId, uint> pieces)
    {
        var nodes = pieces.Keys.Where(node => node == store.NodeId || findPeer(node) is not null).ToArray();
        System.Security.Cryptography.RandomNumberGenerator.Shuffle<NodeId>(nodes);
        var candidates = new List<(int Piece, NodeId Node)>();
        for (var round = 0; round < shape.Code.PieceCount; round++)
        {
            foreach (var node in nodes)
            {
                for (var piece = 0; piece < shape.Code.PieceCount; piece++)
                {
                    if (piece != index && ((pieces[node] >> piece) & 1) != 0 && candidates.TrueForAll(one => one.Piece != piece))
                    {
                        candidates.Add((piece, node));
                        break;
                    }
                }
            }
        }

        var chosen = new int[shape.Code.PartCount];
        var count = shape.Code.Choose([.. candidates.Select(one => one.Piece)], chosen);
        var coefficients = new byte[count];
        return !shape.Code.TryGetRepair(index, chosen.AsSpan(0, count), coefficients) ? []
            : [.. chosen.Take(count).Where((_, i) => coefficients[i] != 0).Select(piece => candidates.Find(one => one.Piece == piece))];
    }

    /// <summary>What every helper is to run, from the first to the last.</summary>
    private static List<CodingCall> ProgramsOf(PieceShape shape, int index, List<(int Piece, NodeId Node)> path)
    {
        var programs = new ChainPrograms(shape.Code, shape.Cells.PieceLength);
        var pieces = path.Select(helper => helper.Piece).ToList();
        var name = RandomNumber.Draw().ToString("x16", CultureInfo.InvariantCulture);
        var made = new List<CodingCall>();
        for (var i = 0; i < path.Count; i++)
        {
            var program = programs.Help(
                index, pieces, i, PieceName.Of(shape, pieces[i]).ToString(), i == 0 ? default : made[^1].Place);
            made.Add(new CodingCall(
                path[i].Node, string.Create(CultureInfo.InvariantCulture, $"repair-{name}-{i}"),
                program ?? throw new InvalidOperationException("A path that was chosen suffices.")));
        }

        return made;
    }

    private async Task<long> ReceiveAsync(
        PieceShape shape, int index, Sha256Digest expected, CodingCall last, Action<long> onWritten, Func<long, Task> pace,
        CancellationToken cancellation)
    {
        var source = await calls.OpenAsync(last, cancellation);
        await using (source)
        {
            await using var piece = new PieceWriter(store, shape, index);
            var buffer = new byte[(int)Math.Min(ChainPrograms.UsualBufferBytes, shape.Cells.PieceLength)];
            var received = 0L;
            while (received < shape.Cells.PieceLength)
            {
                var bytes = buffer.AsMemory(0, (int)Math.Min(buffer.Length, shape.Cells.PieceLength - received));
                if (!await calls.WithinPatienceAsync(async token => await source.TryReadAsync(bytes, token), last.Node, cancellation))
                {
                    throw new IOException("The path ended before the piece did.");
                }

                piece.Write(bytes.Span);
                received += bytes.Length;
                onWritten(bytes.Length);
                await pace(received);
            }

            await piece.KeepAsync(expected);
            return received;
        }
    }
}
