namespace PouringRain.Protocol;

/// <summary>
/// The requests of one path that are not settled yet, numbered consecutively, in the order in which the server serves them.
/// Because it serves in order, a droplet shows that everything asked before it has been sent: what is missing a reordering window
/// later is lost.
/// </summary>
internal sealed class RequestLog
{
    public const int CountMax = SubscribeMessage.ItemCountMax;

    private const int RingSize = 128;
    private readonly Entry[] _ring = new Entry[RingSize];
    private int _head;
    private int _passed;
    private int _hint;

    /// <summary>The number of the first request not settled.</summary>
    public uint First { get; private set; }

    /// <summary>Requests not settled, and those behind one that is not.</summary>
    public int Count { get; private set; }

    public bool IsFull => Count == CountMax;

    /// <summary>Symbols asked for that neither came nor are given up.</summary>
    public int Outstanding { get; private set; }

    /// <summary>Whether something was taken back since the requests were last written.</summary>
    public bool HasWithdrawn { get; private set; }

    public void Add(RequestItem item)
    {
        At(Count) = new Entry { Item = item, Declared = -1, Mark = -1, Highest = -1 };
        Count++;
        Outstanding += item.Count;
    }

    /// <summary>Writes the requests as SUBSCRIBE carries them.</summary>
    public void Write(Span<byte> items)
    {
        HasWithdrawn = false;
        for (var i = 0; i < Count; i++)
        {
            ref var entry = ref At(i);
            (entry.IsWithdrawn ? entry.Item with { Count = 0 } : entry.Item).Write(items[(i * RequestItem.SizeBytes)..]);
        }
    }

    /// <summary>A droplet came for the first time.</summary>
    public LogArrival OnDroplet(uint blockNumber, uint esi)
    {
        if (Count == 0)
        {
            return LogArrival.Unknown;
        }

        for (var n = 0; n < Count; n++)
        {
            var i = (_hint + n) % Count;
            ref var entry = ref At(i);
            if (!entry.TryOffsetOf(blockNumber, esi, out var offset))
            {
                continue;
            }

            _hint = i;
            Pass(i);
            entry.Highest = Math.Max(entry.Highest, offset);
            if (entry.IsWithdrawn)
            {
                return LogArrival.Unknown;
            }

            if (offset <= entry.Declared)
            {
                return LogArrival.Late;
            }

            if (entry.Outstanding == 0)
            {
                return LogArrival.Unknown;
            }

            if (offset <= entry.Mark)
            {
                entry.Below++;
            }
            else
            {
                entry.Above++;
            }

            Outstanding--;
            return LogArrival.Counted;
        }

        return LogArrival.Unknown;
    }

    /// <summary>The server says that it has served all before request <paramref name="number"/> and so many symbols of that.</summary>
    public void OnServed(uint number, int offset)
    {
        var index = SequenceNumber.Distance(number, First);
        if (index < 0 || index > Count)
        {
            return;
        }

        Pass(index);
        if (index < Count)
        {
            ref var entry = ref At(index);
            entry.Highest = Math.Max(entry.Highest, Math.Min(offset, entry.Item.Count) - 1);
        }
    }

    /// <summary>The request with a number, if it is not settled.</summary>
    public bool TryFind(uint number, out int index, out RequestItem item)
    {
        index = SequenceNumber.Distance(number, First);
        var isFound = index >= 0 && index < Count;
        item = isFound ? At(index).Item : default;
        return isFound;
    }

    public RequestItem ItemAt(int index) => At(index).Item;

    /// <summary>Symbols of a request that are still to come.</summary>
    public int OutstandingAt(int index) => At(index).Outstanding;

    /// <summary>Gives a request up; returns how many of its symbols were outstanding.</summary>
    public int Withdraw(int index)
    {
        ref var entry = ref At(index);
        var outstanding = entry.Outstanding;
        entry.IsWithdrawn = true;
        Outstanding -= outstanding;
        HasWithdrawn |= outstanding > 0;
        return outstanding;
    }

    /// <summary>Cuts a guessed request to what the server will make of it; returns by how much.</summary>
    public int Cut(int index, RequestItem item)
    {
        ref var entry = ref At(index);
        var before = entry.Outstanding;
        entry.Item = item;
        var cut = before - entry.Outstanding;
        Outstanding -= cut;
        return cut;
    }

    /// <summary>Declares lost what should have come a reordering window ago; returns how many symbols of the request.</summary>
    public int DeclareLost(int index, Instant now, TimeSpan reordering)
    {
        ref var entry = ref At(index);
        if (entry.IsWithdrawn)
        {
            return 0;
        }

        var lost = 0;
        if (entry.Mark > entry.Declared && now - entry.Marked >= reordering)
        {
            lost = Math.Clamp(entry.Mark - entry.Declared - entry.Below, 0, entry.Outstanding);
            entry.Declared = entry.Mark;
            entry.Below = 0;
            Outstanding -= lost;
        }

        if (entry.Mark == entry.Declared && entry.Highest > entry.Mark)
        {
            entry.Mark = entry.Highest;
            entry.Marked = now;
            entry.Below = entry.Above;
            entry.Above = 0;

            // All of it came: nothing to wait for.
            if (entry.Below >= entry.Mark - entry.Declared)
            {
                entry.Declared = entry.Mark;
                entry.Below = 0;
            }
        }

        return lost;
    }

    /// <summary>Drops settled requests from the front.</summary>
    public void Trim()
    {
        while (Count > 0 && At(0).IsSettled)
        {
            _head = (_head + 1) % RingSize;
            First = unchecked(First + 1);
            Count--;
            _passed = Math.Max(_passed - 1, 0);
            _hint = Math.Max(_hint - 1, 0);
        }
    }

    private void Pass(int index)
    {
        for (; _passed < index; _passed++)
        {
            ref var entry = ref At(_passed);
            entry.Highest = entry.Item.Count - 1;
        }
    }

    private ref Entry At(int index) => ref _ring[(_head + index) % RingSize];

    /// <summary>Symbols up to <see cref="Declared"/> are settled; of those up to <see cref="Mark"/> it has been known since
    /// <see cref="Marked"/> that they were sent; up to <see cref="Highest"/> they were sent.</summary>
    private struct Entry
    {
        public RequestItem Item;
        public int Declared;
        public int Mark;
        public int Highest;
        public int Below;
        public int Above;
        public Instant Marked;
        public bool IsWithdrawn;

        public readonly int Outstanding => IsWithdrawn ? 0 : Math.Max(0, Item.Count - 1 - Declared - Below - Above);

        public readonly bool IsSettled => IsWithdrawn || Declared >= Item.Count - 1;

        public readonly bool TryOffsetOf(uint blockNumber, uint esi, out int offset)
        {
            offset = 0;
            if (blockNumber != Item.BlockNumber || esi < Item.FirstEsi)
            {
                return false;
            }

            var distance = esi - Item.FirstEsi;
            if (Item.Step != 1)
            {
                var quotient = distance / Item.Step;
                if (quotient * Item.Step != distance)
                {
                    return false;
                }

                distance = quotient;
            }

            offset = (int)distance;
            return distance < Item.Count;
        }
    }
}

/// <summary>What a droplet was to the request log.</summary>
internal enum LogArrival
{
    /// <summary>It answers a request that was outstanding.</summary>
    Counted,

    /// <summary>It had been declared lost.</summary>
    Late,

    /// <summary>No open request is about it.</summary>
    Unknown,
}
