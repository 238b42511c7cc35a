using System.Globalization;
using PouringRain.Coding.Erasure;

namespace MurkyWaters.Archive;

/// <summary>Where a program finds what another gives: a node, and the work's name there.</summary>
public readonly record struct CodingPlace(string Node, string Work);

/// <summary>The programs by which nodes encode along the chain of an erasure code, decode, and repair along a path.</summary>
/// <param name="code">The code.</param>
/// <param name="length">Bytes of each part and piece.</param>
/// <param name="bufferBytes">Bytes of a buffer.</param>
public sealed class ChainPrograms(ErasureCode code, long length, int bufferBytes = ChainPrograms.UsualBufferBytes)
{
    /// <summary>Bytes of a buffer where nothing else is set: the rows of a step stay in the second-level cache, and the 16 buffers
    /// that a stretch of bytes passes on its way along the chain add up to a megabyte.</summary>
    public const int UsualBufferBytes = 64 * 1024;

    /// <summary>What a node of the chain does: it takes the stream of the node before it, adds its parts, keeps a piece and
    /// gives its own stream on.</summary>
    /// <param name="node">The node's place in the chain, the piece's index.</param>
    /// <param name="partBlock">The block that a part is kept in at this node.</param>
    /// <param name="pieceBlock">The block that the piece goes to.</param>
    /// <param name="previous">The node before it; without meaning at the first.</param>
    /// <exception cref="ArgumentException">There is no such node, or a name is none.</exception>
    public CodingProgram Encode(int node, Func<int, string> partBlock, string pieceBlock, CodingPlace previous)
    {
        ArgumentNullException.ThrowIfNull(partBlock);
        ArgumentOutOfRangeException.ThrowIfNegative(node);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(node, code.PieceCount);
        var (isFirst, isLast) = (node == 0, node == code.PieceCount - 1);
        var draft = new Draft();
        foreach (var slot in code.SlotsOf(node))
        {
            draft.Read(Name("local", slot.Part), Name("part", slot.Part), partBlock(slot.Part));
        }

        if (!isFirst)
        {
            draft.ReadNode("prev", "before", previous);
            draft.Do(isLast ? null : "COPY stream prev");
        }

        // The first node has no stream to add to, so its first multiples make the stream and the piece.
        var (piece, verb) = isFirst ? ("coded", "MULT") : ("prev", "MULADD");
        foreach (var slot in code.SlotsOf(node))
        {
            draft.Do(isLast ? null : Text($"{verb} stream {slot.Psi} local{slot.Part}"));
            draft.Do(Text($"{verb} {piece} {slot.Xi} local{slot.Part}"));
        }

        draft.Write(piece, Name("piece", node), pieceBlock);
        return draft.Create(length, bufferBytes, isLast ? null : "stream");
    }

    /// <summary>What the node that wants the parts does: it reads pieces, here or elsewhere, and writes the parts.</summary>
    /// <param name="pieces">The pieces, each once.</param>
    /// <param name="places">The node that gives each piece; null for one that is here, in <paramref name="pieceBlock"/>.</param>
    /// <param name="pieceBlock">The block that a piece is kept in at this node.</param>
    /// <param name="partBlock">The block that a part goes to.</param>
    /// <returns>Null when the pieces do not suffice.</returns>
    /// <exception cref="ArgumentException">There is no such piece, or a name is none.</exception>
    public CodingProgram? Decode(
        IReadOnlyList<int> pieces, IReadOnlyList<CodingPlace?> places, Func<int, string> pieceBlock, Func<int, string> partBlock)
    {
        ArgumentNullException.ThrowIfNull(pieces);
        ArgumentNullException.ThrowIfNull(places);
        ArgumentNullException.ThrowIfNull(pieceBlock);
        ArgumentNullException.ThrowIfNull(partBlock);
        var chosen = new int[code.PartCount];
        if (code.Choose([.. pieces], chosen) < code.PartCount)
        {
            return null;
        }

        var coefficients = new byte[code.PartCount * chosen.Length];
        code.TryGetDecoding(chosen, coefficients);
        var draft = new Draft();
        foreach (var piece in chosen)
        {
            var index = pieces.ToList().IndexOf(piece);
            if (places[index] is { } place)
            {
                draft.ReadNode(Name("c", piece), Name("piece", piece), place);
            }
            else
            {
                draft.Read(Name("c", piece), Name("piece", piece), pieceBlock(piece));
            }
        }

        for (var part = 0; part < code.PartCount; part++)
        {
            for (var i = 0; i < chosen.Length; i++)
            {
                var verb = i == 0 ? "MULT" : "MULADD";
                draft.Do(Text($"{verb} p{part} {coefficients[(part * chosen.Length) + i]} c{chosen[i]}"));
            }

            draft.Write(Name("p", part), Name("part", part), partBlock(part));
        }

        return draft.Create(length, bufferBytes, null);
    }

    /// <summary>What helpers along a path do to repair a piece: each adds a multiple of its own to the stream of the one before.</summary>
    /// <param name="piece">The piece that was lost.</param>
    /// <param name="helpers">The pieces of the helpers, each once, in the order of the path.</param>
    /// <param name="position">Whose program it is to be.</param>
    /// <param name="pieceBlock">The block in which that helper keeps its piece.</param>
    /// <param name="previous">The helper before it; without meaning at the first.</param>
    /// <returns>Null when the helpers do not suffice.</returns>
    /// <exception cref="ArgumentException">There is no such piece, or a name is none.</exception>
    public CodingProgram? Help(int piece, IReadOnlyList<int> helpers, int position, string pieceBlock, CodingPlace previous)
    {
        ArgumentNullException.ThrowIfNull(helpers);
        var coefficients = new byte[helpers.Count];
        if (!code.TryGetRepair(piece, [.. helpers], coefficients))
        {
            return null;
        }

        var draft = new Draft();
        draft.Read("local", Name("piece", helpers[position]), pieceBlock);
        if (position == 0)
        {
            draft.Do(Text($"MULT stream {coefficients[0]} local"));
        }
        else
        {
            draft.ReadNode("stream", "before", previous);
            draft.Do(Text($"MULADD stream {coefficients[position]} local"));
        }

        return draft.Create(length, bufferBytes, "stream");
    }

    /// <summary>What the node that gets the repaired piece does: it writes what comes from the end of the path.</summary>
    /// <param name="pieceBlock">The block that the piece goes to.</param>
    /// <param name="last">The last helper.</param>
    /// <exception cref="ArgumentException">A name is none.</exception>
    public CodingProgram Receive(string pieceBlock, CodingPlace last)
    {
        var draft = new Draft();
        draft.ReadNode("stream", "before", last);
        draft.Write("stream", "piece", pieceBlock);
        return draft.Create(length, bufferBytes, null);
    }

    private static string Name(string word, int index) => Text($"{word}{index}");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private sealed class Draft
    {
        private readonly List<CodingStream> _streams = [];
        private readonly List<CodingInstruction> _instructions = [];

        public void Read(string buffer, string stream, string block) =>
            Add(new CodingStream(stream, CodingStreamKind.ReadBlock, block), $"LOAD {buffer} {stream}");

        public void ReadNode(string buffer, string stream, CodingPlace place) =>
            Add(new CodingStream(stream, CodingStreamKind.ReadNode, place.Node, place.Work), $"LOAD {buffer} {stream}");

        public void Write(string buffer, string stream, string block) =>
            Add(new CodingStream(stream, CodingStreamKind.WriteBlock, block), $"WRITE {buffer} {stream}");

        public void Do(string? line)
        {
            if (line is not null)
            {
                _instructions.Add(CodingInstruction.TryParse(line, out var instruction)
                    ? instruction
                    : throw new InvalidOperationException($"{line} is no instruction."));
            }
        }

        // What is made here is right but for what the caller named.
        public CodingProgram Create(long length, int bufferBytes, string? output) =>
            CodingProgram.TryCreate(length, bufferBytes, _streams, output, _instructions, out var program, out var error)
                ? program
                : throw new ArgumentException(error);

        private void Add(CodingStream stream, string line)
        {
            _streams.Add(stream);
            Do(line);
        }
    }
}
