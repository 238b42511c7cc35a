using System.Buffers.Binary;

namespace PouringRain.Protocol;

/// <summary>Which blocks of a version a source holds, as far as it has told (HAVE).</summary>
/// <param name="blockCount">Blocks of the version.</param>
internal sealed class HeldMap(int blockCount)
{
    private readonly ulong[] _bits = new ulong[(blockCount + 63) / 64];
    private uint _epoch;

    /// <summary>What is known: the epoch, the first block of which nothing is known, and the arrivals known.</summary>
    public (uint Epoch, uint FirstUnknown, uint ArrivalsKnown) Known { get; private set; }

    /// <summary>Whether it holds all.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>How many it holds, by its own account.</summary>
    public int Count { get; private set; }

    /// <summary>Whether there is more to know than was told.</summary>
    public bool LacksNews => !IsComplete && (Known.FirstUnknown < blockCount || Known.ArrivalsKnown < Count);

    public bool Has(int block) => IsComplete || (_bits[block / 64] & (1UL << (block % 64))) != 0;

    /// <summary>The bits of 64 blocks.</summary>
    public ulong Word(int index) => IsComplete ? ulong.MaxValue : _bits[index];

    /// <summary>Takes what a source tells; whatever makes no sense is passed over.</summary>
    /// <returns>Whether it holds more than was known.</returns>
    public bool Take(in HaveMessage have, ReadOnlySpan<byte> bitmap, ReadOnlySpan<byte> arrivals)
    {
        Count = (int)Math.Min(have.HeldCount, (uint)blockCount);
        if (have.IsComplete)
        {
            var wasComplete = IsComplete;
            IsComplete = true;
            return !wasComplete;
        }

        if (IsComplete || have.Epoch != _epoch)
        {
            // What it held is void: it has started again, or lost some.
            IsComplete = false;
            Array.Clear(_bits);
            _epoch = have.Epoch;
            Known = (have.Epoch, 0, have.FirstArrival);
        }

        var isMore = false;
        var (epoch, firstUnknown, arrivalsKnown) = Known;
        if (bitmap.Length > 0 && have.FirstBlock <= firstUnknown)
        {
            for (var i = 0; i < bitmap.Length * 8 && have.FirstBlock + i < blockCount; i++)
            {
                if ((bitmap[i / 8] & (1 << (i % 8))) != 0)
                {
                    isMore |= TrySet((int)have.FirstBlock + i);
                }
            }

            firstUnknown = (uint)Math.Min(blockCount, Math.Max(firstUnknown, have.FirstBlock + (bitmap.Length * 8L)));
        }

        var count = arrivals.Length / 4;
        if (count > 0 && have.FirstArrival <= arrivalsKnown)
        {
            for (var i = 0; i < count; i++)
            {
                var block = BinaryPrimitives.ReadUInt32BigEndian(arrivals[(4 * i)..]);
                if (block < (uint)blockCount)
                {
                    isMore |= TrySet((int)block);
                }
            }

            arrivalsKnown = Math.Max(arrivalsKnown, have.FirstArrival + (uint)count);
        }

        Known = (epoch, firstUnknown, arrivalsKnown);
        return isMore;
    }

    private bool TrySet(int block)
    {
        var before = _bits[block / 64];
        _bits[block / 64] |= 1UL << (block % 64);
        return _bits[block / 64] != before;
    }
}
