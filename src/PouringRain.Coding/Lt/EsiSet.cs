using System.Numerics;

namespace PouringRain.Coding.Lt;

/// <summary>The ESIs seen for a block: a hash table of fixed size with open addressing, which refuses to fill up.</summary>
internal sealed class EsiSet
{
    private const uint Golden = 0x9E3779B9;

    private readonly uint[] _slots;
    private readonly int _shift;
    private int _count;

    /// <param name="capacity">How many it takes at least.</param>
    internal EsiSet(int capacity)
    {
        var size = BitOperations.RoundUpToPowerOf2((uint)capacity + ((uint)capacity / 3) + 1);
        _slots = new uint[Math.Max(size, 2)];
        _shift = 32 - BitOperations.Log2((uint)_slots.Length);
    }

    /// <summary>Whether it takes no more: three quarters are occupied, and searches would grow long.</summary>
    internal bool IsFull => _count >= _slots.Length - (_slots.Length / 4);

    internal bool Contains(uint esi) => _slots[Find(esi)] != 0;

    /// <summary>Adds one that is not there yet, to a set that is not full.</summary>
    internal void Add(uint esi)
    {
        _slots[Find(esi)] = esi + 1;
        _count++;
    }

    internal void Clear()
    {
        Array.Clear(_slots);
        _count = 0;
    }

    private uint Find(uint esi)
    {
        var mask = (uint)_slots.Length - 1;
        var index = (esi * Golden) >> _shift;
        while (_slots[index] != 0 && _slots[index] != esi + 1)
        {
            index = (index + 1) & mask;
        }

        return index;
    }
}
