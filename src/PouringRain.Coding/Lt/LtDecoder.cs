using PouringRain.Coding.Plans;

namespace PouringRain.Coding.Lt;

/// <summary>
/// Decodes in two steps. On numbers alone: <see cref="Peeling"/> as soon as there are K droplets, and a <see cref="DenseSystem"/> of the
/// few columns it leaves, which takes the rows that come later one by one, so that a failed try costs next to nothing. Once the rank is
/// full, on the bytes: a <see cref="BytePlan"/> of sums.
/// </summary>
internal sealed class LtDecoder : IBlockDecoder
{
    private const uint NoEsi = uint.MaxValue;

    private static readonly ScratchPool<BytePlan> Plans = new(() => new BytePlan());

    private readonly LtNeighbours _neighbours;
    private readonly int _slotCount;
    private readonly LtRow[] _rows;
    private readonly uint[] _esis;
    private readonly ushort[] _freeSlots;
    private readonly ushort[] _pending;
    private readonly EsiSet _seen;
    private readonly Peeling _peeling;
    private readonly DenseSystem _dense;

    private AlignedBytes _slab;
    private Memory<byte> _destination;
    private uint _sourceBlockNumber;
    private bool _hasBegun;
    private bool _isPeeled;
    private int _freeCount;
    private int _pendingCount;
    private int _tryAt;
    private int _wantedAt;
    private int _deficiency;
    private int _wantedForDeficiency;

    internal LtDecoder(LtNeighbours neighbours, int symbolCount, int symbolSize)
    {
        _neighbours = neighbours;
        SymbolCount = symbolCount;
        SymbolSize = symbolSize;
        _slotCount = symbolCount + SpareSymbols(symbolCount, symbolSize);

        _slab.Get(_slotCount * symbolSize);
        _rows = new LtRow[_slotCount];
        _esis = new uint[_slotCount];
        _freeSlots = new ushort[_slotCount];
        _pending = new ushort[_slotCount];
        _seen = new EsiSet(_slotCount + (_slotCount / 2));
        _peeling = new Peeling(neighbours, symbolCount, _slotCount);
        _dense = new DenseSystem(_peeling.InactiveMax);
    }

    public int SymbolCount { get; }

    public int SymbolSize { get; }

    public int ReceivedCount { get; private set; }

    public bool CanDecode => _hasBegun && !IsDecoded && ReceivedCount >= _tryAt;

    public bool IsDecoded { get; private set; }

    public int SymbolsWanted => IsDecoded || CanDecode ? 0 : Math.Max(1, _wantedAt - ReceivedCount);

    /// <summary>How many symbols the slab holds beyond K. Those that prove redundant give their places back, so that even one would do;
    /// more of them mean fewer tries. Large symbols have fewer, for the sake of memory.</summary>
    internal static int SpareSymbols(int symbolCount, int symbolSize)
    {
        var bytes = ((long)symbolCount * symbolSize / 10) + (32 * 1024);
        return (int)Math.Clamp(bytes / symbolSize, 1, (symbolCount / 32) + 16);
    }

    public void Begin(uint sourceBlockNumber, Memory<byte> destination)
    {
        if (destination.Length != SymbolCount * SymbolSize)
        {
            throw new ArgumentException(
                $"{SymbolCount} symbols of {SymbolSize} bytes do not fill {destination.Length} bytes.", nameof(destination));
        }

        _sourceBlockNumber = sourceBlockNumber;
        _destination = destination;
        _hasBegun = true;
        _isPeeled = false;
        IsDecoded = false;
        ReceivedCount = 0;
        _pendingCount = 0;
        _seen.Clear();
        _tryAt = SymbolCount;
        _wantedAt = LtCode.Instance.SymbolsToRequest(SymbolCount);

        // The lowest slot is taken first.
        _freeCount = _slotCount;
        for (var i = 0; i < _slotCount; i++)
        {
            _freeSlots[i] = (ushort)(_slotCount - 1 - i);
            _esis[i] = NoEsi;
        }
    }

    public AddResult Add(uint esi, ReadOnlySpan<byte> symbol)
    {
        if (!_hasBegun || esi > LtCode.EsiMax || symbol.Length != SymbolSize)
        {
            return AddResult.Invalid;
        }

        if (IsDecoded)
        {
            return AddResult.NotNeeded;
        }

        if (_seen.Contains(esi))
        {
            return AddResult.Duplicate;
        }

        if (_freeCount == 0)
        {
            return AddResult.NotNeeded;
        }

        if (_seen.IsFull)
        {
            ForgetReleased();
        }

        int slot = _freeSlots[--_freeCount];
        _rows[slot] = _neighbours.Row(_sourceBlockNumber, esi);
        symbol.CopyTo(_slab.Get(_slotCount * SymbolSize)[(slot * SymbolSize)..]);
        _pending[_pendingCount++] = (ushort)slot;
        _esis[slot] = esi;
        _seen.Add(esi);
        ReceivedCount++;
        return AddResult.Accepted;
    }

    public bool TryDecode()
    {
        if (IsDecoded)
        {
            return true;
        }

        if (!CanDecode || !TryPeel())
        {
            return false;
        }

        TakePending();
        if (_dense.Deficiency > 0)
        {
            // A symbol raises the rank by one at most.
            _tryAt = ReceivedCount + _dense.Deficiency;
            _wantedAt = ReceivedCount + EstimateWanted();
            return false;
        }

        SolveBytes();
        IsDecoded = true;
        _destination = default;
        return true;
    }

    public void Dispose()
    {
        _hasBegun = false;
        _destination = default;
    }

    private bool TryPeel()
    {
        if (_isPeeled)
        {
            return true;
        }

        // Until rows have been taken, slots are in use from the first one on without a gap.
        if (!_peeling.TryPeel(_rows.AsSpan(0, _pendingCount)))
        {
            // No honest set of droplets comes here. Others are waited for, and where there is no room left, some make way.
            var spare = _slotCount - SymbolCount;
            while (_freeCount < (spare + 1) / 2)
            {
                Release(_pending[--_pendingCount]);
            }

            _tryAt = ReceivedCount + ((spare + 1) / 2);
            _wantedAt = _tryAt;
            return false;
        }

        _dense.Begin(_peeling.InactiveColumns.Length, _peeling.MaskWords);
        _deficiency = 0;
        _isPeeled = true;
        return true;
    }

    /// <summary>Gives the rows that are no pivots to the dense system. Those that add nothing to it never will, and leave.</summary>
    private void TakePending()
    {
        foreach (var slot in _pending.AsSpan(0, _pendingCount))
        {
            if (!_peeling.IsPivotRow(slot))
            {
                _peeling.MaskOf(_rows[slot], _dense.NextMask);
                if (!_dense.TryTake(slot))
                {
                    Release(slot);
                }
            }
        }

        _pendingCount = 0;
    }

    /// <summary>How many more droplets it takes on average. Mostly two for the last unit of rank, for a droplet gives it or doesn't with
    /// equal chance; but when a few source symbols alone are undetermined, as many as it takes to meet one of these.</summary>
    private int EstimateWanted()
    {
        const int looks = 4;
        if (_dense.Deficiency != _deficiency)
        {
            _deficiency = _dense.Deficiency;
            var most = 2.0;
            for (var i = 0; i < Math.Min(_deficiency, looks); i++)
            {
                var undetermined = _peeling.CountDependents(_dense.Undetermined(i));
                most = Math.Max(most, SymbolCount / (undetermined * _neighbours.MeanDegree));
            }

            _wantedForDeficiency = _deficiency - 1 + (int)Math.Ceiling(most);
        }

        return _wantedForDeficiency;
    }

    private void Release(ushort slot)
    {
        _freeSlots[_freeCount++] = slot;
        _esis[slot] = NoEsi;
    }

    /// <summary>After very many symbols that added nothing, the ESIs of these are forgotten, so that the set stays bounded and no sender
    /// of such symbols can close the decoder to others.</summary>
    private void ForgetReleased()
    {
        _seen.Clear();
        foreach (var esi in _esis)
        {
            if (esi != NoEsi)
            {
                _seen.Add(esi);
            }
        }
    }

    private void SolveBytes()
    {
        _dense.Solve();
        var plan = Plans.Rent();
        plan.Make(_peeling, _dense, _rows, _neighbours);
        plan.Run(_slab.Get(_slotCount * SymbolSize), _destination.Span, SymbolSize);
        Plans.Return(plan);
    }
}
