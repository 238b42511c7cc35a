using PouringRain.Coding.Kernels;

namespace PouringRain.Coding.Lt;

/// <summary>
/// A list of sums of symbols, made first and carried out afterwards, strip by strip: all of them on the first few hundred bytes of every
/// symbol, then on the next, so that what they touch stays in the cache. The list has a fixed size; when it is full it is carried out and
/// begun anew, which changes the order of the work and not its result.
/// </summary>
/// <remarks>There are two places: the slab of the symbols received, by slot, and the block, by column.</remarks>
internal sealed class Plan
{
    private const int HeaderLength = 3;
    private const int NoSlot = -1;

    /// <summary>What a strip of all symbols may take: half of a common second-level cache, the plan itself lying in there too.</summary>
    private const int StripsBytes = 512 * 1024;

    private readonly int[] _operations;
    private readonly int _symbolSize;
    private readonly int _stripSize;
    private Memory<byte> _slab;
    private Memory<byte> _block;
    private int _length;

    /// <param name="capacity">The length of the list, in numbers.</param>
    /// <param name="symbolSize">T.</param>
    /// <param name="symbolCount">How many symbols both places have.</param>
    internal Plan(int capacity, int symbolSize, int symbolCount)
    {
        _operations = new int[capacity];
        _symbolSize = symbolSize;

        // At least four lines, for below that the list costs more than the sums; and strips of about the same size.
        var size = Math.Max(256, StripsBytes / symbolCount);
        var strips = (symbolSize + size - 1) / size;
        _stripSize = (((symbolSize + strips - 1) / strips) + 63) & ~63;
    }

    private enum Kind
    {
        /// <summary>block[target] = slab[slot] + block[sources]</summary>
        Resolve,

        /// <summary>slab[target] += block[sources]</summary>
        Reduce,

        /// <summary>block[target] = slab[sources]</summary>
        Combine,

        /// <summary>block[target] += block[sources]</summary>
        Correct,
    }

    internal void Begin(Memory<byte> slab, Memory<byte> block)
    {
        _slab = slab;
        _block = block;
        _length = 0;
    }

    /// <summary>block[column] = slab[slot] + block[columns].</summary>
    internal void Resolve(int column, int slot, ReadOnlySpan<int> columns) => columns.CopyTo(Add(Kind.Resolve, column, slot, columns.Length));

    /// <summary>slab[slot] += block[columns].</summary>
    internal void Reduce(int slot, ReadOnlySpan<int> columns) => columns.CopyTo(Add(Kind.Reduce, slot, NoSlot, columns.Length));

    /// <summary>block[column] = slab[slots].</summary>
    internal void Combine(int column, ReadOnlySpan<int> slots) => slots.CopyTo(Add(Kind.Combine, column, NoSlot, slots.Length));

    /// <summary>block[column] += block[columns].</summary>
    internal void Correct(int column, ReadOnlySpan<int> columns) => columns.CopyTo(Add(Kind.Correct, column, NoSlot, columns.Length));

    /// <summary>Carries out what is in the list, and empties it.</summary>
    internal void Execute()
    {
        for (var start = 0; start < _symbolSize; start += _stripSize)
        {
            ExecuteStrip(start, Math.Min(_stripSize, _symbolSize - start));
        }

        _length = 0;
    }

    /// <summary>Ends the loan of both places.</summary>
    internal void End()
    {
        _slab = default;
        _block = default;
        _length = 0;
    }

    private Span<int> Add(Kind kind, int target, int slot, int sourceCount)
    {
        if (_length + HeaderLength + sourceCount > _operations.Length)
        {
            Execute();
        }

        var operation = _operations.AsSpan(_length, HeaderLength + sourceCount);
        operation[0] = ((int)kind << 16) | target;
        operation[1] = slot;
        operation[2] = sourceCount;
        _length += operation.Length;
        return operation[HeaderLength..];
    }

    private void ExecuteStrip(int start, int length)
    {
        var kernel = SymbolKernels.Best;
        var slab = _slab.Span[start..];
        var block = _block.Span[start..];
        ReadOnlySpan<int> operations = _operations.AsSpan(0, _length);
        while (!operations.IsEmpty)
        {
            var target = (ushort)operations[0] * _symbolSize;
            var sources = operations.Slice(HeaderLength, operations[2]);
            switch ((Kind)(operations[0] >> 16))
            {
                case Kind.Resolve:
                    slab.Slice(operations[1] * _symbolSize, length).CopyTo(block[target..]);
                    kernel.XorGather(block.Slice(target, length), block, _symbolSize, sources, accumulate: true);
                    break;
                case Kind.Reduce:
                    kernel.XorGather(slab.Slice(target, length), block, _symbolSize, sources, accumulate: true);
                    break;
                case Kind.Combine:
                    kernel.XorGather(block.Slice(target, length), slab, _symbolSize, sources, accumulate: false);
                    break;
                default:
                    kernel.XorGather(block.Slice(target, length), block, _symbolSize, sources, accumulate: true);
                    break;
            }

            operations = operations[(HeaderLength + sources.Length)..];
        }
    }
}
