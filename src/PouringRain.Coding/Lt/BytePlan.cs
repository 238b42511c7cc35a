using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using PouringRain.Coding.Kernels;
using PouringRain.Coding.Plans;

namespace PouringRain.Coding.Lt;

/// <summary>
/// What the symbolic solution means for the bytes, as a <see cref="SymbolPlan"/> that is run strip by strip. It is memory to work in, which
/// decoders share: one is needed only while a block is being solved.
/// </summary>
/// <remarks>The slots are first the columns, then the rows that <see cref="DenseSystem"/> took, then tables of sums of these.</remarks>
internal sealed class BytePlan
{
    // Sums of four rows: for larger groups the tables cost more than they save at the sizes that are usual.
    private const int GroupBits = 4;
    private const int GroupSize = 1 << GroupBits;
    private const int HeaderLength = 3;

    private readonly SymbolPlan _plan = new();
    private AlignedBytes _slots;
    private int[] _inputs = [];
    private int _slotCountMax;

    /// <summary>Makes the plan that solves a block.</summary>
    /// <param name="peeling">A peeling done.</param>
    /// <param name="dense">Its dense system, solved.</param>
    /// <param name="rows">The rows by slot.</param>
    /// <param name="neighbours">The code.</param>
    internal void Make(Peeling peeling, DenseSystem dense, ReadOnlySpan<LtRow> rows, LtNeighbours neighbours)
    {
        var inactive = peeling.InactiveColumns;
        var pivotRows = peeling.PivotRows;
        var pivotColumns = peeling.PivotColumns;
        var columnCount = inactive.Length + pivotRows.Length;
        var groupCount = (inactive.Length + GroupBits - 1) / GroupBits;
        _plan.Clear();
        _plan.SlotCount = columnCount + inactive.Length + (groupCount * GroupSize);

        // Room for the most there can be, lest a block that takes a little more than those before allocates.
        var most = peeling.InactiveMax;
        _slotCountMax = columnCount + most + ((most + GroupBits - 1) / GroupBits * GroupSize);
        _plan.Reserve((2 * peeling.EdgeMax) + (9 * columnCount) + (most * ((most / GroupBits) + 24)));

        // Everything first as if the inactive columns were zero: the pivot columns, and what the rows taken then lack.
        for (var p = 0; p < pivotRows.Length; p++)
        {
            AddSum(peeling, pivotColumns[p], pivotRows[p], peeling.ColumnsOfPivot(pivotRows[p]), pivotColumns[p], withInactive: false);
        }

        Span<ushort> room = stackalloc ushort[neighbours.DegreeMax];
        for (var rank = 0; rank < inactive.Length; rank++)
        {
            var slot = dense.Slots[rank];
            AddSum(peeling, columnCount + rank, slot, neighbours.Expand(rows[slot], room), except: -1, withInactive: false);
        }

        // The inactive columns are sums of these.
        AddTables(columnCount, inactive.Length);
        for (var i = 0; i < inactive.Length; i++)
        {
            AddLookups(inactive[i], dense.Combination(i), columnCount, inactive.Length);
            AddOutput(inactive[i]);
        }

        // Now the pivot columns again, in truth: by what they depend on, or by their row anew, whichever is less.
        for (var p = 0; p < pivotRows.Length; p++)
        {
            int column = pivotColumns[p];
            var columns = peeling.ColumnsOfPivot(pivotRows[p]);
            var dependencies = peeling.Mask(column);
            var count = 0;
            foreach (var word in dependencies)
            {
                count += BitOperations.PopCount(word);
            }

            if (count >= columns.Length)
            {
                AddSum(peeling, column, pivotRows[p], columns, column, withInactive: true);
            }
            else if (count > 0)
            {
                AddCorrection(column, dependencies, inactive);
            }

            AddOutput(column);
        }
    }

    /// <summary>Carries it out.</summary>
    /// <param name="slab">The symbols received, by slot.</param>
    /// <param name="block">Where the source symbols go.</param>
    /// <param name="symbolSize">T.</param>
    internal void Run(ReadOnlySpan<byte> slab, Span<byte> block, int symbolSize)
    {
        var kernel = (IPlanKernel)SymbolKernels.Best;
        var symbols = new PlanSymbols
        {
            SymbolSize = symbolSize,
            Main = slab,
            ExtraBase = int.MaxValue,
            Inputs = Inputs(slab.Length / symbolSize),
            Outputs = block,
        };
        symbols.Validate();
        var strips = new Strips(symbolSize, kernel.VectorSize);
        var slots = _slots.Get(_slotCountMax * strips.WidthMax);
        for (var offset = 0; offset < symbolSize;)
        {
            var strip = strips.At(offset);
            kernel.Run(_plan.Words, slots, strip, symbols);
            offset += strip.Length;
        }
    }

    /// <summary>Every slot of the slab is the input of its own number.</summary>
    private ReadOnlySpan<int> Inputs(int count)
    {
        if (_inputs.Length < count)
        {
            _inputs = new int[count];
            for (var i = 0; i < count; i++)
            {
                _inputs[i] = i;
            }
        }

        return _inputs.AsSpan(0, count);
    }

    /// <summary>target = symbol + columns.</summary>
    private void AddSum(Peeling peeling, int target, int symbol, ReadOnlySpan<ushort> columns, int except, bool withInactive)
    {
        // Every column is written, and kept or not by counting on or not: a branch would be guessed wrong too often. The room for one
        // more is for the last, if it is not kept.
        var words = _plan.Reserve(HeaderLength + columns.Length + 1);
        ref var word = ref Unsafe.Add(ref MemoryMarshal.GetReference(words), HeaderLength);
        nint count = 0;
        if (withInactive)
        {
            foreach (var column in columns)
            {
                Unsafe.Add(ref word, count) = column;
                count += column != except ? 1 : 0;
            }
        }
        else
        {
            foreach (var column in columns)
            {
                Unsafe.Add(ref word, count) = column;
                count += column != except & !peeling.IsInactive(column) ? 1 : 0;
            }
        }

        Commit(words, target, symbol, HeaderLength + (int)count);
    }

    /// <summary>For every four rows their sums, as far as they are not rows themselves.</summary>
    private void AddTables(int columnCount, int rowCount)
    {
        for (var first = 0; first < rowCount; first += GroupBits)
        {
            var patterns = 1 << Math.Min(GroupBits, rowCount - first);
            for (var pattern = 3; pattern < patterns; pattern++)
            {
                var rest = pattern & (pattern - 1);
                if (rest != 0)
                {
                    var words = _plan.Reserve(HeaderLength + 2);
                    words[HeaderLength] = TableSlot(columnCount, rowCount, first, rest);
                    words[HeaderLength + 1] = TableSlot(columnCount, rowCount, first, pattern ^ rest);
                    Commit(words, TableSlot(columnCount, rowCount, first, pattern), -1, HeaderLength + 2);
                }
            }
        }
    }

    private void AddLookups(int column, ReadOnlySpan<ulong> combination, int columnCount, int rowCount)
    {
        var words = _plan.Reserve(HeaderLength + (rowCount / GroupBits) + 1);
        var count = HeaderLength;
        for (var first = 0; first < rowCount; first += GroupBits)
        {
            var pattern = (int)(combination[first >> 6] >> (first & 63)) & (GroupSize - 1);
            if (pattern != 0)
            {
                words[count++] = TableSlot(columnCount, rowCount, first, pattern);
            }
        }

        Commit(words, column, -1, count);
    }

    private static int TableSlot(int columnCount, int rowCount, int first, int pattern) => BitOperations.IsPow2(pattern)
        ? columnCount + first + BitOperations.Log2((uint)pattern)
        : columnCount + rowCount + (first / GroupBits * GroupSize) + pattern;

    /// <summary>column += inactive columns.</summary>
    private void AddCorrection(int column, ReadOnlySpan<ulong> dependencies, ReadOnlySpan<ushort> inactive)
    {
        var words = _plan.Reserve(HeaderLength + 1 + inactive.Length);
        var count = HeaderLength;
        words[count++] = column;
        for (var w = 0; w < dependencies.Length; w++)
        {
            for (var bits = dependencies[w]; bits != 0; bits &= bits - 1)
            {
                words[count++] = inactive[(w << 6) + BitOperations.TrailingZeroCount(bits)];
            }
        }

        Commit(words, column, -1, count);
    }

    private void AddOutput(int column)
    {
        var words = _plan.Reserve(HeaderLength);
        words[0] = (column << SymbolPlan.KindBits) | SymbolPlan.GatherOutput;
        words[1] = 1;
        words[2] = column;
        _plan.Commit(HeaderLength, 1);
    }

    private void Commit(Span<int> words, int target, int input, int count)
    {
        words[0] = (target << SymbolPlan.KindBits) | SymbolPlan.Gather;
        words[1] = input;
        words[2] = count - HeaderLength;
        _plan.Commit(count, count - HeaderLength);
    }
}
