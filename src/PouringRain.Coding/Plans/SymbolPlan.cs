using System.Runtime.CompilerServices;

namespace PouringRain.Coding.Plans;

/// <summary>
/// A list of operations on symbols, separate from their bytes: built once, run over any number of blocks. Operations work on
/// <em>slots</em>, pieces of symbols in a compact workspace, and on the caller's symbols, which are numbered <em>inputs</em> and
/// <em>outputs</em>. A plan is a flat array of words; the first word of an operation holds its kind in the low bits and its destination
/// above. Everything in a plan is trusted by the kernels that run it: only this library writes plans.
/// </summary>
internal sealed class SymbolPlan
{
    public const int KindBits = 3;
    public const int KindMask = (1 << KindBits) - 1;

    /// <summary>slot = input (none if negative) ^ slots. Words: head, input, count, slots.</summary>
    public const int Gather = 0;

    /// <summary>output = slots. Words: head, count, slots.</summary>
    public const int GatherOutput = 1;

    /// <summary>slot = sum of scalar * slot. Words: head, count, (slot shifted by 8 | scalar).</summary>
    public const int Combine = 2;

    /// <summary>slot ^= sum of scalar * slot. Words as <see cref="Combine"/>.</summary>
    public const int CombineAdd = 3;

    /// <summary>output = sum of scalar * slot. Words: head, count, (slot shifted by 8 | scalar).</summary>
    public const int CombineOutput = 4;

    /// <summary>
    /// The HDPC rows of RFC 6330, section 5.3.3.3, over slots 0 .. count-1: z = 2 * z ^ slot, and z is added to two accumulators, for every
    /// slot but the last; at the last one accumulator i gets 2^i * z. The accumulators are the slots from the destination on.
    /// Words: head, accumulators, count, (first accumulator | second shifted by 8) for every slot.
    /// </summary>
    public const int Hdpc = 5;

    private int[] _words;

    public SymbolPlan(int capacity = 1024) => _words = new int[capacity];

    /// <summary>The words in use.</summary>
    public ReadOnlySpan<int> Words => _words.AsSpan(0, Length);

    /// <summary>How many words are in use.</summary>
    public int Length { get; private set; }

    /// <summary>How many slots the operations use.</summary>
    public int SlotCount { get; set; }

    /// <summary>How many pieces of symbols the operations read: what a run costs, nearly.</summary>
    public long ReadCount { get; private set; }

    /// <summary>Forgets all operations and keeps the memory.</summary>
    public void Clear()
    {
        Length = 0;
        ReadCount = 0;
        SlotCount = 0;
    }

    /// <summary>Makes room for an operation of up to that many words and returns it, to be
    /// filled and confirmed by <see cref="Commit"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span<int> Reserve(int words)
    {
        if (_words.Length - Length < words)
        {
            Grow(words);
        }

        return _words.AsSpan(Length, words);
    }

    /// <summary>Takes the first <paramref name="words"/> of what was reserved.</summary>
    /// <param name="words">Words written.</param>
    /// <param name="reads">Pieces that the operation reads.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Commit(int words, int reads)
    {
        Length += words;
        ReadCount += reads;
    }

    /// <summary>A copy with no room to spare.</summary>
    public SymbolPlan ToCompact()
    {
        var copy = new SymbolPlan(Length) { Length = Length, ReadCount = ReadCount, SlotCount = SlotCount };
        Words.CopyTo(copy._words);
        return copy;
    }

    private void Grow(int words) => Array.Resize(ref _words, Math.Max(2 * _words.Length, Length + words));
}
