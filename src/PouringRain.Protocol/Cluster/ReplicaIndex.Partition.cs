namespace PouringRain.Protocol.Cluster;

// A partition: sorted columns. Nothing in here takes a lock.
public sealed partial class ReplicaIndex
{
    private const int CodeShift = 3, CodesMax = 31;

    [Flags]
    private enum RowFlags : byte
    {
        Kept = 1,
        Deleted = 2,
        InDoubt = 4,
    }

    private readonly record struct Row(long Stamp, ulong Tag, long Length, RowFlags Flags);

    private sealed class Partition
    {
        public long Changes;
        private ulong[] _ids = [];
        private long[] _stamps = [], _lengths = [];
        private ulong[] _tags = [];
        private RowFlags[] _flags = [];

        public int Count { get; private set; }

        public bool Set(ulong id, Row row, out Row before)
        {
            Volatile.Write(ref Changes, Changes + 1);
            var at = Find(id);
            if (at >= 0)
            {
                before = RowAt(at);
                if (before.Stamp == row.Stamp && before.Tag == row.Tag)
                {
                    row = row with { Flags = row.Flags | (before.Flags & RowFlags.InDoubt) };
                }

                Write(at, row);
                return true;
            }

            before = default;
            at = ~at;
            if (Count == _ids.Length)
            {
                Resize(Count + Math.Max(4, Count / 8));
            }

            Move(at, at + 1, Count - at);
            _ids[at] = id;
            Write(at, row);
            Count++;
            return false;
        }

        public bool Remove(ulong id, out Row before)
        {
            var at = Find(id);
            if (at < 0)
            {
                before = default;
                return false;
            }

            Volatile.Write(ref Changes, Changes + 1);
            before = RowAt(at);
            Move(at + 1, at, Count - at - 1);
            Count--;
            if (Count < _ids.Length / 2)
            {
                Resize(Count + (Count / 8));
            }

            return true;
        }

        public bool TryFind(ulong id, CodeNames codes, out ReplicaEntry entry)
        {
            var at = Find(id);
            entry = at >= 0 ? EntryAt(at, codes) : default;
            return at >= 0;
        }

        public int CopyAfter(ResourceId? after, Span<ReplicaEntry> entries, CodeNames codes)
        {
            var at = 0;
            if (after is { } id)
            {
                at = Find(id.Value);
                at = at >= 0 ? at + 1 : ~at;
            }

            var count = Math.Min(entries.Length, Count - at);
            for (var i = 0; i < count; i++)
            {
                entries[i] = EntryAt(at + i, codes);
            }

            return count;
        }

        public void SetDoubt(ulong id, bool isInDoubt)
        {
            var at = Find(id);
            if (at >= 0)
            {
                Volatile.Write(ref Changes, Changes + 1);
                _flags[at] = isInDoubt ? _flags[at] | RowFlags.InDoubt : _flags[at] & ~RowFlags.InDoubt;
            }
        }

        private int Find(ulong id) => _ids.AsSpan(0, Count).BinarySearch(id);

        private Row RowAt(int at) => new(_stamps[at], _tags[at], _lengths[at], _flags[at]);

        private ReplicaEntry EntryAt(int at, CodeNames codes)
        {
            var flags = _flags[at];
            var isDeleted = flags.HasFlag(RowFlags.Deleted);
            return new ReplicaEntry(
                new ResourceId(_ids[at]),
                new Replica(new ReplicaVersion(_stamps[at], _tags[at], _lengths[at], isDeleted), flags.HasFlag(RowFlags.Kept)))
            {
                IsInDoubt = flags.HasFlag(RowFlags.InDoubt),
                Code = codes[(byte)flags >> CodeShift],
            };
        }

        private void Write(int at, Row row)
        {
            _stamps[at] = row.Stamp;
            _tags[at] = row.Tag;
            _lengths[at] = row.Length;
            _flags[at] = row.Flags;
        }

        private void Move(int from, int to, int count)
        {
            Array.Copy(_ids, from, _ids, to, count);
            Array.Copy(_stamps, from, _stamps, to, count);
            Array.Copy(_tags, from, _tags, to, count);
            Array.Copy(_lengths, from, _lengths, to, count);
            Array.Copy(_flags, from, _flags, to, count);
        }

        private void Resize(int capacity)
        {
            Array.Resize(ref _ids, capacity);
            Array.Resize(ref _stamps, capacity);
            Array.Resize(ref _tags, capacity);
            Array.Resize(ref _lengths, capacity);
            Array.Resize(ref _flags, capacity);
        }
    }

    /// <summary>Names of codes as small numbers; 0 is none. A tombstone whose code is not among them is one that cannot be told whole:
    /// others then have to fetch its manifest.</summary>
    private sealed class CodeNames
    {
        private readonly Lock _gate = new();
        private volatile string?[] _names = [null, "raptorq", "lt"];

        public string? this[int number] => _names[number];

        public int Find(string? code, ReplicaVersion version)
        {
            var names = _names;
            if (code is null)
            {
                for (var i = 1; i < names.Length; i++)
                {
                    if (Tombstones.TryCreate(names[i], version, out _))
                    {
                        return i;
                    }
                }

                return 0;
            }

            lock (_gate)
            {
                var number = Array.IndexOf(_names, code);
                if (number < 0 && _names.Length <= CodesMax && Tombstones.TryCreate(code, version, out _))
                {
                    number = _names.Length;
                    _names = [.. _names, code];
                }

                return Math.Max(number, 0);
            }
        }
    }
}
