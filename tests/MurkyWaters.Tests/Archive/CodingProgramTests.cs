using System.Buffers;
using System.Text;
using MurkyWaters.Archive;
using PouringRain.Coding.Erasure;

namespace MurkyWaters.Tests.Archive;

/// <summary>Programs as text and JSON, and what is refused.</summary>
public sealed class CodingProgramTests
{
    private const string Head = "length 100\nbuffer 10\n";
    private const string Streams = "read part block P\nread prev node N1 W1\nwrite coded block C\n";

    [Fact]
    public void A_node_of_the_chain_reads_as_it_is_told()
    {
        var program = new ChainPrograms(ErasureCodes.RapidRaid2012, 1000)
            .Encode(5, part => $"r.part{part}", "r.piece5", new CodingPlace("node4", "w"));
        const string Expected = """
            length 1000
            buffer 65536
            read part0 block r.part0
            read part5 block r.part5
            read before node node4 w
            write piece5 block r.piece5
            output stream
            LOAD local0 part0
            LOAD local5 part5
            LOAD prev before
            COPY stream prev
            MULADD stream 247 local0
            MULADD prev 243 local0
            MULADD stream 145 local5
            MULADD prev 2 local5
            WRITE prev piece5

            """;
        Assert.Equal(Expected.ReplaceLineEndings("\n"), program.ToString());
    }

    [Fact]
    public void Text_and_json_give_the_program_back()
    {
        foreach (var program in SomePrograms())
        {
            var text = program.ToString();
            Assert.True(CodingText.TryRead(text, out var fromText, out var error), error);
            Assert.Equal(text, fromText.ToString());
            var json = new ArrayBufferWriter<byte>();
            CodingJson.Write(program, json);
            Assert.InRange(json.WrittenCount, 1, CodingLimits.ProgramBytesMax);
            Assert.True(CodingJson.TryRead(json.WrittenMemory, out var fromJson, out error), error);
            Assert.Equal(text, fromJson.ToString());
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("length 100\n")]
    [InlineData("buffer 10\nlength 100\n")]
    [InlineData("length 100\nbuffer 0\n")]
    [InlineData("length 100\nbuffer 1048577\n")]
    [InlineData("length -1\nbuffer 10\n")]
    [InlineData("length 0100\nbuffer 10\n")]
    [InlineData("length 99999999999999999999\nbuffer 10\n")]
    [InlineData("length 70368744177665\nbuffer 10\n")]
    [InlineData(Head)]
    [InlineData(Head + Streams)]
    [InlineData(Head + "read part block P\nLOAD a part")]
    [InlineData(Head + "read part block P\nLOAD a part\n")]
    [InlineData(Head + "read part block ../P\noutput a\nLOAD a part\n")]
    [InlineData(Head + "read part block a/b\noutput a\nLOAD a part\n")]
    [InlineData(Head + "read part block a\\b\noutput a\nLOAD a part\n")]
    [InlineData(Head + "read part block .hidden\noutput a\nLOAD a part\n")]
    [InlineData(Head + "read part block P\noutput a\nLOAD  a part\n")]
    [InlineData(Head + "read part block P\noutput a\nload a part\n")]
    [InlineData(Head + "read part block P\noutput a\nLOAD A part\n")]
    [InlineData(Head + "read part block P\noutput a\nLOAD a part \n")]
    [InlineData(Head + "read part block P\noutput a\nLOAD a part\r\n")]
    [InlineData(Head + "read part block P\noutput b\nLOAD a part\n")]
    [InlineData(Head + "read part block P\noutput a\noutput a\nLOAD a part\n")]
    [InlineData(Head + "read part block P\noutput a\nLOAD a part\nLOAD b part\n")]
    [InlineData(Head + "read part block P\noutput a\nLOAD a other\n")]
    [InlineData(Head + "read part block P\nread part block Q\noutput a\nLOAD a part\n")]
    [InlineData(Head + "read part block P\nwrite coded block P\nLOAD a part\nWRITE a coded\n")]
    [InlineData(Head + "read part block P\nwrite coded block C\nwrite again block C\nLOAD a part\nWRITE a coded\nWRITE a again\n")]
    [InlineData(Head + "read part block P\nwrite coded block C\nLOAD a part\nWRITE b coded\n")]
    [InlineData(Head + "read part block P\nwrite coded block C\nLOAD a coded\nWRITE a part\n")]
    [InlineData(Head + "read part block P\noutput a\nLOAD a part\nIADD b a\n")]
    [InlineData(Head + "read part block P\noutput a\nLOAD a part\nMULADD a 256 a\n")]
    [InlineData(Head + "read part block P\noutput a\nLOAD a part\nMULADD a 007 a\n")]
    [InlineData(Head + "read part block P\noutput a\nLOAD a part\nMULT a a\n")]
    [InlineData(Head + "read part block P\noutput a\nLOAD a part\nCOPY b 3 a\n")]
    [InlineData(Head + "read part block P\noutput a\nLOAD a part\nJUMP a a\n")]
    [InlineData(Head + "read part block P\nLOAD a part\nPUSH q a\nPUSH q a\n")]
    [InlineData(Head + "output a\nPOP q a\nPOP q a\n")]
    [InlineData(Head + "read part block P\noutput a\nLOAD a part\nPUSH q a\nPOP q a\nPOP q a\n")]
    [InlineData(Head + "read part block P\noutput a\nLOAD a part\nPUSH q a\nPUSH q a\nPOP q a\n")]
    [InlineData(Head + "read part block P\noutput a\nLOAD a part\nPOP q b\nPUSH q a\n")]
    public void What_is_wrong_is_refused_with_a_reason(string text)
    {
        Assert.False(CodingText.TryRead(text, out var program, out var error));
        Assert.Null(program);
        Assert.NotEmpty(error);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("""{"length":1,"bufferBytes":1,"streams":[],"instructions":[],"more":1}""")]
    [InlineData("""{"length":1,"length":1,"bufferBytes":1,"streams":[],"instructions":[]}""")]
    [InlineData("""{"length":"1","bufferBytes":1,"streams":[],"instructions":[]}""")]
    [InlineData("""{"length":1,"bufferBytes":1e9,"streams":[],"instructions":[]}""")]
    [InlineData("""{"\ud800":1}""")]
    [InlineData("""{"\ud800":1,"\ud800":1}""")]
    [InlineData("""{"length":1,"bufferBytes":1,"streams":[{"\ud800":"p","read":"P"}],"output":"a","instructions":["LOAD a p"]}""")]
    [InlineData("""{"length":1,"bufferBytes":1,"streams":[{"name":"p","read":"P","node":"P"}],"output":"a","instructions":["LOAD a p"]}""")]
    [InlineData("""{"length":1,"bufferBytes":1,"streams":[{"name":"p","read":"P","work":"P"}],"output":"a","instructions":["LOAD a p"]}""")]
    [InlineData("""{"length":1,"bufferBytes":1,"streams":[{"name":"p","read":"../P"}],"output":"a","instructions":["LOAD a p"]}""")]
    [InlineData("""{"length":1,"bufferBytes":1,"streams":[{"name":"p","read":"\ud800"}],"output":"a","instructions":["LOAD a p"]}""")]
    [InlineData("""{"length":1,"bufferBytes":1,"streams":[{"name":"p","read":"P"}],"output":"a","instructions":["LOAD a p\nLOAD b p"]}""")]
    [InlineData("""{"length":1,"bufferBytes":1,"streams":[{"name":"p","read":"P"}],"output":null,"instructions":["LOAD a p"]}""")]
    [InlineData("""{"length":1,"bufferBytes":1,"streams":{},"output":"a","instructions":[]}""")]
    [InlineData("""{"length":1,"bufferBytes":1,"streams":[[[[[]]]]],"output":"a","instructions":[]}""")]
    public void What_is_wrong_in_json_is_refused_with_a_reason(string json)
    {
        Assert.False(CodingJson.TryRead(Encoding.UTF8.GetBytes(json), out var program, out var error));
        Assert.Null(program);
        Assert.NotEmpty(error);
    }

    [Fact]
    public void Limits_are_kept_and_what_is_at_them_passes()
    {
        var program = Enumerable.Range(0, CodingLimits.StreamsMax).Select(i => $"read s{i} block P\n")
            .Concat(["output a\n"])
            .Concat(Enumerable.Range(0, CodingLimits.StreamsMax).Select(i => $"LOAD {(i == 0 ? "a" : "b")} s{i}\n"));
        var text = Head + string.Concat(program);
        Assert.True(CodingText.TryRead(text, out _, out var error), error);
        Assert.False(CodingText.TryRead(text.Replace("output a\n", "read t block P\noutput a\n") + "LOAD b t\n", out _, out _));

        var filler = string.Concat(Enumerable.Repeat("COPY b a\n", CodingLimits.InstructionsMax - 1));
        Assert.True(CodingText.TryRead($"{Head}read p block P\noutput a\nLOAD a p\n{filler}", out _, out error), error);
        Assert.False(CodingText.TryRead($"{Head}read p block P\noutput a\nLOAD a p\n{filler}COPY b a\n", out _, out _));

        var names = string.Concat(Enumerable.Range(0, CodingLimits.BuffersMax - 1).Select(i => $"COPY b{i} a\n"));
        Assert.True(CodingText.TryRead($"{Head}read p block P\noutput a\nLOAD a p\n{names}", out _, out error), error);
        Assert.False(CodingText.TryRead($"{Head}read p block P\noutput a\nLOAD a p\n{names}COPY c a\n", out _, out _));

        // 33 buffers of a megabyte are more than there may be.
        Assert.False(CodingText.TryRead(text.Replace("buffer 10\n", "buffer 1048576\n"), out _, out error));
        Assert.Contains("buffers", error);
        Assert.False(CodingText.TryRead(new string('\n', CodingLimits.ProgramBytesMax + 1), out _, out _));
    }

    [Fact]
    public void Everything_at_once_becomes_one_product_where_nothing_waits()
    {
        Assert.True(CodingText.TryRead(
            Head + Streams + "output s\nLOAD l part\nLOAD p prev\nCOPY s p\n"
                + "MULADD s 3 l\nMULADD p 7 l\nPUSH q l\nPOP q l\nIADD p l\nWRITE p coded\n",
            out var program,
            out var error), error);
        var stage = Assert.Single(program.Plan.Stages);
        Assert.Equal<byte>([6, 1, 3, 1], stage.Matrix);

        // Reading after writing begins another stage, for the writing may be what the reading waits for.
        Assert.True(CodingText.TryRead(
            Head + Streams + "output p\nLOAD l part\nWRITE l coded\nLOAD p prev\n", out program, out error), error);
        Assert.Equal(2, program.Plan.Stages.Length);
        Assert.Equal<byte>([1], program.Plan.Stages[0].Matrix);
        Assert.Equal<byte>([0, 1], program.Plan.Stages[1].Matrix);
    }

    internal static IEnumerable<CodingProgram> SomePrograms()
    {
        var place = new CodingPlace("node-1", "work.1");
        foreach (var code in ErasureCodes.All)
        {
            var chain = new ChainPrograms(code, 12_345, 1000);
            for (var node = 0; node < 16; node++)
            {
                yield return chain.Encode(node, part => $"part{part}", $"piece{node}", place);
            }

            int[] pieces = [15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4];
            CodingPlace?[] places = [.. pieces.Select(piece => (CodingPlace?)(piece % 2 == 0 ? place : null))];
            yield return chain.Decode(pieces, places, piece => $"piece{piece}", part => $"part{part}")!;
            yield return chain.Help(3, pieces, 0, "piece15", place)!;
            yield return chain.Help(3, pieces, 5, "piece10", place)!;
            yield return chain.Receive("piece3", place);
        }
    }
}
