using MurkyWaters;
using MurkyWaters.Fetching;
using PouringRain.Protocol;

namespace Simulation.Fetches;

/// <summary>
/// The shared fetch's state machine in a world drawn from a seed: readers that come, want ranges, read at their pace and leave; sources
/// that deliver, fall silent, have nothing or something older; a disk that is full, or a store that does not take it; memory that is short.
/// What happens is told to the machine later than it happens, in order, as by the mailbox.
/// </summary>
internal sealed partial class FetchScenario
{
    private const int BlockBytes = 1000;
    private static readonly TimeSpan Horizon = TimeSpan.FromMinutes(30);

    private readonly SimRandom _random;
    private readonly PriorityQueue<Action, (Instant At, long Order)> _events = new();
    private readonly Queue<Action> _messages = new();
    private readonly FetchDoor _door = new();
    private readonly FetchMachine _machine;
    private readonly List<ModelReader> _readers = [];
    private readonly Manifest _manifest;
    private readonly ModelBlocks _blocks;
    private readonly TimeSpan _grace;
    private readonly SourceKind _source;
    private readonly StoreKind _store;
    private readonly bool _isMemoryShort;
    private readonly bool _isDisturbed;
    private readonly int _memoryMax;
    private ModelRound? _round;
    private Instant _now = new(1_000_000_000);
    private Instant _timerAt = Instant.Never;
    private long _order;
    private bool _isDraining;
    private bool _hasGrant;
    private bool _isWithdrawn;
    private bool _isReleased;
    private int _leases;
    private int _steps;

    public FetchScenario(ulong seed)
    {
        _random = new SimRandom(seed);
        var blockCount = _random.Pick(0, 1, 2, 7, 40, 150);
        var bytes = new byte[Math.Max(0, (blockCount * BlockBytes) - (blockCount > 0 ? (int)_random.Below(BlockBytes) : 0))];
        if (!ResourceLayout.TryCreate(bytes.Length, BlockBytes, 100, out var layout))
        {
            throw new InvalidOperationException("The layout is wrong.");
        }

        _source = _random.Pick(
            SourceKind.Honest, SourceKind.Honest, SourceKind.Honest, SourceKind.Honest, SourceKind.Tiring, SourceKind.Absent,
            SourceKind.Silent, SourceKind.Busy, SourceKind.Older);
        _store = _random.Pick(StoreKind.Takes, StoreKind.Takes, StoreKind.Refuses, StoreKind.Fails);
        _isMemoryShort = _random.Chance(100_000);
        _isDisturbed = _random.Chance(200_000);
        _memoryMax = _random.Between(1, 12);
        _grace = TimeSpan.FromSeconds(_random.Pick(0, 0, 3));
        _manifest = Manifest.Create(layout, "lt", 1, Sha256Digest.Of(bytes), "text/plain", null, BlockDigest.OfBlocks(layout, bytes));
        _blocks = new ModelBlocks(_manifest, _random.Pick(0, 1, blockCount / 2, int.MaxValue, int.MaxValue));
        _machine = new FetchMachine(_door, _random.Chance(100_000), _grace);
        Description = $"{blockCount} blocks, {_source}, store {_store}, memory {_memoryMax}{(_isMemoryShort ? " or none" : "")}, grace "
            + $"{_grace.TotalSeconds} s{(_isDisturbed ? ", disturbed" : "")}";
    }

    private enum SourceKind
    {
        Honest,
        Tiring,
        Absent,
        Silent,
        Busy,
        Older,
    }

    private enum StoreKind
    {
        Takes,
        Refuses,
        Fails,
    }

    public string Description { get; private set; }

    public List<string> Broken { get; } = [];

    public void Run()
    {
        // As in the table of fetches: who starts it comes in before it starts.
        Come(isFirst: true);
        Tell(_machine.HandleStart);
        var visits = _random.Between(0, 8);
        for (var i = 0; i < visits; i++)
        {
            After(_random.Between(0, 5000), () => Come(isFirst: false));
        }

        if (_isDisturbed)
        {
            After(
                _random.Between(0, 4000),
                _random.Pick<Action>(
                    Stop, () => Tell(() => _machine.HandleUnwanted(_now)),
                    () => Tell(() => _machine.HandleFailure(_now, FetchEndReason.LocalFailure))));
        }

        var end = _now + Horizon;
        while (_events.TryDequeue(out var next, out var key) && key.At < end && Broken.Count == 0)
        {
            _now = key.At;
            next();
            if (++_steps > 1_000_000)
            {
                Broken.Add("it never comes to rest");
            }
        }

        CheckEnd();
    }

    private void Come(bool isFirst)
    {
        if (_random.Chance(isFirst ? 150_000 : 100_000))
        {
            if (_door.TryEnter())
            {
                var retention = _random.Pick(Retention.Kept, Retention.Cached);
                TellLate(() => _machine.HandleKeep(_now, retention));
                if (_random.Chance(300_000))
                {
                    After(_random.Between(0, 3000), () => Tell(() => _machine.HandleGiveUp(_now)));
                }
            }

            return;
        }

        if (!_door.TryEnter())
        {
            return;
        }

        var length = _manifest.Layout.Length;
        var offset = _random.Chance(500_000) ? 0 : _random.Below(length + 1);
        var count = _random.Chance(500_000) ? length - offset : _random.Below(length - offset + 1);
        var reader = new ModelReader
        {
            Number = _readers.Count,
            Offset = offset,
            End = offset + count,
            Pace = TimeSpan.FromMilliseconds(_random.Pick(0, 1, 10, 300)),
            LeaveAt = _random.Chance(250_000) ? offset + _random.Below(count + 1) : long.MaxValue,
            Position = offset,
        };
        _readers.Add(reader);
        var wanted = count == length - offset && _random.Chance(500_000) ? long.MaxValue : count;
        TellLate(() =>
        {
            _machine.HandleJoined(_now, reader, offset, wanted);
            if (_random.Chance(100_000))
            {
                // It disconnects whatever it has by then.
                After(_random.Between(0, 300), () => Leave(reader));
            }
        });
    }

    private void Read(ModelReader reader)
    {
        if (reader.HasLeft || reader.HasFailed)
        {
            return;
        }

        if (reader.IsDone || reader.Position >= reader.LeaveAt)
        {
            Leave(reader);
            return;
        }

        var block = _manifest.Layout.BlockAt(reader.Position);
        if (_blocks.IsPassing && block != reader.PassedBlock)
        {
            reader.PassedBlock = block;
            var position = reader.Position;
            Tell(() => _machine.HandlePassed(_now, reader, position));
        }

        if (_blocks.HasBlock(block))
        {
            reader.WaitsFor = -1;
            var chunk = _random.Pick(300, BlockBytes, BlockBytes);
            reader.Position = Math.Min(
                Math.Min(reader.Position + chunk, _manifest.Layout.OffsetOf(block) + _manifest.Layout.BytesOf(block)), reader.End);
            After(reader.Pace, () => Read(reader));
        }
        else if (_machine.Phase == FetchPhase.Over)
        {
            reader.HasFailed = true;
            Leave(reader);
        }
        else
        {
            reader.WaitsFor = block;
            var (position, count) = (reader.Position, (int)Math.Min(reader.End - reader.Position, 5000));
            Tell(() => _machine.HandleWaiting(_now, reader, position, count, wireBytes: 1_000_000, windowMax: 1 << 20));
        }
    }

    private void Leave(ModelReader reader)
    {
        if (!reader.HasLeft)
        {
            reader.HasLeft = true;
            _leases -= reader.IsAttached ? 1 : 0;
            Tell(() => _machine.HandleLeft(_now, reader));
        }
    }

    private void Stop()
    {
        _door.Close();
        Tell(() => _machine.HandleStop(_now));
    }

    /// <summary>Who has come in by the door says so a moment later: between the two its thread may have to wait.</summary>
    private void TellLate(Action message)
    {
        if (_random.Chance(500_000))
        {
            Tell(message);
        }
        else
        {
            After(_random.Between(0, 100), () => Tell(message));
        }
    }

    /// <summary>A message: it is taken in its turn, a moment later.</summary>
    private void Tell(Action message)
    {
        _messages.Enqueue(message);
        if (!_isDraining)
        {
            _isDraining = true;
            After(TimeSpan.FromMicroseconds(_random.Between(0, 200)), Drain);
        }
    }

    private void Drain()
    {
        _isDraining = false;
        if (_messages.TryDequeue(out var message))
        {
            message();
            while (_machine.TryPollAction(out var action))
            {
                Do(action);
            }

            SetTimer();
            Check();
        }

        if (_messages.Count > 0 && !_isDraining)
        {
            _isDraining = true;
            After(TimeSpan.FromMicroseconds(_random.Between(0, 50)), Drain);
        }
    }

    private void SetTimer()
    {
        if (_machine.NextTimeout != _timerAt)
        {
            _timerAt = _machine.NextTimeout;
            if (_timerAt != Instant.Never)
            {
                At(_timerAt, () => Tell(() => _machine.HandleTimeout(_now)));
            }
        }
    }

    private void After(int milliseconds, Action action) => After(TimeSpan.FromMilliseconds(milliseconds), action);

    private void After(TimeSpan time, Action action) => At(_now + time, action);

    private void At(Instant at, Action action) => _events.Enqueue(action, (at, _order++));
}
