using System.Collections.Concurrent;
using MurkyWaters.Store;
using PouringRain.Coding;
using PouringRain.Protocol;

namespace MurkyWaters.Raining;

/// <summary>
/// The block encoders of a process: one for each block that is being rained, made once for all subscribers of all listeners, on a
/// worker and never on a listener's loop, within a bound of memory. The one least recently used goes first; its memory and its
/// encoder serve the next block of the same shape.
/// </summary>
internal sealed class BlockEncoders : IDisposable
{
    /// <summary>Blocks made at once: preparing a block is work for a core, and the listeners want one too.</summary>
    private const int WorkerCountMax = 2;

    /// <summary>A block that was asked for and not yet used is not taken away for this long, or two subscribers in a full cache could take
    /// turns in robbing each other.</summary>
    private const int UnusedLifeMs = 200;

    /// <summary>How long a block that could not be read is answered with "unavailable" before it is tried again.</summary>
    private const int FailedLifeMs = 2000;

    private readonly ConcurrentDictionary<Key, Slot> _slots = new();
    private readonly Dictionary<(string Code, int SymbolCount, int SymbolSize), Stack<Unit>> _idleUnits = [];
    private readonly Queue<Slot> _queue = new();
    private readonly Lock _gate = new();
    private readonly long _bytesMax;
    private readonly TimeProvider _time;
    private long _bytes;
    private int _workerCount;
    private bool _disposed;

    public BlockEncoders(long bytesMax, TimeProvider time)
    {
        _bytesMax = bytesMax;
        _time = time;
    }

    /// <summary>Memory in use, in bytes: never above the bound, but for one block that is larger than it.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Writes one encoding symbol, or says that the block is not ready and starts to make
    /// it so: read, and compared with its digest.</summary>
    public SymbolReadResult TryEncode(
        IBlockSource source, BlockChecks? checks, IFountainCode code, ResourceLayout layout, int blockIndex, uint esi,
        Span<byte> destination)
    {
        var key = new Key(source.Digest, code, layout.SymbolSize, layout.ToldBlockBytes, blockIndex);
        if (!_slots.TryGetValue(key, out var slot))
        {
            Schedule(key, source, checks, layout, isAsked: true);
            return SymbolReadResult.NotReady;
        }

        if (!slot.TryEnter())
        {
            if (!slot.HasFailed)
            {
                slot.IsAsked = true;
                return SymbolReadResult.NotReady;
            }

            ForgetFailure(slot);
            return SymbolReadResult.Unavailable;
        }

        try
        {
            slot.Unit!.Encoder.Encode(esi, destination);
        }
        finally
        {
            slot.Exit();
        }

        slot.LastUseMs = _time.GetMilliseconds();
        if (!slot.HasBeenUsed)
        {
            // Blocks are rained in order, so the next one is made while this one rains.
            slot.HasBeenUsed = true;
            if (blockIndex + 1 < layout.BlockCount && source.HasBlock(blockIndex + 1)
                && layout.SymbolsOf(blockIndex + 1) <= code.SymbolCountMax)
            {
                var next = key with { BlockIndex = blockIndex + 1 };
                if (!_slots.ContainsKey(next))
                {
                    Schedule(next, source, checks, layout, isAsked: false);
                }
            }
        }

        return SymbolReadResult.Ok;
    }

    /// <summary>Drops what was made of bytes that are gone.</summary>
    /// <param name="digest">Their tree digest.</param>
    public void Forget(Sha256Digest digest)
    {
        lock (_gate)
        {
            foreach (var (key, slot) in _slots)
            {
                if (key.Digest == digest && slot.TryClose())
                {
                    Remove(slot);
                }
            }
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            // Slots in use or in the making are left to the collector: they hold no system resources.
            _disposed = true;
            _queue.Clear();
            foreach (var slot in _slots.Values)
            {
                if (slot.TryClose())
                {
                    Remove(slot);
                }
            }

            foreach (var unit in _idleUnits.Values.SelectMany(stack => stack))
            {
                unit.Encoder.Dispose();
            }

            _idleUnits.Clear();
        }
    }

    private void ForgetFailure(Slot slot)
    {
        if (slot.IsIdle(_time.GetMilliseconds()))
        {
            lock (_gate)
            {
                if (slot.TryClose())
                {
                    Remove(slot);
                }
            }
        }
    }

    private void Schedule(Key key, IBlockSource source, BlockChecks? checks, ResourceLayout layout, bool isAsked)
    {
        lock (_gate)
        {
            var symbolCount = layout.SymbolsOf(key.BlockIndex);

            // The block, and as much again for what a code makes of it.
            var bytes = 2L * symbolCount * layout.SymbolSize;
            if (_disposed || _slots.ContainsKey(key) || !TryMakeRoom(bytes))
            {
                return;
            }

            var slot = new Slot(
                key, source, checks, layout.OffsetOf(key.BlockIndex), layout.BytesOf(key.BlockIndex), symbolCount, bytes)
            {
                IsAsked = isAsked,
            };
            _slots.TryAdd(key, slot);
            _bytes += bytes;
            _queue.Enqueue(slot);
            if (_workerCount < WorkerCountMax)
            {
                _workerCount++;
                ThreadPool.UnsafeQueueUserWorkItem(static encoders => encoders.Work(), this, preferLocal: false);
            }
        }
    }

    private bool TryMakeRoom(long bytes)
    {
        while (_bytes + bytes > _bytesMax && !_slots.IsEmpty)
        {
            Slot? oldest = null;
            var now = _time.GetMilliseconds();
            foreach (var (_, slot) in _slots)
            {
                if (slot.IsIdle(now) && (oldest is null || slot.LastUseMs < oldest.LastUseMs))
                {
                    oldest = slot;
                }
            }

            if (oldest is null || !oldest.TryClose())
            {
                return false;
            }

            Remove(oldest);
        }

        return true;
    }

    private void Remove(Slot slot)
    {
        _slots.TryRemove(slot.Key, out _);
        _bytes -= slot.Bytes;
        if (slot.Unit is { } unit)
        {
            slot.Unit = null;
            Recycle(unit);
        }
    }

    private void Recycle(Unit unit)
    {
        // Two of a shape are enough: a block leaves the cache when the next one comes.
        const int idleUnitsMax = 2;
        var shape = unit.Shape;
        if (!_idleUnits.TryGetValue(shape, out var stack))
        {
            if (_idleUnits.Count >= 8)
            {
                foreach (var idle in _idleUnits.Values.SelectMany(units => units))
                {
                    idle.Encoder.Dispose();
                }

                _idleUnits.Clear();
            }

            _idleUnits[shape] = stack = new Stack<Unit>();
        }

        if (_disposed || stack.Count >= idleUnitsMax)
        {
            unit.Encoder.Dispose();
            return;
        }

        stack.Push(unit);
    }

    private void Work()
    {
        while (true)
        {
            Slot? slot;
            Unit? unit = null;
            lock (_gate)
            {
                if (!_queue.TryDequeue(out slot))
                {
                    _workerCount--;
                    return;
                }

                if (_idleUnits.TryGetValue((slot.Key.Code.Name, slot.SymbolCount, slot.Key.SymbolSize), out var stack))
                {
                    stack.TryPop(out unit);
                }
            }

            try
            {
                unit ??= new Unit(slot.Key.Code, slot.SymbolCount, slot.Key.SymbolSize);
                slot.Source.Read(slot.Offset, unit.Buffer.AsSpan(0, slot.BlockBytes));
                if (slot.Checks?.Check(slot.Key.BlockIndex, unit.Buffer.AsSpan(0, slot.BlockBytes)) == false)
                {
                    throw new InvalidDataException("The block is not what it should be.");
                }

                unit.Encoder.Begin((uint)slot.Key.BlockIndex, unit.Buffer.AsMemory(0, slot.BlockBytes));
                slot.Unit = unit;
                slot.Open(failed: false, _time.GetMilliseconds());
            }
            catch (Exception)
            {
                // Unreadable, gone, or no memory left for it: those who rain it are told that it is unavailable.
                unit?.Encoder.Dispose();
                slot.Open(failed: true, _time.GetMilliseconds());
            }
        }
    }

    private readonly record struct Key(Sha256Digest Digest, IFountainCode Code, int SymbolSize, int BlockBytes, int BlockIndex);

    /// <summary>An encoder and the memory of the block that it borrows.</summary>
    private sealed class Unit(IFountainCode code, int symbolCount, int symbolSize)
    {
        public (string Code, int SymbolCount, int SymbolSize) Shape { get; } = (code.Name, symbolCount, symbolSize);

        public IBlockEncoder Encoder { get; } = code.CreateEncoder(symbolCount, symbolSize);

        public byte[] Buffer { get; } = GC.AllocateUninitializedArray<byte>(symbolCount * symbolSize);
    }

    /// <summary>One block: in the making, then ready and counting who is just encoding with it, then closed.</summary>
    private sealed class Slot(
        Key key, IBlockSource source, BlockChecks? checks, long offset, int blockBytes, int symbolCount, long bytes)
    {
        private const int Making = -1, Failed = -2, Closed = -3;
        private int _state = Making;

        public Key Key { get; } = key;

        /// <summary>What it is made of; another of the same digest may use it.</summary>
        public IBlockSource Source { get; } = source;

        public BlockChecks? Checks { get; } = checks;

        public long Offset { get; } = offset;

        public int BlockBytes { get; } = blockBytes;

        public int SymbolCount { get; } = symbolCount;

        public long Bytes { get; } = bytes;

        public Unit? Unit { get; set; }

        public long LastUseMs { get; set; }

        /// <summary>Whether somebody waits for it, and it was not just made ahead.</summary>
        public bool IsAsked { get; set; }

        public bool HasBeenUsed { get; set; }

        public bool HasFailed => Volatile.Read(ref _state) == Failed;

        public void Open(bool failed, long nowMs)
        {
            LastUseMs = nowMs;
            Volatile.Write(ref _state, failed ? Failed : 0);
        }

        public bool TryEnter()
        {
            var state = Volatile.Read(ref _state);
            while (state >= 0)
            {
                var seen = Interlocked.CompareExchange(ref _state, state + 1, state);
                if (seen == state)
                {
                    return true;
                }

                state = seen;
            }

            return false;
        }

        public void Exit() => Interlocked.Decrement(ref _state);

        public bool IsIdle(long nowMs) => Volatile.Read(ref _state) switch
        {
            0 => HasBeenUsed || !IsAsked || nowMs - LastUseMs >= UnusedLifeMs,
            Failed => nowMs - LastUseMs >= FailedLifeMs,
            _ => false,
        };

        public bool TryClose() =>
            Interlocked.CompareExchange(ref _state, Closed, 0) == 0 || Interlocked.CompareExchange(ref _state, Closed, Failed) == Failed;
    }
}
