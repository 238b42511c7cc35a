using MurkyWaters.Archive;
using PouringRain.Coding.Erasure;

namespace MurkyWaters.Tests.Archive;

/// <summary>Programs over streams: what they make, and how they end.</summary>
public sealed class CodingRunTests
{
    private const string Copy = "length 100\nbuffer 30\nread a block A\nwrite b block B\nLOAD x a\nWRITE x b\n";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Any_program_makes_what_its_instructions_make_one_by_one()
    {
        for (var seed = 0; seed < 1500; seed++)
        {
            var random = new Random(seed);
            var length = random.Next(4) == 0 ? random.Next(3) : random.Next(200);
            var text = RandomPrograms.Next(random, length, random.Next(1, 100));
            Assert.True(CodingText.TryRead(text, out var program, out var error), $"seed {seed}: {error}");
            var host = new MemoryCodingHost();
            var inputs = program.Streams.Where(stream => stream.IsInput).ToDictionary(stream => stream.Name, _ => Next(random, length));
            foreach (var stream in program.Streams.Where(stream => stream.IsInput))
            {
                if (stream.Kind == CodingStreamKind.ReadBlock)
                {
                    host.Blocks[stream.Target] = inputs[stream.Name];
                }
                else
                {
                    host.Pipes[stream.Remote] = await FullAsync(inputs[stream.Name]);
                }
            }

            var expected = NaiveCoding.Run(program, name => inputs[name]);
            host.Pipes["out"] = new CodingPipe(length, 1 << 20);
            var own = program.Output is null ? null : new CodingPipe(length, 1 << 20);
            var result = await CodingRun.RunAsync(program, host, own?.Sink, Cancellation);
            Assert.Equal(new CodingResult(CodingOutcome.Completed, null, length), result);
            foreach (var (name, bytes) in expected)
            {
                var actual = name.Length == 0 ? await DrainAsync(own!, length)
                    : name == "out" ? await DrainAsync(host.Pipes["out"], length)
                    : host.Blocks[program.Streams.Single(stream => stream.Name == name).Target];
                Assert.True(bytes.AsSpan().SequenceEqual(actual), $"seed {seed}, {name}");
            }

            Assert.Equal(0, host.OpenCount);
        }
    }

    [Theory]
    [InlineData("rapidraid", 0)]
    [InlineData("rapidraid", 1)]
    [InlineData("rapidraid", 5000)]
    [InlineData("rapidraid-2012", 5001)]
    public async Task Sixteen_nodes_in_a_chain_make_the_pieces_and_eleven_give_the_parts_back(string name, int length)
    {
        Assert.True(ErasureCodes.TryGet(name, out var code));
        var block = Next(new Random(length), 11 * length);
        var nodes = Enumerable.Range(0, 16).Select(_ => new MemoryCodingHost { TellsLength = length % 2 == 0 }).ToArray();
        var chain = new ChainPrograms(code, length, 700);
        foreach (var slot in code.Slots)
        {
            nodes[slot.Node].Blocks[$"part{slot.Part}"] = block[(slot.Part * length)..((slot.Part + 1) * length)];
        }

        // All at once; a small pipe from each to the next.
        var running = new List<Task<CodingResult>>();
        for (var node = 0; node < 16; node++)
        {
            var program = chain.Encode(node, part => $"part{part}", $"piece{node}", new CodingPlace($"node{node - 1}", "encoding"));
            var pipe = node == 15 ? null : new CodingPipe(length, 1000);
            if (pipe is not null)
            {
                nodes[node + 1].Pipes["encoding"] = pipe;
            }

            running.Add(CodingRun.RunAsync(program, nodes[node], pipe?.Sink, Cancellation));
        }

        Assert.All(await Task.WhenAll(running), result => Assert.Equal(new CodingResult(CodingOutcome.Completed, null, length), result));
        var pieces = new byte[16 * length];
        CellCoder.Encode(code, [.. Enumerable.Range(0, 16)], block, pieces, length);
        for (var node = 0; node < 16; node++)
        {
            Assert.True(pieces.AsSpan(node * length, length).SequenceEqual(nodes[node].Blocks[$"piece{node}"]), $"piece {node}");
        }

        int[] taken = [15, 3, 13, 5, 9, 11, 0, 8, 7, 6, 2, 10];
        var decoder = new MemoryCodingHost();
        CodingPlace?[] places =
            [.. taken.Select(piece => piece == 3 ? (CodingPlace?)null : new CodingPlace($"node{piece}", $"piece{piece}"))];
        foreach (var piece in taken)
        {
            decoder.Pipes[$"piece{piece}"] = await FullAsync(nodes[piece].Blocks[$"piece{piece}"]);
        }

        decoder.Blocks["piece3"] = nodes[3].Blocks["piece3"];
        var decoding = chain.Decode(taken, places, piece => $"piece{piece}", part => $"part{part}");
        Assert.Equal(CodingOutcome.Completed, (await CodingRun.RunAsync(decoding!, decoder, null, Cancellation)).Outcome);
        Assert.Equal(block, Enumerable.Range(0, 11).SelectMany(part => decoder.Blocks[$"part{part}"]).ToArray());
    }

    [Fact]
    public async Task A_path_of_eleven_repairs_a_piece_of_which_nobody_has_more_than_one()
    {
        const int Length = 3000;
        var code = ErasureCodes.RapidRaid;
        var pieces = new byte[16 * Length];
        CellCoder.Encode(code, [.. Enumerable.Range(0, 16)], Next(new Random(1), 11 * Length), pieces, Length);
        int[] helpers = [12, 1, 15, 14, 2, 3, 8, 9, 5, 0, 6];
        var chain = new ChainPrograms(code, Length, 512);
        var running = new List<Task<CodingResult>>();
        CodingPipe? before = null;
        for (var i = 0; i < helpers.Length; i++)
        {
            var host = new MemoryCodingHost();
            host.Blocks["mine"] = pieces[(helpers[i] * Length)..((helpers[i] + 1) * Length)];
            if (before is not null)
            {
                host.Pipes["repair"] = before;
            }

            before = new CodingPipe(Length, 512);
            var program = chain.Help(7, helpers, i, "mine", new CodingPlace("before", "repair"));
            running.Add(CodingRun.RunAsync(program!, host, before.Sink, Cancellation));
        }

        var receiver = new MemoryCodingHost();
        receiver.Pipes["repair"] = before!;
        running.Add(CodingRun.RunAsync(chain.Receive("new", new CodingPlace("last", "repair")), receiver, null, Cancellation));
        Assert.All(await Task.WhenAll(running), result => Assert.Equal(CodingOutcome.Completed, result.Outcome));
        Assert.Equal(pieces[(7 * Length)..(8 * Length)], receiver.Blocks["new"]);
        Assert.Null(chain.Help(7, helpers[..10], 0, "mine", default));
        Assert.Null(chain.Decode(helpers[..10], new CodingPlace?[10], _ => "mine", _ => "part"));
    }

    [Fact]
    public async Task Two_programs_of_a_node_meet_in_a_queue()
    {
        var host = new MemoryCodingHost();
        host.Pipes["queue"] = new CodingPipe(100, 10);
        host.Blocks["A"] = Next(new Random(2), 100);
        Assert.True(CodingText.TryRead("length 100\nbuffer 30\nread a block A\nLOAD x a\nPUSH queue x\n", out var first, out _));
        Assert.True(CodingText.TryRead("length 100\nbuffer 7\nwrite b block B\nPOP queue x\nWRITE x b\n", out var second, out _));
        var results = await Task.WhenAll(
            CodingRun.RunAsync(first, host, null, Cancellation), CodingRun.RunAsync(second, host, null, Cancellation));
        Assert.All(results, result => Assert.Equal(CodingOutcome.Completed, result.Outcome));
        Assert.Equal(host.Blocks["A"], host.Blocks["B"]);
    }

    [Theory]
    [InlineData(null, true, CodingOutcome.Missing, "a")]
    [InlineData(99, true, CodingOutcome.WrongLength, "a")]
    [InlineData(101, true, CodingOutcome.WrongLength, "a")]
    [InlineData(99, false, CodingOutcome.WrongLength, "a")]
    [InlineData(100, true, CodingOutcome.Completed, null)]
    [InlineData(100, false, CodingOutcome.Completed, null)]
    public async Task A_source_that_is_missing_or_of_another_length_ends_the_run(
        int? length, bool tells, CodingOutcome outcome, string? stream)
    {
        var host = new MemoryCodingHost { TellsLength = tells };
        if (length is { } bytes)
        {
            host.Blocks["A"] = new byte[bytes];
        }

        Assert.True(CodingText.TryRead(Copy, out var program, out _));
        var result = await CodingRun.RunAsync(program, host, null, Cancellation);
        Assert.Equal((outcome, stream), (result.Outcome, result.Stream));
        Assert.Equal(outcome == CodingOutcome.Completed, host.Blocks.ContainsKey("B"));
        Assert.Equal(0, host.OpenCount);
    }

    [Theory]
    [InlineData("A", "a")]
    [InlineData("B", "b")]
    public async Task A_disk_that_fails_ends_the_run_and_nothing_is_kept(string block, string stream)
    {
        var host = new MemoryCodingHost { Fault = (block, 60) };
        host.Blocks["A"] = new byte[100];
        Assert.True(CodingText.TryRead(Copy, out var program, out _));
        var result = await CodingRun.RunAsync(program, host, null, Cancellation);
        Assert.Equal(new CodingResult(CodingOutcome.Failed, stream, 60, "The disk is gone."), result);
        Assert.False(host.Blocks.ContainsKey("B"));
        Assert.Equal(0, host.OpenCount);
    }

    [Fact]
    public async Task What_may_not_be_written_ends_the_run()
    {
        var host = new MemoryCodingHost();
        host.Blocks["A"] = new byte[100];
        Assert.True(CodingText.TryRead(Copy.Replace("block B", "block forbidden"), out var program, out _));
        var result = await CodingRun.RunAsync(program, host, null, Cancellation);
        Assert.Equal((CodingOutcome.Missing, "b"), (result.Outcome, result.Stream));
    }

    [Fact]
    public async Task A_node_that_goes_away_in_the_middle_fails_the_one_behind_it()
    {
        var host = new MemoryCodingHost();
        var pipe = new CodingPipe(100, 1000);
        host.Pipes["W"] = pipe;
        Assert.True(CodingText.TryRead(
            "length 100\nbuffer 30\nread a node N W\nwrite b block B\nLOAD x a\nWRITE x b\n", out var program, out _));
        var running = CodingRun.RunAsync(program, host, null, Cancellation);
        await pipe.Sink.WriteAsync(new byte[70], Cancellation);
        await pipe.Sink.DisposeAsync();
        var result = await running;
        Assert.Equal((CodingOutcome.Failed, "a"), (result.Outcome, result.Stream));
        Assert.InRange(result.Bytes, 0, 60);
        Assert.False(host.Blocks.ContainsKey("B"));

        // And the one before it hears of it.
        var other = new CodingPipe(100, 10);
        await other.Source.DisposeAsync();
        await Assert.ThrowsAsync<IOException>(async () => await other.Sink.WriteAsync(new byte[30], Cancellation));
    }

    [Fact]
    public async Task Cancelling_ends_a_run_that_waits()
    {
        var host = new MemoryCodingHost();
        host.Pipes["W"] = new CodingPipe(100, 1000);
        Assert.True(CodingText.TryRead(
            "length 100\nbuffer 30\nread a node N W\nwrite b block B\nLOAD x a\nWRITE x b\n", out var program, out _));
        using var source = new CancellationTokenSource();
        var running = CodingRun.RunAsync(program, host, null, source.Token);
        Assert.False(running.IsCompleted);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.Equal(0, host.OpenCount);
        Assert.False(host.Blocks.ContainsKey("B"));
    }

    [Fact]
    public async Task An_own_stream_has_to_go_somewhere_and_only_that()
    {
        var host = new MemoryCodingHost();
        Assert.True(CodingText.TryRead(Copy, out var program, out _));
        var pipe = new CodingPipe(1, 1);
        await Assert.ThrowsAsync<ArgumentException>(() => CodingRun.RunAsync(program, host, pipe.Sink, Cancellation));
    }

    private static byte[] Next(Random random, int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }

    private static async Task<CodingPipe> FullAsync(byte[] bytes)
    {
        var pipe = new CodingPipe(bytes.Length, (1 << 20) + bytes.Length);
        await pipe.Sink.WriteAsync(bytes, Cancellation);
        await pipe.Sink.CompleteAsync(Cancellation);
        return pipe;
    }

    private static async Task<byte[]> DrainAsync(CodingPipe pipe, int length)
    {
        var bytes = new byte[length];
        Assert.True(await pipe.Source.TryReadAsync(bytes, Cancellation));
        return bytes;
    }
}
