using System.Buffers;
using System.Text;
using MurkyWaters.Archive;
using MurkyWaters.Tests.Network;
using PouringRain.Coding.Erasure;

namespace MurkyWaters.Tests.Archive;

/// <summary>Programs that mean harm, at random and made of good ones: each is refused, or runs within its bounds.</summary>
public sealed class HostileProgramTests
{
    private static readonly string[] Words =
    [
        "..", "../../etc/passwd", "/etc/passwd", "..%2fcatalog.db", "catalog.db", "b-a", ".hidden", "a/b", "a\\b", "C:\\a", "con", "a\0b",
        "ä", "http://127.0.0.1:1/", "127.0.0.1", "00000000000000000000000000000001", "piece.0000000000000001.0000000000000002.rapidraid.3",
        "piece.../.../x.rapidraid.3", "-1", "0", "00", "256", "1e9", "9223372036854775807", "99999999999999999999", "1048577", "LOAD",
        "POP q a", "PUSH q a", "\"", "{", "]", "null", "\\u0000", "\\ud800",
    ];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public Task Fifty_thousand_programs_do_no_harm() => RunAsync(50_000);

    [Fact(Explicit = true)]
    public Task Ten_million_programs_do_no_harm() => RunAsync(10_000_000);

    private static async Task RunAsync(int count)
    {
        await using var cloud = await NodeCloud.StartAsync(1);
        var desk = cloud[0].Coding;
        foreach (var id in (string[])["r0", "r1", "r2"])
        {
            await using var block = desk.TryCreateBlock(id, 100)!;
            await block.WriteAsync(Bytes.Random(100, id[1]), Cancellation);
            await block.CompleteAsync(Cancellation);
        }

        var before = FilesOf(cloud).Where(path => !path.StartsWith("blocks", StringComparison.Ordinal)).ToList();
        var (accepted, ran, completed) = (0, 0, 0);
        await Parallel.ForEachAsync(
            Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = Cancellation },
            async (seed, token) =>
            {
                if (Read(seed) is not { } program)
                {
                    return;
                }

                Interlocked.Increment(ref accepted);
                Check(program, seed);

                // What waits for another program, waits its time; that is for another test.
                if (seed % 64 == 0 && program.Length <= 10_000 && program.Plan.Inputs.All(stream => stream.Kind != CodingStreamKind.Pop)
                    && program.Plan.Outputs.All(stream => stream?.Kind != CodingStreamKind.Push))
                {
                    Interlocked.Increment(ref ran);
                    await using var own = program.Output is null ? null : new Counting();
                    var result = await desk.RunAsync(program, own, token);
                    Assert.InRange(own?.Bytes ?? 0, 0, program.Length);
                    completed += result is { Outcome: CodingOutcome.Completed } ? 1 : 0;
                }
            });

        // Of what is mutated much is still a program, and some of it runs: else nothing would have been tried.
        Assert.True(accepted > count / 100 && ran > count / 1000 && completed > count / 20_000, $"{accepted}, {ran}, {completed}");
        Assert.Empty(desk.Works);
        Assert.Equal(before, FilesOf(cloud).Where(path => !path.StartsWith("blocks", StringComparison.Ordinal)));
        Assert.All(
            FilesOf(cloud).Where(path => path.StartsWith("blocks", StringComparison.Ordinal)),
            path => Assert.Matches("^blocks.b-[a-z0-9][a-z0-9_-]{0,63}$", path));
        Assert.Empty(cloud.Failures);
    }

    private static List<string> FilesOf(NodeCloud cloud) =>
    [
        .. Directory.EnumerateFileSystemEntries(Path.GetDirectoryName(cloud.PathOf(0))!, "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(cloud.PathOf(0), path)).Where(path => path != "blocks").Order(StringComparer.Ordinal),
    ];

    private static CodingProgram? Read(int seed)
    {
        var random = new Random(seed);
        var isJson = random.Next(2) == 0;
        var bytes = random.Next(10) == 0 ? Noise(random) : Mutate(random, isJson ? Json(random) : Encoding.UTF8.GetBytes(Text(random)));
        CodingProgram? program;
        string? error;
        var isRead = isJson ? CodingJson.TryRead(bytes, out program, out error)
            : CodingText.TryRead(Encoding.UTF8.GetString(bytes), out program, out error);
        Assert.True(isRead ? program is not null && error is null : program is null && error is { Length: > 5 }, $"seed {seed}");
        return program;
    }

    private static void Check(CodingProgram program, int seed)
    {
        var plan = program.Plan;
        Assert.True(
            program.Length is >= 0 and <= CodingLimits.LengthMax && program.Instructions.Length <= CodingLimits.InstructionsMax
            && program.Streams.Length <= CodingLimits.StreamsMax && plan.Outputs.Length > 0
            && (long)(plan.Inputs.Length + plan.Outputs.Length) * program.BufferBytes <= CodingLimits.MemoryBytesMax
            && plan.Stages.All(stage => stage.Matrix.Length == (stage.OutputEnd - stage.OutputStart) * stage.InputEnd
                && stage.InputEnd <= plan.Inputs.Length && stage.OutputEnd <= plan.Outputs.Length)
            && program.Streams.All(stream => stream.Target.IndexOfAny(['/', '\\', ':', '\0']) < 0 && stream.Target[0] != '.'),
            $"seed {seed}");
        Assert.True(CodingText.TryRead(program.ToString(), out var again, out _) && again.ToString() == program.ToString(), $"seed {seed}");
    }

    private static byte[] Noise(Random random)
    {
        var bytes = new byte[random.Next(300)];
        random.NextBytes(bytes);
        return bytes;
    }

    private static string Text(Random random) => random.Next(4) switch
    {
        0 => new ChainPrograms(ErasureCodes.All[random.Next(2)], random.Next(300), 1 + random.Next(100)).Encode(
            random.Next(16), part => $"r{part % 3}", "w0", new CodingPlace("n", "w")).ToString(),
        1 => "length 100\nbuffer 30\nread a block r0\nread b block r1\nwrite w block w1\nLOAD x a\nLOAD y b\nMULADD x 7 y\nWRITE x w\n",
        _ => RandomPrograms.Next(random, random.Next(300), 1 + random.Next(100))
            .Replace("block R", "block r", StringComparison.Ordinal).Replace("block W", "block w", StringComparison.Ordinal),
    };

    private static byte[] Json(Random random)
    {
        if (!CodingText.TryRead(Text(random), out var program, out _))
        {
            return "{}"u8.ToArray();
        }

        var json = new ArrayBufferWriter<byte>();
        CodingJson.Write(program, json);
        return json.WrittenSpan.ToArray();
    }

    private static byte[] Mutate(Random random, byte[] good)
    {
        var bytes = new List<byte>(good);
        for (var i = random.Next(4); i > 0 && bytes.Count > 0; i--)
        {
            var at = random.Next(bytes.Count);
            var (start, end) = TokenAt(bytes, at);
            switch (random.Next(6))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes.RemoveRange(at, Math.Min(random.Next(1, 40), bytes.Count - at));
                    break;
                case 2:
                    bytes.InsertRange(at, bytes.GetRange(start, end - start));
                    break;
                case 3:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                default:
                    // A word in the place of another, which may be another of the program's own.
                    var (from, to) = TokenAt(bytes, random.Next(bytes.Count));
                    var word = random.Next(2) == 0 ? bytes.GetRange(from, to - from)
                        : [.. Encoding.UTF8.GetBytes(Words[random.Next(Words.Length)])];
                    bytes.RemoveRange(start, end - start);
                    bytes.InsertRange(start, word);
                    break;
            }
        }

        return [.. bytes];
    }

    private static (int Start, int End) TokenAt(List<byte> bytes, int at)
    {
        var (start, end) = (at, at);
        while (start > 0 && IsOfWord(bytes[start - 1]))
        {
            start--;
        }

        while (end < bytes.Count && IsOfWord(bytes[end]))
        {
            end++;
        }

        return (start, end);
    }

    private static bool IsOfWord(byte value) => char.IsAsciiLetterOrDigit((char)value) || value is (byte)'_' or (byte)'-' or (byte)'.';

    private sealed class Counting : ICodingSink
    {
        public long Bytes { get; private set; }

        public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
        {
            Bytes += bytes.Length;
            return ValueTask.CompletedTask;
        }

        public ValueTask CompleteAsync(CancellationToken cancellation) => ValueTask.CompletedTask;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
