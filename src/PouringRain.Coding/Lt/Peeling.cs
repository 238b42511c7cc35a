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

    private readonly LtNeighbours _neighbours;
    private readonly int _columnCount;
    private readonly int _inactiveMax;
    private readonly int _edgeMax;

    // Rows by column: those of column c are _rows[_columnStart[c] .. _columnStart[c + 1]].
    private readonly int[] _columnStart;
    private readonly ushort[] _rows;

    // By row: how many of its columns are unresolved, and the XOR of their numbers, which is the last one's number in the end.
    private readonly ushort[] _left;
    private readonly ushort[] _leftSum;

    private readonly ushort[] _ripple;
    private readonly State[] _states;
    private readonly ushort[] _byDegree;
    private readonly int[] _degreeStart;
    private readonly ushort[] _pivotRow;
    private readonly ushort[] _pivotColumn;
    private readonly bool[] _isPivotRow;
    private readonly ushort[] _inactiveColumn;
    private readonly ulong[] _masks;
    private readonly int[] _room;

    private int _rippleCount;
    private int _pivotCount;
    private int _inactiveCount;

    private enum State : byte
    {
        Unresolved,
        Pivot,
        Inactive,
    }

    /// <param name="neighbours">The code.</param>
    /// <param name="columnCount">K.</param>
    /// <param name="slotCount">The most rows there can be.</param>
    internal Peeling(LtNeighbours neighbours, int columnCount, int slotCount)
    {
        _neighbours = neighbours;
        _columnCount = columnCount;

        // Measured over random and consecutive ESIs: at K = 745 at most 110, at 3000 at most 360, at 10000 at most 340.
        _inactiveMax = Math.Min(columnCount, (int)(8 * Math.Sqrt(columnCount)) + 64);

        // Beyond five standard deviations of the number of edges; rows that find no room take no part in peeling.
        _edgeMax = (int)(neighbours.MeanDegree * slotCount * 1.25) + (8 * neighbours.DegreeMax);

        _columnStart = new int[columnCount + 1];
        _rows = new ushort[_edgeMax];
        _left = new ushort[slotCount];
        _leftSum = new ushort[slotCount];
        _ripple = new ushort[slotCount];
        _states = new State[columnCount];
        _byDegree = new ushort[columnCount];
        _degreeStart = new int[DegreeClassCount + 1];
        _pivotRow = new ushort[columnCount];
        _pivotColumn = new ushort[columnCount];
        _isPivotRow = new bool[slotCount];
        _inactiveColumn = new ushort[_inactiveMax];
        _masks = new ulong[columnCount * ((_inactiveMax + 63) / 64)];
        _room = new int[neighbours.DegreeMax];
    }

    /// <summary>The words of a mask.</summary>
    internal int MaskWords { get; private set; }

    /// <summary>The most words a mask may come to have.</summary>
    internal int MaskWordsMax => (_inactiveMax + 63) / 64;

    /// <summary>The most inactive columns.</summary>
    internal int InactiveMax => _inactiveMax;

    /// <summary>The columns that the rows do not give by peeling.</summary>
    internal ReadOnlySpan<ushort> InactiveColumns => _inactiveColumn.AsSpan(0, _inactiveCount);

    /// <summary>The rows that resolved a column each, in order.</summary>
    internal ReadOnlySpan<ushort> PivotRows => _pivotRow.AsSpan(0, _pivotCount);

    /// <summary>The columns they resolved.</summary>
    internal ReadOnlySpan<ushort> PivotColumns => _pivotColumn.AsSpan(0, _pivotCount);

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

        ComputeMasks(rows);
        return true;
    }

    /// <summary>Which inactive columns the sum of the row's columns depends on.</summary>
    /// <param name="row">Any row, of those peeled or later.</param>
    /// <param name="mask">Where the answer goes, <see cref="MaskWords"/> long.</param>
    internal void MaskOf(LtRow row, Span<ulong> mask) => MaskOf(row, -1, mask);

    private void MaskOf(LtRow row, int except, Span<ulong> mask)
    {
        mask.Clear();
        foreach (var column in _neighbours.Expand(row, _room))
        {
            if (column != except)
            {
                var other = Mask(column);
                for (var w = 0; w < mask.Length; w++)
                {
                    mask[w] ^= other[w];
                }
            }
        }
    }

    /// <summary>Counts and places: first how many rows each column has, then which.</summary>
    private void IndexRows(ReadOnlySpan<LtRow> rows)
    {
        Array.Clear(_columnStart);
        var counts = _columnStart.AsSpan(1);
        var edges = 0;
        for (var r = 0; r < rows.Length; r++)
        {
            var degree = rows[r].Degree;
            _left[r] = 0;
            if (edges + degree > _edgeMax)
            {
                continue;
            }

            edges += degree;
            _left[r] = (ushort)degree;
            foreach (var column in _neighbours.Expand(rows[r], _room))
            {
                counts[column]++;
            }
        }

        // Each start is first its column's end, and moves down to its start as the rows are placed.
        for (var c = 1; c <= _columnCount; c++)
        {
            _columnStart[c] += _columnStart[c - 1];
        }

        for (var r = rows.Length - 1; r >= 0; r--)
        {
            if (_left[r] == 0)
            {
                continue;
            }

            var sum = 0;
            foreach (var column in _neighbours.Expand(rows[r], _room))
            {
                sum ^= column;
                _rows[--_columnStart[column + 1]] = (ushort)r;
            }

            _leftSum[r] = (ushort)sum;
            if (_left[r] == 1)
            {
                _ripple[_rippleCount++] = (ushort)r;
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

    private int DegreeClass(int column) => DegreeClassCount - 1 - Math.Min(_columnStart[column + 1] - _columnStart[column], DegreeClassCount - 1);

    private bool ResolveAll()
    {
        var next = 0;
        while (true)
        {
            while (_rippleCount > 0)
            {
                var row = _ripple[--_rippleCount];
                if (_left[row] == 1)
                {
                    int column = _leftSum[row];
                    _isPivotRow[row] = true;
                    _pivotRow[_pivotCount] = row;
                    _pivotColumn[_pivotCount++] = (ushort)column;
                    Resolve(column, State.Pivot);
                }
            }

            if (_pivotCount + _inactiveCount == _columnCount)
            {
                return true;
            }

            if (_inactiveCount == _inactiveMax)
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

    private void Resolve(int column, State state)
    {
        _states[column] = state;
        foreach (var row in _rows.AsSpan(_columnStart[column].._columnStart[column + 1]))
        {
            _leftSum[row] ^= (ushort)column;
            if (--_left[row] == 1)
            {
                _ripple[_rippleCount++] = row;
            }
        }
    }

    private void ComputeMasks(ReadOnlySpan<LtRow> rows)
    {
        MaskWords = Math.Max(1, (_inactiveCount + 63) / 64);
        for (var i = 0; i < _inactiveCount; i++)
        {
            var mask = _masks.AsSpan(_inactiveColumn[i] * MaskWords, MaskWords);
            mask.Clear();
            mask[i >> 6] = 1UL << (i & 63);
        }

        for (var p = 0; p < _pivotCount; p++)
        {
            int column = _pivotColumn[p];
            MaskOf(rows[_pivotRow[p]], column, _masks.AsSpan(column * MaskWords, MaskWords));
        }
    }
}
