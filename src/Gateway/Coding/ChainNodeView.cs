using System.Globalization;
using System.Text.Json.Serialization;
using MurkyWaters.Archive;
using PouringRain.Coding.Erasure;

namespace Gateway.Coding;

/// <summary>What a node of a code's chain holds and does.</summary>
/// <param name="Code">The code.</param>
/// <param name="Node">The node's place in the chain, from 0; its piece has the same number.</param>
/// <param name="Nodes">Nodes of the chain, and pieces.</param>
/// <param name="Parts">Parts that a source is cut into; so many pieces are enough.</param>
/// <param name="Survives">Pieces that can be lost, whichever they are.</param>
/// <param name="Slots">The replicas of parts that it holds, in the order in which they are added.</param>
/// <param name="Row">What its piece is in the end: for each part the multiple, in GF(2^8) modulo 0x11D, of which it is the sum.</param>
/// <param name="Program">How it makes that; the names of blocks, nodes and work stand for those of a run, as does the length.</param>
/// <example>
/// {
/// "code": "rapidraid", "node": 5, "nodes": 16, "parts": 11, "survives": 5, "slots": [
/// { "part": 5, "psi": 1, "xi": 3 }
/// ], "row": [1, 1, 1, 1, 1, 3, 0, 0, 0, 0, 1], "program": { "length": 1048576, "bufferBytes": 65536, "streams": [
/// { "name": "part5", "read": "part5" }
/// ], "instructions": ["LOAD local5 part5", "MULT stream 1 local5"], "output": "stream" }
/// }
/// </example>
internal sealed record ChainNodeView(
    string Code, int Node, int Nodes, int Parts, int Survives, IReadOnlyList<ChainSlotView> Slots, IReadOnlyList<int> Row,
    CodingProgramView Program)
{
    private const long ShownLength = 1 << 20;

    public static ChainNodeView Of(ErasureCode code, int node)
    {
        var program = new ChainPrograms(code, ShownLength).Encode(
            node, part => Named("part", part), Named("piece", node), new CodingPlace(Named("node", Math.Max(0, node - 1)), "chain"));
        return new ChainNodeView(
            code.Name, node, code.PieceCount, code.PartCount, code.LossesSurvived,
            [.. code.SlotsOf(node).ToArray().Select(slot => new ChainSlotView(slot.Part, slot.Psi, slot.Xi))],
            [.. code.RowOf(node).ToArray().Select(multiple => (int)multiple)], CodingProgramView.Of(program));
    }

    private static string Named(string word, int number) => string.Create(CultureInfo.InvariantCulture, $"{word}{number}");
}

/// <summary>A replica of a part at a node of a chain: the node passes on stream + psi * part, and keeps stream + xi * part.</summary>
/// <param name="Part">Which part.</param>
/// <param name="Psi">Its multiple in the stream; without meaning at the last node.</param>
/// <param name="Xi">Its multiple in the piece.</param>
/// <example>{ "part": 5, "psi": 1, "xi": 3 }</example>
internal sealed record ChainSlotView(int Part, int Psi, int Xi);

/// <summary>A program over streams of bytes, a buffer of each at a time.</summary>
/// <param name="Length">Bytes of every stream.</param>
/// <param name="BufferBytes">Bytes of a buffer.</param>
/// <param name="Streams">What it reads and writes.</param>
/// <param name="Instructions">What is done with every buffer: LOAD, COPY, WRITE, IADD, MULT, MULADD, PUSH or POP and its operands.</param>
/// <param name="Output">The buffer that leaves as the program's own stream; absent when there is none.</param>
/// <example>
/// {
/// "length": 1048576, "bufferBytes": 65536, "streams": [
/// { "name": "part5", "read": "part5" }
/// ], "instructions": ["LOAD local5 part5", "MULT stream 1 local5"], "output": "stream"
/// }
/// </example>
internal sealed record CodingProgramView(
    long Length, int BufferBytes, IReadOnlyList<CodingStreamView> Streams, IReadOnlyList<string> Instructions,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Output = null)
{
    public static CodingProgramView Of(CodingProgram program) => new(
        program.Length, program.BufferBytes, [.. program.Streams.Select(CodingStreamView.Of)],
        [.. program.Instructions.Select(instruction => instruction.ToString())], program.Output);
}

/// <summary>A stream of a program; it is one of read, node and write.</summary>
/// <param name="Name">What the instructions call it.</param>
/// <param name="Read">The block of this node that is read.</param>
/// <param name="Node">The node whose work's stream is read.</param>
/// <param name="Work">That work's name.</param>
/// <param name="Write">The block of this node that is written.</param>
/// <example>{ "name": "before", "node": "node4", "work": "chain" }</example>
internal sealed record CodingStreamView(
    string Name, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Read = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Node = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Work = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Write = null)
{
    public static CodingStreamView Of(CodingStream stream) => stream.Kind switch
    {
        CodingStreamKind.ReadBlock => new CodingStreamView(stream.Name, Read: stream.Target),
        CodingStreamKind.ReadNode => new CodingStreamView(stream.Name, Node: stream.Target, Work: stream.Remote),
        _ => new CodingStreamView(stream.Name, Write: stream.Target),
    };
}
