using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using PouringRain.Coding.Kernels;

namespace MurkyWaters.Archive;

/// <summary>Part of a step: inputs are read, all at once, and then outputs are made of what has been read so far, and written.</summary>
/// <param name="InputStart">The first input it reads.</param>
/// <param name="InputEnd">The input behind the last: it has the inputs 0 to <paramref name="InputEnd"/> - 1 to work with.</param>
/// <param name="OutputStart">The first output it makes.</param>
/// <param name="OutputEnd">The output behind the last.</param>
/// <param name="Matrix">For each output the multiples of the inputs it is the sum of.</param>
public sealed record CodingStage(int InputStart, int InputEnd, int OutputStart, int OutputEnd, ImmutableArray<byte> Matrix);

/// <summary>
/// What a program's instructions come to. All are linear, so running them once over names instead of bytes gives every output as a sum of
/// multiples of inputs, and a step is a product of a matrix with rows of bytes, whatever the detours. Only the order of reading and writing
/// is kept, for another node may wait for one before it gives the other.
/// </summary>
public sealed class CodingPlan
{
    private CodingPlan(ImmutableArray<CodingStream> inputs, ImmutableArray<CodingStream?> outputs, ImmutableArray<CodingStage> stages)
    {
        Inputs = inputs;
        Outputs = outputs;
        Stages = stages;
    }

    /// <summary>What is read in a step, in this order.</summary>
    public ImmutableArray<CodingStream> Inputs { get; }

    /// <summary>What is written in a step, in this order; null is the program's own stream.</summary>
    public ImmutableArray<CodingStream?> Outputs { get; }

    /// <summary>The parts of a step.</summary>
    public ImmutableArray<CodingStage> Stages { get; }

    internal static bool TryCreate(
        IReadOnlyList<CodingStream> streams,
        string? output,
        IReadOnlyList<CodingInstruction> instructions,
        [NotNullWhen(true)] out CodingPlan? plan,
        [NotNullWhen(false)] out string? error)
    {
        plan = null;
        var inputCount = instructions.Count(instruction => instruction.Operation is CodingOperation.Load or CodingOperation.Pop);
        if (inputCount > CodingLimits.StreamsMax + CodingLimits.QueuesMax)
        {
            error = "It reads more often than there can be streams and queues.";
            return false;
        }

        var walk = new Walk(streams, instructions, inputCount);
        for (var i = 0; i < instructions.Count; i++)
        {
            if (walk.Do(instructions[i]) is { } reason)
            {
                error = $"Instruction {i + 1}, {instructions[i]}: {reason}";
                return false;
            }
        }

        error = walk.Finish(output);
        plan = error is null ? new CodingPlan([.. walk.Inputs], [.. walk.Outputs], [.. walk.Stages]) : null;
        return plan is not null;
    }

    // The instructions run over vectors of coefficients.
    private sealed class Walk
    {
        private readonly Dictionary<string, CodingStream> _unused;
        private readonly Dictionary<string, byte[]> _buffers = new(StringComparer.Ordinal);
        private readonly Dictionary<string, Queue<byte[]>> _queues = new(StringComparer.Ordinal);
        private readonly HashSet<string> _pushed;
        private readonly HashSet<string> _popped;
        private readonly HashSet<string> _between = new(StringComparer.Ordinal);
        private readonly List<byte[]> _rows = [];
        private readonly int _inputCount;
        private int _stageInput;
        private int _stageOutput;

        public Walk(IReadOnlyList<CodingStream> streams, IReadOnlyList<CodingInstruction> instructions, int inputCount)
        {
            _unused = streams.ToDictionary(stream => stream.Name, StringComparer.Ordinal);
            _pushed = QueuesOf(instructions, CodingOperation.Push);
            _popped = QueuesOf(instructions, CodingOperation.Pop);
            _inputCount = inputCount;
        }

        public List<CodingStream> Inputs { get; } = [];

        public List<CodingStream?> Outputs { get; } = [];

        public List<CodingStage> Stages { get; } = [];

        /// <summary>Does an instruction; the answer is what is wrong with it.</summary>
        public string? Do(CodingInstruction instruction)
        {
            var (operation, first, second, factor) = instruction;
            switch (operation)
            {
                case CodingOperation.Load:
                    return Take(second, isInput: true) is { } source
                        ? Set(first, Read(source))
                        : "there is no such stream to read, or no more.";
                case CodingOperation.Write:
                    return !_buffers.TryGetValue(first, out var written) ? "the buffer is not set."
                        : Take(second, isInput: false) is { } sink ? Write(sink, written)
                        : "there is no such stream to write, or no more.";
                case CodingOperation.Push:
                    return _buffers.TryGetValue(second, out var pushed) ? Push(first, pushed) : "the buffer is not set.";
                case CodingOperation.Pop:
                    return Pop(first) is { } popped ? Set(second, popped) : "the queue is empty, or is read twice.";
                default:
                    return !_buffers.TryGetValue(second, out var operand) ? "the source is not set."
                        : operation is CodingOperation.Copy ? Set(first, operand)
                        : operation is CodingOperation.Multiply ? Set(first, Scaled(operand, factor))
                        : !_buffers.TryGetValue(first, out var sum) ? "the buffer is not set."
                        : Set(first, Sum(sum, Scaled(operand, operation is CodingOperation.InnerAdd ? (byte)1 : factor)));
            }
        }

        /// <summary>Ends the step; the answer is what is missing.</summary>
        public string? Finish(string? output)
        {
            if (output is not null)
            {
                if (!_buffers.TryGetValue(output, out var row))
                {
                    return "The output is not set.";
                }

                Write(null, row);
            }

            EndStage();
            return _unused.Count > 0 ? $"Stream {_unused.First().Key} is not used."
                : _queues.Any(queue => queue.Value.Count > 0) ? "A queue that it empties itself is left with something."
                : _pushed.Union(_popped).Count() > CodingLimits.QueuesMax ? $"There are more than {CodingLimits.QueuesMax} queues."
                : Outputs.Count == 0 ? "It makes nothing."
                : null;
        }

        private static HashSet<string> QueuesOf(IReadOnlyList<CodingInstruction> instructions, CodingOperation operation) =>
            instructions.Where(instruction => instruction.Operation == operation).Select(instruction => instruction.First)
                .ToHashSet(StringComparer.Ordinal);

        private static byte[] Scaled(byte[] row, byte factor)
        {
            var scaled = (byte[])row.Clone();
            SymbolKernels.Best.Scale(scaled, factor);
            return scaled;
        }

        private static byte[] Sum(byte[] row, byte[] other)
        {
            SymbolKernels.Best.Xor(other, row);
            return other;
        }

        // Rows are never changed once they are set, so that buffers can share them.
        private string? Set(string buffer, byte[] row)
        {
            _buffers[buffer] = row;
            return _buffers.Count > CodingLimits.BuffersMax ? $"there are more than {CodingLimits.BuffersMax} buffers." : null;
        }

        private CodingStream? Take(string name, bool isInput) =>
            _unused.TryGetValue(name, out var stream) && stream.IsInput == isInput && _unused.Remove(name) ? stream : null;

        private byte[] Read(CodingStream stream)
        {
            // What comes in after something went out begins a new stage.
            if (Outputs.Count > _stageOutput)
            {
                EndStage();
            }

            var row = new byte[_inputCount];
            row[Inputs.Count] = 1;
            Inputs.Add(stream);
            return row;
        }

        private string? Write(CodingStream? stream, byte[] row)
        {
            Outputs.Add(stream);
            _rows.Add(row);
            return null;
        }

        private string? Push(string queue, byte[] row)
        {
            if (!_popped.Contains(queue))
            {
                return _between.Add(queue) ? Write(new CodingStream(queue, CodingStreamKind.Push), row) : "the queue is written twice.";
            }

            if (!_queues.TryGetValue(queue, out var rows))
            {
                _queues.Add(queue, rows = new Queue<byte[]>());
            }

            rows.Enqueue(row);
            return null;
        }

        private byte[]? Pop(string queue)
        {
            if (!_pushed.Contains(queue))
            {
                return _between.Add(queue) ? Read(new CodingStream(queue, CodingStreamKind.Pop)) : null;
            }

            return _queues.TryGetValue(queue, out var rows) && rows.TryDequeue(out var row) ? row : null;
        }

        private void EndStage()
        {
            var matrix = ImmutableArray.CreateBuilder<byte>((Outputs.Count - _stageOutput) * Inputs.Count);
            foreach (var row in _rows)
            {
                matrix.AddRange(row.AsSpan(0, Inputs.Count));
            }

            Stages.Add(new CodingStage(_stageInput, Inputs.Count, _stageOutput, Outputs.Count, matrix.DrainToImmutable()));
            _rows.Clear();
            (_stageInput, _stageOutput) = (Inputs.Count, Outputs.Count);
        }
    }
}
