using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace MurkyWaters.Archive;

/// <summary>
/// A program that a node runs over streams, the coding of ClusterDFS: every step takes the next bytes of each stream into a buffer, as
/// many as a buffer has and at the end what is left, and does all instructions once. A buffer's bytes depend on bytes at the same place
/// alone. A program that exists has been checked: every stream is read or written once a step, nothing is used before it is set, names
/// and sizes are within <see cref="CodingLimits"/>, and what it does is known as a matrix (<see cref="Plan"/>). So it can be run whoever it
/// comes from, as far as he may name the blocks and nodes in it, which is not checked here.
/// </summary>
public sealed class CodingProgram
{
    private CodingProgram(
        long length,
        int bufferBytes,
        ImmutableArray<CodingStream> streams,
        string? output,
        ImmutableArray<CodingInstruction> instructions,
        CodingPlan plan)
    {
        Length = length;
        BufferBytes = bufferBytes;
        Streams = streams;
        Output = output;
        Instructions = instructions;
        Plan = plan;
    }

    /// <summary>Bytes of every stream.</summary>
    public long Length { get; }

    /// <summary>Bytes of a buffer.</summary>
    public int BufferBytes { get; }

    /// <summary>The blocks and remote streams it names, in their order.</summary>
    public ImmutableArray<CodingStream> Streams { get; }

    /// <summary>The buffer whose bytes leave at the end of each step as the program's own stream, or null.</summary>
    public string? Output { get; }

    /// <summary>The instructions of a step.</summary>
    public ImmutableArray<CodingInstruction> Instructions { get; }

    /// <summary>What they come to.</summary>
    public CodingPlan Plan { get; }

    /// <summary>Checks a program.</summary>
    /// <param name="length">Bytes of every stream.</param>
    /// <param name="bufferBytes">Bytes of a buffer.</param>
    /// <param name="streams">Blocks and remote streams, no queues.</param>
    /// <param name="output">The buffer that is the program's own stream, or null.</param>
    /// <param name="instructions">The instructions.</param>
    /// <param name="program">The program.</param>
    /// <param name="error">What is wrong with it, in a sentence; null when nothing is.</param>
    public static bool TryCreate(
        long length,
        int bufferBytes,
        IReadOnlyList<CodingStream> streams,
        string? output,
        IReadOnlyList<CodingInstruction> instructions,
        [NotNullWhen(true)] out CodingProgram? program,
        [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(streams);
        ArgumentNullException.ThrowIfNull(instructions);
        program = null;
        error = CheckSizes(length, bufferBytes, streams, output, instructions) ?? CheckStreams(streams);
        if (error is not null || !CodingPlan.TryCreate(streams, output, instructions, out var plan, out error))
        {
            return false;
        }

        if ((long)(plan.Inputs.Length + plan.Outputs.Length) * bufferBytes > CodingLimits.MemoryBytesMax)
        {
            error = $"It needs more than {CodingLimits.MemoryBytesMax} bytes of buffers.";
            return false;
        }

        program = new CodingProgram(length, bufferBytes, [.. streams], output, [.. instructions], plan);
        error = null;
        return true;
    }

    /// <summary>The program as text (<see cref="CodingText"/>).</summary>
    public override string ToString() => CodingText.Write(this);

    private static string? CheckSizes(
        long length, int bufferBytes, IReadOnlyList<CodingStream> streams, string? output, IReadOnlyList<CodingInstruction> instructions)
    {
        return length is < 0 or > CodingLimits.LengthMax ? $"The length is not 0 to {CodingLimits.LengthMax}."
            : bufferBytes is < 1 or > CodingLimits.BufferBytesMax ? $"A buffer has 1 to {CodingLimits.BufferBytesMax} bytes."
            : streams.Count > CodingLimits.StreamsMax ? $"There are more than {CodingLimits.StreamsMax} streams."
            : instructions.Count > CodingLimits.InstructionsMax ? $"There are more than {CodingLimits.InstructionsMax} instructions."
            : output is not null && !CodingLimits.IsName(output) ? "The output is no name of a buffer."
            : null;
    }

    private static string? CheckStreams(IReadOnlyList<CodingStream> streams)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var written = new HashSet<string>(StringComparer.Ordinal);
        foreach (var stream in streams)
        {
            if (stream.Kind is not (CodingStreamKind.ReadBlock or CodingStreamKind.ReadNode or CodingStreamKind.WriteBlock)
                || !CodingLimits.IsName(stream.Name) || !CodingLimits.IsTarget(stream.Target)
                || (stream.Kind == CodingStreamKind.ReadNode ? !CodingLimits.IsTarget(stream.Remote) : stream.Remote.Length > 0))
            {
                return "A stream has a name, and a block or a node with the name of its work, of letters, digits and -_. alone.";
            }

            if (!names.Add(stream.Name))
            {
                return $"Two streams are called {stream.Name}.";
            }

            if (stream.Kind == CodingStreamKind.WriteBlock && !written.Add(stream.Target))
            {
                return $"Block {stream.Target} is written twice.";
            }
        }

        return streams.FirstOrDefault(stream => stream.Kind == CodingStreamKind.ReadBlock && written.Contains(stream.Target)) is { } both
            ? $"Block {both.Target} is read and written."
            : null;
    }
}
