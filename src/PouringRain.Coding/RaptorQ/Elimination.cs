using PouringRain.Coding.Kernels;
using PouringRain.Coding.Plans;

namespace PouringRain.Coding.RaptorQ;

/// <summary>
/// Solves the system of RFC 6330, section 5.4.2, symbolically: which operations turn the received symbols into the intermediate ones. No
/// symbol's bytes are touched; the outcome is a plan.
/// <para>
/// Rows are the S LDPC relations and one for each encoding symbol; the H HDPC relations are kept apart, since they are never pivots of the
/// first phase and only the last few unknowns need them. The first phase (<c>Peeling</c>) finds an order of pivots and a set of u inactive
/// columns. With it, every other intermediate symbol is C[c] = D[c] + (inactive ones), where D follows from the sparse rows alone. The rows
/// left over give a dense system in u unknowns (<c>Dense</c>). Once the inactive symbols are known, the sparse rows are run through a
/// second time with all symbols, which costs less than the dense sums of the fifth phase would (<c>Emission</c>).
/// </para>
/// An instance is scratch memory for one solution at a time. It grows to the largest system seen and then allocates no more.
/// </summary>
internal sealed partial class Elimination(IPlanKernel kernel)
{
    private const int Active = -2;
    private const int Pivoted = -1;

    private CodeParameters _parameters = null!;
    private CodeParameters? _precodeOf;
    private int _rowCount;

    // Rows in compressed form: columns below W first, from _rowPermanent on the permanently inactive ones.
    private int[] _rowStart = [];
    private int[] _rowPermanent = [];
    private int[] _rowColumns = [];

    // Per row: columns still active, their sum, and the pivot column or -1.
    private int[] _degree = [];
    private int[] _rowSum = [];
    private int[] _rowPivot = [];

    // Rows of each column below W in compressed form.
    private int[] _columnStart = [];
    private int[] _columnRows = [];

    // Per column: Active, Pivoted, or its bit among the inactive ones.
    private int[] _bit = [];

    // Per bit: its column.
    private int[] _inactive = [];
    private int _inactiveCount;

    private int[] _pivotRows = [];
    private int[] _pivotColumns = [];
    private int _pivotCount;

    /// <summary>u: how many unknowns the dense system of the last solution had.</summary>
    public int InactiveCount => _inactiveCount;

    /// <summary>Whether the symbols with these identifiers determine the block; if so and there is a plan, appends to it the operations
    /// that leave intermediate symbol i in slot i.</summary>
    /// <param name="parameters">The parameters of K'.</param>
    /// <param name="isis">Internal symbol identifiers, distinct; symbol i is the plan's input i.</param>
    /// <param name="plan">Cleared and filled, or <see langword="null"/> if only the answer is wanted.</param>
    public bool TrySolve(CodeParameters parameters, ReadOnlySpan<uint> isis, SymbolPlan? plan)
    {
        _parameters = parameters;
        if (isis.Length < parameters.ExtendedCount)
        {
            return false;
        }

        BuildRows(isis);
        BuildColumns();
        Peel();
        if (!TrySolveDense())
        {
            return false;
        }

        if (plan is not null)
        {
            plan.Clear();
            Emit(plan);
        }

        return true;
    }

    /// <summary>Builds the rows only, so that they can be looked at: S LDPC rows and one for each symbol.</summary>
    internal void Load(CodeParameters parameters, ReadOnlySpan<uint> isis)
    {
        _parameters = parameters;
        BuildRows(isis);
    }

    /// <summary>The columns of a row that was built.</summary>
    internal ReadOnlySpan<int> GetRow(int row) => RowColumns(row);

    /// <summary>The two rows of MT in which column j, not the last, holds a one.</summary>
    internal (int First, int Second) GetHdpcPair(int j) => (_hdpcPairs[j] & 0xFF, _hdpcPairs[j] >> 8);

    private static void Ensure(ref int[] array, int length)
    {
        if (array.Length < length)
        {
            array = new int[length + (length / 8)];
        }
    }

    private void BuildRows(ReadOnlySpan<uint> isis)
    {
        var p = _parameters;
        _rowCount = p.LdpcCount + isis.Length;
        if (_rowStart.Length < _rowCount + 1)
        {
            _precodeOf = null;
        }

        Ensure(ref _rowStart, _rowCount + 1);
        Ensure(ref _rowPermanent, _rowCount);
        Ensure(ref _degree, _rowCount);
        Ensure(ref _rowSum, _rowCount);
        Ensure(ref _rowPivot, _rowCount);
        Ensure(ref _columnStart, p.LtCount + 2);
        if (_precodeOf != p)
        {
            BuildLdpcRows();
            BuildHdpcPairs();
            _precodeOf = p;
        }

        var position = _rowStart[p.LdpcCount];
        for (var i = 0; i < isis.Length; i++)
        {
            if (_rowColumns.Length < position + LtTuple.IndexCountMax)
            {
                Array.Resize(ref _rowColumns, position + LtTuple.IndexCountMax + (8 * (isis.Length - i)));
            }

            var tuple = new LtTuple(p, isis[i]);
            position += tuple.WriteIndices(p, _rowColumns.AsSpan(position));
            _rowPermanent[p.LdpcCount + i] = position - tuple.D1;
            _rowStart[p.LdpcCount + i + 1] = position;
        }
    }

    // Section 5.3.3.3: each of the B LT symbols takes part in three of the S relations.
    private void BuildLdpcRows()
    {
        var p = _parameters;
        var s = p.LdpcCount;
        Ensure(ref _rowColumns, (3 * p.PureLtCount) + (3 * s));
        Array.Clear(_rowStart, 0, s + 1);
        for (var i = 0; i < p.PureLtCount; i++)
        {
            var step = 1 + (i / s);
            var row = i % s;
            for (var repeat = 0; repeat < 3; repeat++)
            {
                _rowStart[row + 1]++;
                row = (row + step) % s;
            }
        }

        for (var row = 0; row < s; row++)
        {
            _rowStart[row + 1] += _rowStart[row] + 3;
            _rowPermanent[row] = _rowStart[row];
        }

        for (var i = 0; i < p.PureLtCount; i++)
        {
            var step = 1 + (i / s);
            var row = i % s;
            for (var repeat = 0; repeat < 3; repeat++)
            {
                _rowColumns[_rowPermanent[row]++] = i;
                row = (row + step) % s;
            }
        }

        for (var row = 0; row < s; row++)
        {
            _rowColumns[_rowPermanent[row]++] = p.PureLtCount + row;
            _rowColumns[_rowPermanent[row]] = p.LtCount + (row % p.PermanentCount);
            _rowColumns[_rowPermanent[row] + 1] = p.LtCount + ((row + 1) % p.PermanentCount);
        }
    }

    private void BuildColumns()
    {
        var width = _parameters.LtCount;
        var start = _columnStart.AsSpan(0, width + 2);
        start.Clear();
        var counts = start[2..];
        var columns = _rowColumns;
        for (var row = 0; row < _rowCount; row++)
        {
            var sum = 0;
            var first = _rowStart[row];
            var last = _rowPermanent[row];
            for (var i = first; i < last; i++)
            {
                var column = columns[i];
                sum ^= column;
                counts[column]++;
            }

            _rowSum[row] = sum;
            _degree[row] = last - first;
            _rowPivot[row] = -1;
        }

        // Shifted by one so that filling moves every start to its place.
        for (var column = 2; column < start.Length; column++)
        {
            start[column] += start[column - 1];
        }

        Ensure(ref _columnRows, _rowStart[_rowCount]);
        var rows = _columnRows;
        for (var row = 0; row < _rowCount; row++)
        {
            var last = _rowPermanent[row];
            for (var i = _rowStart[row]; i < last; i++)
            {
                rows[start[columns[i] + 1]++] = row;
            }
        }
    }
}
