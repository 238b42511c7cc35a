using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace MurkyWaters.Archive;

/// <summary>
/// Programs as lines of text, each a word and its operands with one space between them, and a line feed behind it. What is read here and
/// written again is the same text.
/// <code>
/// length 95326
/// buffer 65536
/// read part3 block BLOCK        streams first: a block that is read,
/// read prev node NODE WORK      what a program at another node gives,
/// write coded3 block BLOCK      a block that is written;
/// output stream                 the buffer that is this program's own stream, if it has one,
/// LOAD local part3              and the instructions.
/// </code>
/// </summary>
public static class CodingText
{
    /// <summary>Reads and checks a program. Any text has an answer, in a time bounded by <see cref="CodingLimits"/>.</summary>
    /// <param name="text">The program.</param>
    /// <param name="program">The program.</param>
    /// <param name="error">What is wrong with it, in a sentence; null when nothing is.</param>
    public static bool TryRead(
        ReadOnlySpan<char> text, [NotNullWhen(true)] out CodingProgram? program, [NotNullWhen(false)] out string? error)
    {
        program = null;
        if (text.Length > CodingLimits.ProgramBytesMax)
        {
            error = $"It has more than {CodingLimits.ProgramBytesMax} characters.";
            return false;
        }

        var draft = new Draft();
        var number = 0;
        while (!text.IsEmpty)
        {
            number++;
            var end = text.IndexOf('\n');
            if (end < 0 || !draft.TryAdd(text[..end]))
            {
                error = $"Line {number} is not understood.";
                return false;
            }

            text = text[(end + 1)..];
        }

        if (draft.BufferBytes < 0)
        {
            error = "It names no length and buffer.";
            return false;
        }

        return CodingProgram.TryCreate(
            draft.Length, (int)draft.BufferBytes, draft.Streams, draft.Output, draft.Instructions, out program, out error);
    }

    /// <summary>Writes a program.</summary>
    public static string Write(CodingProgram program)
    {
        ArgumentNullException.ThrowIfNull(program);
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"length {program.Length}\nbuffer {program.BufferBytes}\n");
        foreach (var stream in program.Streams)
        {
            text.Append(stream.Kind switch
            {
                CodingStreamKind.ReadBlock => $"read {stream.Name} block {stream.Target}\n",
                CodingStreamKind.ReadNode => $"read {stream.Name} node {stream.Target} {stream.Remote}\n",
                _ => $"write {stream.Name} block {stream.Target}\n",
            });
        }

        if (program.Output is { } output)
        {
            text.Append(CultureInfo.InvariantCulture, $"output {output}\n");
        }

        foreach (var instruction in program.Instructions)
        {
            text.Append(instruction).Append('\n');
        }

        return text.ToString();
    }

    // The lines so far. They have to come in their order.
    private sealed class Draft
    {
        public long Length { get; private set; } = -1;

        public long BufferBytes { get; private set; } = -1;

        public List<CodingStream> Streams { get; } = [];

        public string? Output { get; private set; }

        public List<CodingInstruction> Instructions { get; } = [];

        public bool TryAdd(ReadOnlySpan<char> line)
        {
            Span<Range> ranges = stackalloc Range[6];
            var count = line.Split(ranges, ' ');
            if (Length < 0)
            {
                return count == 2 && line[ranges[0]] is "length" && TryReadNumber(line[ranges[1]], out var length)
                    && (Length = length) >= 0;
            }

            if (BufferBytes < 0)
            {
                return count == 2 && line[ranges[0]] is "buffer" && TryReadNumber(line[ranges[1]], out var bytes)
                    && bytes <= int.MaxValue && (BufferBytes = bytes) >= 0;
            }

            if (line.Length > 0 && char.IsAsciiLetterUpper(line[0]))
            {
                return Instructions.Count <= CodingLimits.InstructionsMax && TryAddInstruction(line);
            }

            if (Instructions.Count > 0 || Output is not null || Streams.Count > CodingLimits.StreamsMax)
            {
                return false;
            }

            if (count == 2 && line[ranges[0]] is "output")
            {
                Output = line[ranges[1]].ToString();
                return true;
            }

            return count >= 4 && TryAddStream(line, ranges[..count]);
        }

        private static bool TryReadNumber(ReadOnlySpan<char> text, out long number)
        {
            number = -1;
            return (text.Length == 1 || (text.Length > 1 && text[0] != '0')) && !text.ContainsAnyExceptInRange('0', '9')
                && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
        }

        private bool TryAddInstruction(ReadOnlySpan<char> line)
        {
            var isRead = CodingInstruction.TryParse(line, out var instruction);
            if (isRead)
            {
                Instructions.Add(instruction);
            }

            return isRead;
        }

        private bool TryAddStream(ReadOnlySpan<char> line, ReadOnlySpan<Range> ranges)
        {
            var (verb, what) = (line[ranges[0]].ToString(), line[ranges[2]].ToString());
            CodingStreamKind? kind = (verb, what, ranges.Length) switch
            {
                ("read", "block", 4) => CodingStreamKind.ReadBlock,
                ("read", "node", 5) => CodingStreamKind.ReadNode,
                ("write", "block", 4) => CodingStreamKind.WriteBlock,
                _ => null,
            };
            if (kind is not { } known)
            {
                return false;
            }

            var remote = known == CodingStreamKind.ReadNode ? line[ranges[4]].ToString() : "";
            Streams.Add(new CodingStream(line[ranges[1]].ToString(), known, line[ranges[3]].ToString(), remote));
            return true;
        }
    }
}
