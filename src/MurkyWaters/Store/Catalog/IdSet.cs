using PouringRain.Protocol;

namespace MurkyWaters.Store.Catalog;

/// <summary>The ids that the catalog has something of, so that what is not here is known without the disk: 11 to 23 bytes an id, by open
/// addressing with linear probing. Thread-safe.</summary>
internal sealed class IdSet
{
    private readonly Lock _gate = new();

    /// <summary>Ids where 0 stands for a free place; the id 0 itself is <see cref="_hasZero"/>.</summary>
    private ulong[] _places = new ulong[64];

    private int _count;
    private bool _hasZero;

    /// <summary>Ids in it.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _count + (_hasZero ? 1 : 0);
            }
        }
    }

    /// <summary>Bytes that it holds.</summary>
    public long Bytes => 8L * _places.Length;

    /// <summary>Whether an id is in it.</summary>
    public bool Contains(ResourceId id)
    {
        lock (_gate)
        {
            return id.Value == 0 ? _hasZero : _places[Find(id.Value)] != 0;
        }
    }

    /// <summary>Puts an id in.</summary>
    public void Add(ResourceId id)
    {
        lock (_gate)
        {
            if (id.Value == 0)
            {
                _hasZero = true;
                return;
            }

            // Two thirds full at the most: probes stay short.
            if (3L * (_count + 1) > 2L * _places.Length)
            {
                Grow();
            }

            var at = Find(id.Value);
            if (_places[at] == 0)
            {
                _places[at] = id.Value;
                _count++;
            }
        }
    }

    /// <summary>Takes an id out.</summary>
    public void Remove(ResourceId id)
    {
        lock (_gate)
        {
            if (id.Value == 0)
            {
                _hasZero = false;
                return;
            }

            var hole = Find(id.Value);
            if (_places[hole] == 0)
            {
                return;
            }

            // Those behind that would not be found across the hole move into it (Knuth, volume 3, algorithm 6.4 R).
            var mask = _places.Length - 1;
            _count--;
            _places[hole] = 0;
            for (var at = (hole + 1) & mask; _places[at] != 0; at = (at + 1) & mask)
            {
                var home = HomeOf(_places[at]);
                if (((at - home) & mask) >= ((at - hole) & mask))
                {
                    _places[hole] = _places[at];
                    _places[at] = 0;
                    hole = at;
                }
            }
        }
    }

    private int HomeOf(ulong id) => (int)((id * 0x9E37_79B9_7F4A_7C15) >> 32) & (_places.Length - 1);

    /// <summary>The place of an id, or the free one where it would be.</summary>
    private int Find(ulong id)
    {
        var mask = _places.Length - 1;
        var at = HomeOf(id);
        while (_places[at] != 0 && _places[at] != id)
        {
            at = (at + 1) & mask;
        }

        return at;
    }

    private void Grow()
    {
        var old = _places;
        _places = new ulong[2 * old.Length];
        foreach (var id in old)
        {
            if (id != 0)
            {
                _places[Find(id)] = id;
            }
        }
    }
}
