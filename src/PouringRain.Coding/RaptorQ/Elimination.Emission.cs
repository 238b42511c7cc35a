using System.Numerics;
using System.Runtime.InteropServices;
using PouringRain.Coding.Plans;

namespace PouringRain.Coding.RaptorQ;

/// <content>Writes the solution down as operations on slots: slot c for column c, then one for
/// each left-over row used, then H for HDPC.</content>
internal sealed partial class Elimination
{
    // Per left-over row used its slot.
    private int[] _residualSlot = [];

    private void Emit(SymbolPlan plan)
    {
        var p = _parameters;
        for (var i = 0; i < _pivotCount; i++)
        {
            EmitSparseSum(plan, _pivotColumns[i], _pivotRows[i]);
        }

        Ensure(ref _residualSlot, _residualCount);
        var slot = p.IntermediateCount;
        for (var bit = 0; bit < _inactiveCount; bit++)
        {
            var row = _pivotOfBit[bit];
            if (row >= 0)
            {
                _residualSlot[row] = slot;
                EmitSparseSum(plan, slot++, _residual[row]);
            }
        }

        var hdpcSlot = slot;
        if (_freeCount > 0)
        {
            EmitHdpc(plan, hdpcSlot);
            slot += p.HdpcCount;
        }

        EmitBinaryInverse(plan);
        if (_freeCount > 0)
        {
            EmitFree(plan, hdpcSlot);
        }

        for (var i = 0; i < _pivotCount; i++)
        {
            EmitFullSum(plan, _pivotColumns[i], _pivotRows[i]);
        }

        plan.SlotCount = slot;
    }

    /// <summary>Appends the operation that makes an encoding symbol from the intermediate ones.</summary>
    public static void EmitEncoding(SymbolPlan plan, CodeParameters parameters, uint isi, int output)
    {
        var words = plan.Reserve(2 + LtTuple.IndexCountMax);
        var count = new LtTuple(parameters, isi).WriteIndices(parameters, words[2..]);
        words[0] = (output << SymbolPlan.KindBits) | SymbolPlan.GatherOutput;
        words[1] = count;
        plan.Commit(2 + count, count);
    }

    private int InputOf(int row) => row < _parameters.LdpcCount ? -1 : row - _parameters.LdpcCount;

    // D: the row without its inactive columns.
    private void EmitSparseSum(SymbolPlan plan, int slot, int row)
    {
        var columns = _rowColumns.AsSpan(_rowStart[row].._rowPermanent[row]);
        var words = plan.Reserve(3 + columns.Length);
        var own = _rowPivot[row];
        var bits = _bit;
        var length = 3;
        foreach (var column in columns)
        {
            words[length] = column;
            length += bits[column] < 0 && column != own ? 1 : 0;
        }

        Close(plan, words, slot, InputOf(row), length);
    }

    // C: the row with all its columns, all of them known by now.
    private void EmitFullSum(SymbolPlan plan, int slot, int row)
    {
        var columns = RowColumns(row);
        var words = plan.Reserve(3 + columns.Length);
        var length = 3;
        foreach (var column in columns)
        {
            words[length] = column;
            length += column != slot ? 1 : 0;
        }

        Close(plan, words, slot, InputOf(row), length);
    }

    private static void Close(SymbolPlan plan, Span<int> words, int slot, int input, int length)
    {
        words[0] = (slot << SymbolPlan.KindBits) | SymbolPlan.Gather;
        words[1] = input;
        words[2] = length - 3;
        plan.Commit(length, length - 3 + (input >= 0 ? 1 : 0));
    }

    private void EmitHdpc(SymbolPlan plan, int hdpcSlot)
    {
        var p = _parameters;
        var count = p.ExtendedCount + p.LdpcCount;
        for (var bit = 0; bit < _inactiveCount; bit++)
        {
            if (_inactive[bit] < count)
            {
                Close(plan, plan.Reserve(3), _inactive[bit], -1, 3);
            }
        }

        var words = plan.Reserve(3 + count);
        words[0] = (hdpcSlot << SymbolPlan.KindBits) | SymbolPlan.Hdpc;
        words[1] = p.HdpcCount;
        words[2] = count;
        _hdpcPairs.AsSpan(0, count).CopyTo(words[3..]);
        plan.Commit(3 + count, 3 * count);
    }

    // Every inactive unknown that is a pivot of the binary rows, but for its share of the free ones.
    private void EmitBinaryInverse(SymbolPlan plan)
    {
        for (var bit = 0; bit < _inactiveCount; bit++)
        {
            if (_pivotOfBit[bit] >= 0)
            {
                var words = plan.Reserve(3 + _inactiveCount);
                var length = 3;
                var row = ResidualBits(_pivotOfBit[bit]);
                for (var word = 0; word < row.Length; word++)
                {
                    for (var rest = row[word]; rest != 0; rest &= rest - 1)
                    {
                        var pivot = _pivotOfBit[(word << 6) + BitOperations.TrailingZeroCount(rest)];
                        if (pivot >= 0)
                        {
                            words[length++] = _residualSlot[pivot];
                        }
                    }
                }

                Close(plan, words, _inactive[bit], -1, length);
            }
        }
    }

    private ReadOnlySpan<ulong> ResidualBits(int row)
    {
        var start = (_parameters.IntermediateCount + row) * _stride;
        return MemoryMarshal.Cast<byte, ulong>(_matrix.Read(start + _stride)[start..])[..((_inactiveCount + 63) / 64)];
    }

    private void EmitFree(SymbolPlan plan, int hdpcSlot)
    {
        // What the binary pivots add to the HDPC sums that are used.
        for (var f = 0; f < _freeCount; f++)
        {
            var h = _smallRowOf[f];
            var words = plan.Reserve(2 + _inactiveCount);
            var length = 2;
            for (var bit = 0; bit < _inactiveCount; bit++)
            {
                var scalar = _hdpcColumns[(16 * bit) + h];
                if (_pivotOfBit[bit] >= 0 && scalar != 0)
                {
                    words[length++] = (_inactive[bit] << 8) | scalar;
                }
            }

            words[0] = ((hdpcSlot + h) << SymbolPlan.KindBits) | SymbolPlan.CombineAdd;
            words[1] = length - 2;
            plan.Commit(length, length - 1);
        }

        for (var f = 0; f < _freeCount; f++)
        {
            var words = plan.Reserve(2 + _freeCount);
            var length = 2;
            for (var other = 0; other < _freeCount; other++)
            {
                var scalar = _small[(HdpcCountMax * _smallRowOf[f]) + other];
                if (scalar != 0)
                {
                    words[length++] = ((hdpcSlot + _smallRowOf[other]) << 8) | scalar;
                }
            }

            words[0] = (_inactive[_freeBits[f]] << SymbolPlan.KindBits) | SymbolPlan.Combine;
            words[1] = length - 2;
            plan.Commit(length, length - 2);
        }

        for (var bit = 0; bit < _inactiveCount; bit++)
        {
            if (_pivotOfBit[bit] >= 0)
            {
                var words = plan.Reserve(4 + _freeCount);
                var length = 3;
                words[length++] = _inactive[bit];
                var row = ResidualBits(_pivotOfBit[bit]);
                foreach (var free in _freeBits.AsSpan(0, _freeCount))
                {
                    if ((row[free >> 6] & (1UL << free)) != 0)
                    {
                        words[length++] = _inactive[free];
                    }
                }

                if (length > 4)
                {
                    Close(plan, words, _inactive[bit], -1, length);
                }
            }
        }
    }
}
