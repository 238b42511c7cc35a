using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace PouringRain.Coding.Lt;

/// <summary>
/// The symbolic solution's sparse part. A row with one unresolved column resolves it, which takes that column out of the other rows; when
/// no row is left with one, a column is made inactive, treated as if it were known, and peeling goes on. In the end every column is either
/// the pivot of a row, being the sum of that row's droplet and of columns resolved before it, or inactive. What the inactive ones are is
/// for <see cref="DenseSystem"/> to find from the rows that are no one's pivot.
/// </summary>
/// <remarks>Column and slot numbers stay below 2^16, and are stored so.</remarks>
internal sealed class Peeling
{
    private const int DegreeClassCount = 64;

    // In a row's state: one unresolved column more.
    private const uint OneLeft = 1 << 16;

    private readonly LtNeighbours _neighbours;
    private readonly int _columnCount;

    // Columns by row and rows by column: those of row r are _columns[_rowStart[r] .. _rowStart[r + 1]], and likewise.
    private readonly int[] _rowStart;
    private readonly ushort[] _columns;
    private readonly int[] _columnStart;
    private readonly ushort[] _rows;

    // By row: the number of unresolved columns, above the XOR of their numbers, which in the end is the last one's number.
    private readonly uint[] _left;

    private readonly ushort[] _ripple;
    private readonly State[] _states;
    private readonly ushort[] _byDegree;
    private readonly int[] _degreeStart = new int[DegreeClassCount + 1];
    private readonly ushort[] _pivotRow;
    private readonly ushort[] _pivotColumn;
    private readonly bool[] _isPivotRow;
    private readonly ushort[] _inactiveColumn;
    private readonly ulong[] _masks;
    private readonly ushort[] _room;

    private int _rippleCount;
    private int _pivotCount;
    private int _inactiveCount;

    /// <param name="neighbours">The code.</param>
    /// <param name="columnCount">K.</param>
    /// <param name="slotCount">The most rows there can be.</param>
    internal Peeling(LtNeighbours neighbours, int columnCount, int slotCount)
    {
        _neighbours = neighbours;
        _columnCount = columnCount;

        // Six standard deviations and more above what was measured over thousands of blocks. With starts in turn consecutive ESIs are the
        // worst case: 84 +- 8 of 745, 303 +- 15 of 3000. With random starts 301 +- 21 of 10000 and 1110 of 56403.
        InactiveMax = columnCount switch
        {
            <= LtNeighbours.DenseSymbolCountMax => columnCount,
            <= LtNeighbours.InTurnSymbolCountMax => Math.Min(columnCount, (columnCount / 8) + 48),
            _ => (columnCount / 32) + 160,
        };

        // Beyond five standard deviations of the number of edges; rows that find no room take no part in peeling.
        EdgeMax = (int)(neighbours.MeanDegree * slotCount * 1.2) + (8 * neighbours.DegreeMax);

        _rowStart = new int[slotCount + 1];
        _columns = new ushort[EdgeMax];
        _columnStart = new int[columnCount + 1];
        _rows = new ushort[EdgeMax];
        _left = new uint[slotCount];
        _ripple = new ushort[slotCount];
        _states = new State[columnCount];
        _byDegree = new ushort[columnCount];
        _pivotRow = new ushort[columnCount];
        _pivotColumn = new ushort[columnCount];
        _isPivotRow = new bool[slotCount];
        _inactiveColumn = new ushort[InactiveMax];
        _masks = new ulong[columnCount * MaskWordsFor(InactiveMax)];
        _room = new ushort[neighbours.DegreeMax];
    }

    private enum State : byte
    {
        Unresolved,
        Pivot,
        Inactive,
    }

    /// <summary>The most columns that are made inactive.</summary>
    internal int InactiveMax { get; }

    /// <summary>The most neighbours of rows that take part, taken together.</summary>
    internal int EdgeMax { get; }

    /// <summary>The words of a mask.</summary>
    internal int MaskWords { get; private set; }

    /// <summary>The columns that the rows do not give by peeling.</summary>
    internal ReadOnlySpan<ushort> InactiveColumns => _inactiveColumn.AsSpan(0, _inactiveCount);

    /// <summary>The rows that resolved a column each, in order.</summary>
    internal ReadOnlySpan<ushort> PivotRows => _pivotRow.AsSpan(0, _pivotCount);

    /// <summary>The columns they resolved.</summary>
    internal ReadOnlySpan<ushort> PivotColumns => _pivotColumn.AsSpan(0, _pivotCount);

    /// <summary>How many words hold a bit for each of so many unknowns: one, two, or a multiple of four, which vectors like.</summary>
    internal static int MaskWordsFor(int unknownCount) => unknownCount switch
    {
        <= 64 => 1,
        <= 128 => 2,
        _ => (unknownCount + 255) / 256 * 4,
    };

    internal bool IsInactive(int column) => _states[column] == State.Inactive;

    internal bool IsPivotRow(int slot) => _isPivotRow[slot];

    /// <summary>Which inactive columns the column depends on, once peeled: x(column) = what peeling finds with all inactive columns zero,
    /// plus these.</summary>
    internal ReadOnlySpan<ulong> Mask(int column) => _masks.AsSpan(column * MaskWords, MaskWords);

    /// <summary>Peels the rows.</summary>
    /// <param name="rows">The rows by slot.</param>
    /// <returns><see langword="false"/>: so many columns had to be made inactive that the dense system would be larger than was
    /// provided for; more rows will help.</returns>
    internal bool TryPeel(ReadOnlySpan<LtRow> rows)
    {
        _rippleCount = 0;
        _pivotCount = 0;
        _inactiveCount = 0;
        Array.Clear(_isPivotRow);
        Array.Clear(_states);

        if (_columnCount <= LtNeighbours.DenseSymbolCountMax)
        {
            for (var c = 0; c < _columnCount; c++)
            {
                _inactiveColumn[_inactiveCount++] = (ushort)c;
                _states[c] = State.Inactive;
            }
        }
        else
        {
            IndexRows(rows);
            SortColumnsByDegree();
            if (!ResolveAll())
            {
                return false;
            }
        }

        ComputeMasks();
        return true;
    }

    /// <summary>Which inactive columns the sum of the row's columns depends on.</summary>
    /// <param name="row">Any row, of those peeled or later.</param>
    /// <param name="mask">Where the answer goes, <see cref="MaskWords"/> long.</param>
    internal void MaskOf(LtRow row, Span<ulong> mask) => SumMasks(_neighbours.Expand(row, _room.AsSpan()), mask);

    /// <summary>How many columns would change if these inactive ones did.</summary>
    internal int CountDependents(ReadOnlySpan<ulong> inactive)
    {
        var count = 0;
        for (var c = 0; c < _columnCount; c++)
        {
            count += DenseSystem.IsOdd(Mask(c), inactive) ? 1 : 0;
        }

        return count;
    }

    /// <summary>The columns of a row that was peeled.</summary>
    internal ReadOnlySpan<ushort> ColumnsOfPivot(int slot) => _columns.AsSpan(_rowStart[slot].._rowStart[slot + 1]);

    /// <summary>Counts and places: first the columns of every row, then the rows of every column.</summary>
    private void IndexRows(ReadOnlySpan<LtRow> rows)
    {
        Array.Clear(_columnStart);
        var counts = _columnStart.AsSpan(1);
        var edges = 0;
        for (var r = 0; r < rows.Length; r++)
        {
            _rowStart[r] = edges;
            _left[r] = 0;
            if (edges + rows[r].Degree > EdgeMax)
            {
                continue;
            }

            var sum = 0u;
            var columns = _neighbours.Expand(rows[r], _columns.AsSpan(edges));
            foreach (var column in columns)
            {
                counts[column]++;
                sum ^= column;
            }

            edges += columns.Length;
            _left[r] = sum + ((uint)columns.Length * OneLeft);
            if (columns.Length == 1)
            {
                _ripple[_rippleCount++] = (ushort)r;
            }
        }

        _rowStart[rows.Length] = edges;

        // Each start is first its column's end, and moves down to its start as the rows are placed.
        for (var c = 1; c <= _columnCount; c++)
        {
            _columnStart[c] += _columnStart[c - 1];
        }

        for (var r = rows.Length - 1; r >= 0; r--)
        {
            foreach (var column in _columns.AsSpan(_rowStart[r].._rowStart[r + 1]))
            {
                _rows[--counts[column]] = (ushort)r;
            }
        }

        // Now entry c + 1 is the start of column c: one place too far.
        Array.Copy(_columnStart, 1, _columnStart, 0, _columnCount);
        _columnStart[_columnCount] = edges;
    }

    /// <summary>Sorts the columns by the number of their rows, the highest first: the order in which they are made inactive. A column
    /// of many rows sets many of them free.</summary>
    private void SortColumnsByDegree()
    {
        Array.Clear(_degreeStart);
        for (var c = 0; c < _columnCount; c++)
        {
            _degreeStart[DegreeClass(c) + 1]++;
        }

        for (var d = 1; d <= DegreeClassCount; d++)
        {
            _degreeStart[d] += _degreeStart[d - 1];
        }

        for (var c = 0; c < _columnCount; c++)
        {
            _byDegree[_degreeStart[DegreeClass(c)]++] = (ushort)c;
        }
    }

    private int DegreeClass(int column) =>
        DegreeClassCount - 1 - Math.Min(_columnStart[column + 1] - _columnStart[column], DegreeClassCount - 1);

    private bool ResolveAll()
    {
        var next = 0;
        while (true)
        {
            while (_rippleCount > 0)
            {
                var row = _ripple[--_rippleCount];
                var left = _left[row];
                if (left >= OneLeft)
                {
                    _isPivotRow[row] = true;
                    _pivotRow[_pivotCount] = row;
                    _pivotColumn[_pivotCount++] = (ushort)left;
                    Resolve((ushort)left, State.Pivot);
                }
            }

            if (_pivotCount + _inactiveCount == _columnCount)
            {
                return true;
            }

            if (_inactiveCount == InactiveMax)
            {
                return false;
            }

            while (_states[_byDegree[next]] != State.Unresolved)
            {
                next++;
            }

            var inactive = _byDegree[next];
            _inactiveColumn[_inactiveCount++] = inactive;
            Resolve(inactive, State.Inactive);
        }
    }

    private void Resolve(ushort column, State state)
    {
        _states[column] = state;
        var left = _left;
        foreach (var row in _rows.AsSpan(_columnStart[column].._columnStart[column + 1]))
        {
            var now = (left[row] ^ column) - OneLeft;
            left[row] = now;
            if (now >> 16 == 1)
            {
                _ripple[_rippleCount++] = row;
            }
        }
    }

    private void ComputeMasks()
    {
        MaskWords = MaskWordsFor(_inactiveCount);
        Array.Clear(_masks, 0, _columnCount * MaskWords);
        for (var i = 0; i < _inactiveCount; i++)
        {
            _masks[(_inactiveColumn[i] * MaskWords) + (i >> 6)] = 1UL << (i & 63);
        }

        for (var p = 0; p < _pivotCount; p++)
        {
            // The pivot column is among the row's own; its mask is still zero and counts for nothing in the sum.
            SumMasks(ColumnsOfPivot(_pivotRow[p]), _masks.AsSpan(_pivotColumn[p] * MaskWords, MaskWords));
        }
    }

    private void SumMasks(ReadOnlySpan<ushort> columns, Span<ulong> mask)
    {
        ref var masks = ref MemoryMarshal.GetArrayDataReference(_masks);
        if (mask.Length == 1)
        {
            var sum = 0UL;
            foreach (var column in columns)
            {
                sum ^= Unsafe.Add(ref masks, (nint)column);
            }

            mask[0] = sum;
        }
        else if (mask.Length == 2)
        {
            var sum = Vector128<ulong>.Zero;
            foreach (var column in columns)
            {
                sum ^= Vector128.LoadUnsafe(ref masks, (nuint)column * 2);
            }

            sum.CopyTo(mask);
        }
        else
        {
            for (var w = 0; w < mask.Length; w += Vector256<ulong>.Count)
            {
                var sum = Vector256<ulong>.Zero;
                foreach (var column in columns)
                {
                    sum ^= Vector256.LoadUnsafe(ref masks, (nuint)(((nint)column * mask.Length) + w));
                }

                sum.CopyTo(mask[w..]);
            }
        }
    }
}
