namespace PouringRain.Coding.RaptorQ;

/// <content>
/// The first phase of section 5.4.2.2. A row with one active column is a pivot for it at once. When there is none, a column is made
/// inactive: one of the largest component of the graph whose edges are the rows with two active columns, as the RFC advises. That resolves
/// the whole component, so components only ever grow or vanish, and a union-find structure with its sets in buckets by size needs no
/// deletion. Without such rows a column of a row of least degree goes.
/// </content>
internal sealed partial class Elimination
{
    private int[] _ready = [];
    private int _readyCount;
    private int[] _edges = [];
    private int _edgeCount;
    private int[] _live = [];
    private int _liveCount;

    // Union-find over columns: the parent, or minus the size for a root; roots of two and more in doubly linked lists by size.
    private int[] _parent = [];
    private int[] _bucket = [];
    private int[] _next = [];
    private int[] _previous = [];
    private int _largest;

    private void Peel()
    {
        PreparePeeling();
        while (true)
        {
            while (_readyCount > 0)
            {
                var row = _ready[--_readyCount];
                if (_degree[row] == 1)
                {
                    var column = _rowSum[row];
                    _rowPivot[row] = column;
                    _pivotRows[_pivotCount] = row;
                    _pivotColumns[_pivotCount++] = column;
                    _bit[column] = Pivoted;
                    Release(column);
                }
            }

            while (_edgeCount > 0)
            {
                var row = _edges[--_edgeCount];
                if (_degree[row] == 2)
                {
                    Join(row);
                }
            }

            var chosen = ChooseInComponent();
            if (chosen < 0)
            {
                chosen = ChooseInLightestRow();
            }

            if (chosen < 0)
            {
                break;
            }

            Inactivate(chosen);
            Release(chosen);
        }

        for (var column = 0; column < _parameters.LtCount; column++)
        {
            if (_bit[column] == Active)
            {
                Inactivate(column);
            }
        }
    }

    private void PreparePeeling()
    {
        var p = _parameters;
        var width = p.LtCount;
        Ensure(ref _bit, p.IntermediateCount);
        Ensure(ref _inactive, p.IntermediateCount);
        Ensure(ref _pivotRows, width);
        Ensure(ref _pivotColumns, width);
        Ensure(ref _ready, _rowCount);
        Ensure(ref _edges, _rowCount);
        Ensure(ref _live, _rowCount);
        Ensure(ref _parent, width);
        Ensure(ref _bucket, width + 1);
        Ensure(ref _next, width);
        Ensure(ref _previous, width);
        _pivotCount = _inactiveCount = _readyCount = _edgeCount = _liveCount = _largest = 0;
        _bit.AsSpan(0, width).Fill(Active);
        _parent.AsSpan(0, width).Fill(-1);
        _bucket.AsSpan(0, width + 1).Fill(-1);
        for (var column = width; column < p.IntermediateCount; column++)
        {
            Inactivate(column);
        }

        for (var row = 0; row < _rowCount; row++)
        {
            var degree = _degree[row];
            if (degree == 1)
            {
                _ready[_readyCount++] = row;
            }
            else if (degree == 2)
            {
                _edges[_edgeCount++] = row;
            }
            else
            {
                _live[_liveCount++] = row;
            }
        }
    }

    private void Inactivate(int column)
    {
        _bit[column] = _inactiveCount;
        _inactive[_inactiveCount++] = column;
    }

    // The column is active no more: every row that holds it gets lighter.
    private void Release(int column)
    {
        var degrees = _degree;
        var sums = _rowSum;
        foreach (var row in _columnRows.AsSpan(_columnStart[column].._columnStart[column + 1]))
        {
            sums[row] ^= column;
            var degree = --degrees[row];
            if (degree == 1)
            {
                _ready[_readyCount++] = row;
            }
            else if (degree == 2)
            {
                _edges[_edgeCount++] = row;
            }
        }
    }

    private void Join(int row)
    {
        var first = -1;
        foreach (var column in _rowColumns.AsSpan(_rowStart[row].._rowPermanent[row]))
        {
            if (_bit[column] == Active)
            {
                first = column;
                break;
            }
        }

        var a = Find(first);
        var b = Find(_rowSum[row] ^ first);
        if (a == b)
        {
            return;
        }

        if (_parent[a] > _parent[b])
        {
            (a, b) = (b, a);
        }

        Unlink(a);
        Unlink(b);
        _parent[a] += _parent[b];
        _parent[b] = a;
        var size = -_parent[a];
        _next[a] = _bucket[size];
        _previous[a] = -1;
        if (_next[a] >= 0)
        {
            _previous[_next[a]] = a;
        }

        _bucket[size] = a;
        _largest = Math.Max(_largest, size);
    }

    private int Find(int column)
    {
        var parent = _parent;
        while (parent[column] >= 0)
        {
            var above = parent[column];
            if (parent[above] >= 0)
            {
                parent[column] = parent[above];
            }

            column = above;
        }

        return column;
    }

    private void Unlink(int root)
    {
        var size = -_parent[root];
        if (size == 1)
        {
            return;
        }

        if (_previous[root] >= 0)
        {
            _next[_previous[root]] = _next[root];
        }
        else
        {
            _bucket[size] = _next[root];
        }

        if (_next[root] >= 0)
        {
            _previous[_next[root]] = _previous[root];
        }
    }

    private int ChooseInComponent()
    {
        while (_largest > 1)
        {
            var root = _bucket[_largest];
            if (root < 0)
            {
                _largest--;
            }
            else if (_bit[root] != Active)
            {
                Unlink(root);
            }
            else
            {
                return root;
            }
        }

        return -1;
    }

    private int ChooseInLightestRow()
    {
        var best = -1;
        var bestDegree = int.MaxValue;
        var kept = 0;
        for (var i = 0; i < _liveCount; i++)
        {
            var row = _live[i];
            var degree = _degree[row];
            if (degree > 0)
            {
                _live[kept++] = row;
                if (degree < bestDegree)
                {
                    bestDegree = degree;
                    best = row;
                }
            }
        }

        _liveCount = kept;
        if (best < 0)
        {
            return -1;
        }

        // Of its columns the one that most rows hold.
        var chosen = -1;
        var chosenCount = -1;
        foreach (var column in _rowColumns.AsSpan(_rowStart[best].._rowPermanent[best]))
        {
            var count = _columnStart[column + 1] - _columnStart[column];
            if (_bit[column] == Active && count > chosenCount)
            {
                chosen = column;
                chosenCount = count;
            }
        }

        return chosen;
    }
}
