using PouringRain.Coding.Erasure;

namespace PouringRain.Coding.Tests.Erasure;

/// <summary>Which sets of pieces are enough, all 4,368 of them and all losses, and what the chain makes.</summary>
public sealed class ErasureCodeTests
{
    public static TheoryData<string> Names => [.. ErasureCodes.All.Select(code => code.Name)];

    [Fact]
    public void Codes_are_found_by_name_and_the_default_is_first()
    {
        Assert.Equal(["rapidraid", "rapidraid-2012"], ErasureCodes.All.Select(code => code.Name));
        Assert.True(ErasureCodes.TryGet("rapidraid", out var code));
        Assert.Same(ErasureCodes.RapidRaid, code);
        Assert.True(ErasureCodes.TryGet("parts", out var parts));
        Assert.Same(ErasureCodes.Parts, parts);
        Assert.False(ErasureCodes.TryGet("RapidRaid", out _));
        Assert.False(ErasureCodes.TryGet(null, out _));
    }

    [Theory]
    [InlineData("rapidraid", 0)]
    [InlineData("rapidraid-2012", 47)]
    public void Of_the_4368_sets_of_eleven_so_many_cannot_be_decoded(string name, int undecodable)
    {
        var code = Get(name);
        var sets = 0;
        var bad = 0;
        var matrix = new byte[11 * 11];
        foreach (var set in Sets.Of(11, 16))
        {
            sets++;
            var isDecodable = code.TryGetDecoding(set, matrix);
            bad += isDecodable ? 0 : 1;
            Assert.Equal(isDecodable, code.IsSufficient(PieceSet.Of(set)));
        }

        Assert.Equal(4368, sets);
        Assert.Equal(undecodable, bad);
    }

    [Theory]
    [InlineData("rapidraid", 5)]
    [InlineData("rapidraid-2012", 3)]
    public void So_many_losses_are_survived_whichever_they_are_and_not_one_more(string name, int survived)
    {
        var code = Get(name);
        Assert.Equal(survived, code.LossesSurvived);
        var all = PieceSet.First(code.PieceCount);
        Assert.All(Enumerable.Range(0, survived + 1), losses =>
            Assert.All(Sets.Of(losses, 16), lost => Assert.True(code.IsSufficient(all.Without(PieceSet.Of(lost))))));
        Assert.Contains(Sets.Of(survived + 1, 16), lost => !code.IsSufficient(all.Without(PieceSet.Of(lost))));
        var alone = Enumerable.Range(0, 16).Select(piece => PieceSet.Of(piece)).ToArray();
        Assert.Equal(survived, code.CountLossesSurvived(alone));
    }

    [Fact]
    public void Losses_survived_are_counted_by_what_holders_share()
    {
        var code = ErasureCodes.RapidRaid;
        PieceSet[] eight = [.. Enumerable.Range(0, 8).Select(holder => PieceSet.Of(holder, holder + 8))];
        Assert.Equal(2, code.CountLossesSurvived(eight));
        Assert.Equal(0, code.CountLossesSurvived([PieceSet.First(16)]));
        Assert.Equal(1, code.CountLossesSurvived([PieceSet.First(16), PieceSet.First(16)]));
        Assert.Equal(0, code.CountLossesSurvived([.. Enumerable.Range(0, 11).Select(piece => PieceSet.Of(piece))]));
        Assert.Equal(-1, code.CountLossesSurvived([.. Enumerable.Range(0, 10).Select(piece => PieceSet.Of(piece))]));
        Assert.Equal(-1, code.CountLossesSurvived([]));
        Assert.Throws<ArgumentException>(() => code.CountLossesSurvived(new PieceSet[21]));
    }

    [Fact]
    public void Replicas_of_a_part_are_two_and_on_different_nodes()
    {
        Assert.All(ErasureCodes.All, code =>
        {
            Assert.Equal(22, code.Slots.Length);
            Assert.All(Enumerable.Range(0, 11), part =>
                Assert.Equal(2, code.Slots.Where(slot => slot.Part == part).Select(slot => slot.Node).Distinct().Count()));
            Assert.All(Enumerable.Range(0, 16), node =>
            {
                Assert.Equal(node is >= 5 and <= 10 ? 2 : 1, code.SlotsOf(node).Length);
                Assert.DoesNotContain(code.SlotsOf(node).ToArray(), slot => slot.Node != node);
            });
        });
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_chain_makes_the_pieces_that_the_generator_matrix_makes(string name)
    {
        var code = Get(name);
        const int Length = 1000;
        var block = Sets.Bytes(1, 11 * Length);
        var direct = new byte[16 * Length];
        CellCoder.Encode(code, [.. Enumerable.Range(0, 16)], block, direct, Length);
        Assert.Equal(direct, RunChain(code, block, Length));
    }

    [Fact]
    public void The_chain_of_2012_makes_what_its_instructions_made()
    {
        const int Length = 257;
        byte[][] parts = [.. Enumerable.Range(0, 11).Select(part => Sets.Bytes(part, Length))];
        var expected = SeedChain.Run(parts);
        byte[] block = [.. parts.SelectMany(part => part)];
        Assert.Equal([.. expected.SelectMany(piece => piece)], RunChain(ErasureCodes.RapidRaid2012, block, Length));
        Assert.Equal(parts[0], expected[0]);
    }

    [Fact]
    public void A_piece_is_what_its_row_says()
    {
        // Known bytes, so that neither a code nor the arithmetic changes without a word: pieces are on disks.
        var block = Enumerable.Range(1, 11).Select(value => (byte)value).ToArray();
        Assert.Equal("01 20 4E 85 D4 B7 78 DE 46 28 9D EC 3A 39 5F 45", Hex(ErasureCodes.RapidRaid, block));
        Assert.Equal("01 8A D3 E7 9F 9F 50 86 0C 1F 08 73 B5 C6 37 BA", Hex(ErasureCodes.RapidRaid2012, block));
    }

    [Fact]
    public void Choosing_takes_the_most_preferred_that_suffice()
    {
        var code = ErasureCodes.RapidRaid;
        var chosen = new int[11];
        int[] preferred = [15, 3, 3, 14, 0, 1, 2, 4, 5, 6, 7, 8, 9, 10];
        Assert.Equal(11, code.Choose(preferred, chosen));
        Assert.Equal([15, 3, 14, 0, 1, 2, 4, 5, 6, 7, 8], chosen);
        Assert.Equal(2, code.Choose([4, 4, 9], chosen));

        // In the code of 2012 eleven may be too few; the twelfth replaces the one that told nothing new.
        var old = ErasureCodes.RapidRaid2012;
        var bad = Sets.Of(11, 16).First(set => !old.IsSufficient(PieceSet.Of(set)));
        int[] rest = [.. Enumerable.Range(0, 16).Except(bad)];
        Assert.Equal(11, old.Choose([.. bad, .. rest], chosen));
        Assert.True(old.IsSufficient(PieceSet.Of(chosen)));
    }

    [Fact]
    public void Indices_beyond_the_code_are_refused()
    {
        var code = ErasureCodes.RapidRaid;
        var coefficients = new byte[11 * 16];
        Assert.ThrowsAny<ArgumentException>(() => code.RowOf(16));
        Assert.ThrowsAny<ArgumentException>(() => code.RowOf(-1));
        Assert.ThrowsAny<ArgumentException>(() => code.TryGetDecoding(11, [0], coefficients));
        Assert.ThrowsAny<ArgumentException>(() => code.TryGetRepair(0, [16], coefficients));
        Assert.ThrowsAny<ArgumentException>(() => new ChainStep(code, 16));
        Assert.ThrowsAny<ArgumentException>(() => PieceSet.Of(32));
        Assert.False(code.IsSufficient(new PieceSet(0xFFFF_03FF)));
    }

    /// <summary>Parts as they are: any one of the two replicas of each, and a lost one is the other.</summary>
    [Fact]
    public void Parts_suffice_when_each_is_there_once()
    {
        var parts = ErasureCodes.Parts;
        Assert.Equal((22, 11, 1), (parts.PieceCount, parts.PartCount, parts.LossesSurvived));
        Assert.True(parts.Slots.IsEmpty);
        for (var mixed = 0u; mixed < 1 << 11; mixed++)
        {
            // Of each part the first replica or the second, as the bits say.
            var set = new PieceSet(mixed | ((~mixed & 0x7FF) << 11));
            Assert.True(parts.IsSufficient(set));
            Assert.False(parts.IsSufficient(set.Without(PieceSet.Of((int)(mixed % 11), (int)(mixed % 11) + 11))));
        }

        for (var piece = 0; piece < parts.PieceCount; piece++)
        {
            var coefficient = new byte[1];
            Assert.True(parts.TryGetRepair(piece, [(piece + 11) % 22], coefficient));
            Assert.Equal(1, coefficient[0]);
            Assert.False(parts.TryGetRepair(piece, [(piece + 1) % 22], coefficient));
        }
    }

    private static ErasureCode Get(string name) => ErasureCodes.TryGet(name, out var code) ? code : throw new ArgumentException(name);

    private static string Hex(ErasureCode code, byte[] block)
    {
        var cells = new byte[16];
        CellCoder.Encode(code, [.. Enumerable.Range(0, 16)], block, cells, 1);
        return string.Join(' ', cells.Select(value => $"{value:X2}"));
    }

    // Node after node, with nothing but the stream between them.
    private static byte[] RunChain(ErasureCode code, byte[] block, int length)
    {
        var pieces = new byte[16 * length];
        var stream = new byte[length];
        for (var node = 0; node < 16; node++)
        {
            var step = new ChainStep(code, node);
            var inputs = new List<byte>();
            inputs.AddRange(step.HasIncoming ? stream : []);
            foreach (var slot in code.SlotsOf(node))
            {
                inputs.AddRange(block.AsSpan(slot.Part * length, length));
            }

            Assert.Equal(step.InputCount * length, inputs.Count);
            var outputs = new byte[step.OutputCount * length];
            step.Run(inputs.ToArray(), length, outputs, length, length);
            outputs.AsSpan(0, length).CopyTo(pieces.AsSpan(node * length));
            stream = step.HasOutgoing ? outputs[length..] : [];
        }

        return pieces;
    }
}
