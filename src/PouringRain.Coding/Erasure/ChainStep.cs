using System.Collections.Immutable;
using PouringRain.Coding.Kernels;

namespace PouringRain.Coding.Erasure;

/// <summary>
/// What one node of a chain does with every stretch of bytes that passes, in one pass over it: of the stream that comes in (none at the
/// first node) and its own parts it makes the piece that it keeps, and the stream that goes on (none from the last node).
/// </summary>
public sealed class ChainStep
{
    private readonly ImmutableArray<byte> _matrix;

    /// <summary>The step of a node.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such node.</exception>
    public ChainStep(ErasureCode code, int node)
    {
        ArgumentNullException.ThrowIfNull(code);
        ArgumentOutOfRangeException.ThrowIfNegative(node);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(node, code.PieceCount);
        HasIncoming = node > 0;
        HasOutgoing = node < code.PieceCount - 1;
        var slots = code.SlotsOf(node);
        InputCount = slots.Length + (HasIncoming ? 1 : 0);
        var matrix = ImmutableArray.CreateBuilder<byte>();
        if (HasIncoming)
        {
            matrix.Add(1);
        }

        foreach (var slot in slots)
        {
            matrix.Add(slot.Xi);
        }

        if (HasOutgoing && HasIncoming)
        {
            matrix.Add(1);
        }

        foreach (var slot in HasOutgoing ? slots : [])
        {
            matrix.Add(slot.Psi);
        }

        _matrix = matrix.DrainToImmutable();
    }

    /// <summary>Whether a stream comes in.</summary>
    public bool HasIncoming { get; }

    /// <summary>Whether a stream goes on.</summary>
    public bool HasOutgoing { get; }

    /// <summary>Rows that go in: the incoming stream, if there is one, and the node's parts in the order of its slots.</summary>
    public int InputCount { get; }

    /// <summary>Rows that come out: the piece, and the outgoing stream if there is one.</summary>
    public int OutputCount => HasOutgoing ? 2 : 1;

    /// <summary>Does it.</summary>
    /// <param name="inputs">The rows that go in, one behind another.</param>
    /// <param name="inputStride">From one to the next.</param>
    /// <param name="outputs">The rows that come out, one behind another; they must not overlap those that go in.</param>
    /// <param name="outputStride">From one to the next.</param>
    /// <param name="length">Bytes of every row.</param>
    /// <exception cref="ArgumentException">A row reaches beyond its span.</exception>
    public void Run(ReadOnlySpan<byte> inputs, int inputStride, Span<byte> outputs, int outputStride, int length) =>
        SymbolKernels.Best.Combine(outputs, outputStride, inputs, inputStride, _matrix.AsSpan(), OutputCount, length, accumulate: false);
}
