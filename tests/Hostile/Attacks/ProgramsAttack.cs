using System.Diagnostics;
using System.Text;
using Benchmarks.Codes;
using MurkyWaters.Archive;
using PouringRain.Coding.Erasure;

namespace Hostile.Attacks;

/// <summary>
/// Ten million coding programs that are random, or real ones with something changed, read as text and as JSON: none may throw, take long
/// or much memory, or pass with more in it than the limits allow. What is accepted must come out as the same text, and name no path.
/// </summary>
internal static class ProgramsAttack
{
    private const int Programs = 10_000_000;
    private const int Batch = 10_000;
    private const ulong Seed = 16;

    private static readonly string[] Words =
    [
        "LOAD", "COPY", "WRITE", "IADD", "MULT", "MULADD", "PUSH", "POP", "read", "write", "output", "block", "node", "length", "buffer",
        "a", "b", "stream", "prev", "part0", "q", "0", "1", "255", "256", "-1", "65536", "99999999999999999999", "..", "/etc/passwd",
        "a/b", "\\", "\0", "é", "\ud800", "\\ud800", " ", "\n", "\t", "{", "}", "[", "]", "\"", ":", ",", "null", "1e9",
    ];

    public static Attack Attack { get; } =
        new("programs", "10 million random and mutated coding programs against the checker", IsQuick: false, RunAsync)
        {
            Limit = TimeSpan.FromMinutes(30),
        };

    private static Task RunAsync(Stage stage)
    {
        var (texts, jsons) = Real();
        var random = new SplitMix(Seed);
        var (accepted, wrong, threw) = (0, 0, 0);
        var (longest, example) = (TimeSpan.Zero, "");
        var allocatedMost = 0L;
        for (var done = 0; done < Programs; done += Batch)
        {
            stage.Cancellation.ThrowIfCancellationRequested();
            for (var i = 0; i < Batch; i++)
            {
                var isJson = (i & 3) == 0;
                var text = isJson ? Mutated(random, jsons) : (i & 3) == 1 ? Invented(random) : Mutated(random, texts);
                var bytes = isJson ? Encoding.UTF8.GetBytes(text) : [];
                var before = GC.GetAllocatedBytesForCurrentThread();
                try
                {
                    var (elapsed, program) = Read(text, bytes);
                    allocatedMost = Math.Max(allocatedMost, GC.GetAllocatedBytesForCurrentThread() - before);

                    // What takes long takes long every time; what the machine did meanwhile it does once.
                    for (var again = 0; again < 3 && elapsed > longest; again++)
                    {
                        var (time, _) = Read(text, bytes);
                        elapsed = time < elapsed ? time : elapsed;
                    }

                    longest = elapsed > longest ? elapsed : longest;
                    accepted += program is null ? 0 : 1;
                    if (program is not null && !IsRight(program, isJson ? null : text))
                    {
                        wrong++;
                        example = text;
                    }
                }
                catch (Exception exception) when (exception is not OperationCanceledException)
                {
                    threw++;
                    example = $"{exception.GetType().Name} {text}";
                }
            }
        }

        var isSifted = accepted is > 0 and < Programs / 2;
        stage.Row($"{Programs} programs, seed {Seed}", $"{accepted} accepted", "some, and not most", isSifted);
        stage.Row("exceptions", $"{threw} {example}", "0", threw == 0);
        stage.Row("accepted beyond the limits, or as another program", $"{wrong} {example}", "0", wrong == 0);
        stage.Row("the longest reading", $"{longest.TotalMilliseconds:F1} ms", "100 ms", longest < TimeSpan.FromMilliseconds(100));
        stage.Row("the most memory one took", $"{allocatedMost / 1024} KiB", "1 MiB", allocatedMost < 1 << 20);
        return Task.CompletedTask;
    }

    private static (TimeSpan Elapsed, CodingProgram? Program) Read(string text, byte[] json)
    {
        var start = Stopwatch.GetTimestamp();
        var isAccepted = json.Length > 0 ? CodingJson.TryRead(json, out var program, out _) : CodingText.TryRead(text, out program, out _);
        return (Stopwatch.GetElapsedTime(start), isAccepted ? program : null);
    }

    private static bool IsRight(CodingProgram program, string? text)
    {
        var plan = program.Plan;
        var buffers = (long)(plan.Inputs.Length + plan.Outputs.Length) * program.BufferBytes;
        return buffers <= CodingLimits.MemoryBytesMax
            && program.Length is >= 0 and <= CodingLimits.LengthMax
            && program.Instructions.Length <= CodingLimits.InstructionsMax
            && program.Streams.All(stream => stream.Target.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.')
                && stream.Target[0] != '.')
            && plan.Stages.All(stage => stage.Matrix.Length == (stage.OutputEnd - stage.OutputStart) * stage.InputEnd)
            && (text is null || program.ToString() == text)
            && CodingText.TryRead(program.ToString(), out var again, out _) && again.ToString() == program.ToString();
    }

    private static (string[] Texts, string[] Jsons) Real()
    {
        var chain = new ChainPrograms(ErasureCodes.RapidRaid, 95_326);
        var place = new CodingPlace("node-7", "work.3");
        CodingProgram[] programs =
        [
            .. Enumerable.Range(0, 16).Select(node => chain.Encode(node, part => $"part{part}", $"piece{node}", place)),
            chain.Help(3, [15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5], 4, "piece11", place)!,
            chain.Receive("piece3", place),
        ];
        return ([.. programs.Select(program => program.ToString())], [.. programs.Select(Json)]);
    }

    private static string Json(CodingProgram program)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        CodingJson.Write(program, buffer);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static string Invented(SplitMix random)
    {
        var text = new StringBuilder(random.Next(4) == 0 ? "" : "length 100\nbuffer 10\n");
        for (var words = random.Next(40); words > 0; words--)
        {
            text.Append(Words[random.Next(Words.Length)]).Append(random.Next(3) == 0 ? '\n' : ' ');
        }

        return text.ToString();
    }

    // One to four changes: a character, a stretch taken out, doubled or moved, a word put in.
    private static string Mutated(SplitMix random, string[] real)
    {
        var text = new StringBuilder(real[random.Next(real.Length)]);
        for (var changes = 1 + random.Next(4); changes > 0 && text.Length > 0; changes--)
        {
            var at = random.Next(text.Length);
            var count = Math.Min(random.Next(30), text.Length - at);
            switch (random.Next(5))
            {
                case 0:
                    text[at] = (char)random.Next(random.Next(8) == 0 ? 65536 : 128);
                    break;
                case 1:
                    text.Remove(at, count);
                    break;
                case 2:
                    text.Insert(random.Next(text.Length), text.ToString(at, count));
                    break;
                case 3:
                    text.Insert(at, Words[random.Next(Words.Length)]);
                    break;
                default:
                    text[at] = (char)('0' + random.Next(10));
                    break;
            }
        }

        return text.ToString();
    }
}
