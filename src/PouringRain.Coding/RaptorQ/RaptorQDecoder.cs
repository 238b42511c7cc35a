using System.Numerics;
using System.Security.Cryptography;

namespace PouringRain.Coding.RaptorQ;

/// <summary>
/// Decodes by RFC 6330, section 5.4. Source symbols go to their places in the destination at once; repair symbols wait in the places of
/// source symbols that have not come (from the last one down, since the first ones tend to come first) and move on when these do come. So a
/// decoder needs hardly more memory than the block. How the block is solved is <see cref="BlockSolver"/>'s business.
/// </summary>
internal sealed class RaptorQDecoder : IBlockDecoder
{
    // Symbols taken beyond K: a sixteenth for those who ask for too much in advance, and some for the rare failures.
    private const int ExtraShift = 4;
    private const int ExtraBytes = 32 << 10;
    private const int ExtraMax = 24;
    private const int ExtraMin = 2;

    // After a failure at the bound the bound grows. A random set of K + 50 symbols fails once in 2^400 cases; this stops the others.
    private const int FailuresMax = 48;

    private static readonly ulong HashKey = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8)) | 1;

    private readonly CodeParameters _parameters;
    private readonly ulong[] _sourceSeen;
    private readonly int _hashShift;
    private readonly int[] _hash;
    private readonly int _limit;
    private int[] _holeOwner = [];
    private uint[] _repairIds = [];
    private int[] _repairPlaces = [];
    private byte[] _extra = [];
    private Memory<byte> _destination;
    private int _sourceCount;
    private int _repairCount;
    private int _nextHole;
    private int _extraCount;
    private int _failures;
    private int _failedAt;
    private bool _begun;

    public RaptorQDecoder(int symbolCount, int symbolSize)
    {
        SymbolCount = symbolCount;
        SymbolSize = symbolSize;
        _parameters = CodeParameters.For(symbolCount);
        _sourceSeen = new ulong[(symbolCount + 63) / 64];
        _limit = symbolCount + (symbolCount >> ExtraShift) + Math.Clamp(ExtraBytes / symbolSize, ExtraMin, ExtraMax);
        var slots = BitOperations.RoundUpToPowerOf2((uint)(2 * (_limit + FailuresMax)));
        _hashShift = 64 - BitOperations.Log2(slots);
        _hash = new int[slots];
    }

    public int SymbolCount { get; }

    public int SymbolSize { get; }

    public int ReceivedCount => _sourceCount + _repairCount;

    public bool CanDecode => IsDecoded || (_begun && ReceivedCount >= SymbolCount && ReceivedCount > _failedAt);

    public bool IsDecoded { get; private set; }

    public int SymbolsWanted => IsDecoded ? 0 : Math.Max(SymbolCount - ReceivedCount, ReceivedCount == _failedAt ? 1 : 0);

    public void Begin(uint sourceBlockNumber, Memory<byte> destination)
    {
        if (destination.Length != SymbolCount * SymbolSize)
        {
            throw new ArgumentException(
                $"A destination of {destination.Length} bytes is not one of {SymbolCount} symbols of {SymbolSize} bytes.",
                nameof(destination));
        }

        _destination = destination;
        Array.Clear(_sourceSeen);
        if (_repairCount > 0)
        {
            Array.Clear(_hash);
        }

        _sourceCount = _repairCount = _extraCount = _failures = 0;
        _nextHole = SymbolCount - 1;
        _failedAt = -1;
        IsDecoded = false;
        _begun = true;
    }

    public AddResult Add(uint esi, ReadOnlySpan<byte> symbol)
    {
        if (symbol.Length != SymbolSize || esi > RaptorQCode.MaxEncodingSymbolId || !_begun)
        {
            return AddResult.Invalid;
        }

        if (IsDecoded)
        {
            return AddResult.NotNeeded;
        }

        return esi < SymbolCount ? AddSource((int)esi, symbol) : AddRepair(esi, symbol);
    }

    public bool TryDecode()
    {
        if (IsDecoded || !CanDecode)
        {
            return IsDecoded;
        }

        if (_sourceCount < SymbolCount)
        {
            var received = new ReceivedBlock
            {
                Parameters = _parameters,
                SymbolCount = SymbolCount,
                SymbolSize = SymbolSize,
                SourceCount = _sourceCount,
                SourceSeen = _sourceSeen,
                RepairIds = _repairIds.AsSpan(0, _repairCount),
                RepairPlaces = _repairPlaces.AsSpan(0, _repairCount),
                Block = _destination.Span,
                Extra = _extra,
            };
            if (!BlockSolver.TrySolve(received))
            {
                _failedAt = ReceivedCount;
                _failures = Math.Min(_failures + (ReceivedCount >= _limit + _failures ? 1 : 0), FailuresMax);
                return false;
            }
        }

        IsDecoded = true;
        _destination = default;
        return true;
    }

    public void Dispose()
    {
        _begun = false;
        _destination = default;
        _extra = [];
    }

    private static void EnsureCount<T>(ref T[] array, int length, int limit)
    {
        if (array.Length < length)
        {
            Array.Resize(ref array, Math.Min(Math.Max(2 * array.Length, Math.Max(length, 32)), Math.Max(limit, length)));
        }
    }

    private AddResult AddSource(int index, ReadOnlySpan<byte> symbol)
    {
        if (IsSeen(index))
        {
            return AddResult.Duplicate;
        }

        if (ReceivedCount >= _limit + _failures)
        {
            return AddResult.NotNeeded;
        }

        _sourceSeen[index >> 6] |= 1UL << index;
        _sourceCount++;
        var place = Place(index);
        if (index > _nextHole)
        {
            // A repair symbol waits here.
            var owner = _holeOwner[index];
            var moved = NextPlace(owner);
            place.CopyTo(Place(moved));
            _repairPlaces[owner] = moved;
        }

        symbol.CopyTo(place);
        return AddResult.Accepted;
    }

    private AddResult AddRepair(uint esi, ReadOnlySpan<byte> symbol)
    {
        var slot = (int)((esi * HashKey) >> _hashShift);
        while (_hash[slot] != 0)
        {
            if (_repairIds[_hash[slot] - 1] == esi)
            {
                return AddResult.Duplicate;
            }

            slot = (slot + 1) & (_hash.Length - 1);
        }

        if (ReceivedCount >= _limit + _failures)
        {
            return AddResult.NotNeeded;
        }

        EnsureCount(ref _repairIds, _repairCount + 1, _limit);
        EnsureCount(ref _repairPlaces, _repairCount + 1, _limit);
        var place = NextPlace(_repairCount);
        symbol.CopyTo(Place(place));
        _repairIds[_repairCount] = esi;
        _repairPlaces[_repairCount] = place;
        _hash[slot] = ++_repairCount;
        return AddResult.Accepted;
    }

    private bool IsSeen(int index) => (_sourceSeen[index >> 6] & (1UL << index)) != 0;

    // The next place for a repair symbol: above _nextHole, every place of the destination is taken.
    private int NextPlace(int owner)
    {
        while (_nextHole >= 0 && IsSeen(_nextHole))
        {
            _nextHole--;
        }

        if (_nextHole < 0)
        {
            EnsureCount(ref _extra, (_extraCount + 1) * SymbolSize, (_limit - SymbolCount) * SymbolSize);
            return SymbolCount + _extraCount++;
        }

        if (_holeOwner.Length == 0)
        {
            _holeOwner = new int[SymbolCount];
        }

        _holeOwner[_nextHole] = owner;
        return _nextHole--;
    }

    private Span<byte> Place(int place) => place < SymbolCount
        ? _destination.Span.Slice(place * SymbolSize, SymbolSize)
        : _extra.AsSpan((place - SymbolCount) * SymbolSize, SymbolSize);
}
