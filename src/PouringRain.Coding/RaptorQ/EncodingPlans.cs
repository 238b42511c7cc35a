using PouringRain.Coding.Plans;

namespace PouringRain.Coding.RaptorQ;

/// <summary>The plans that turn K' source symbols into intermediate ones, shared by all encoders and decoders of a process. The least
/// recently used are dropped when together they exceed a bound.</summary>
internal static class EncodingPlans
{
    /// <summary>The most words kept: 32 MiB, more than six plans of the largest K', or some five hundred for blocks of 1 MiB.</summary>
    private const int WordsMax = 8 << 20;

    private static readonly Lock Gate = new();
    private static readonly Dictionary<int, Entry> Entries = [];
    private static long _clock;
    private static long _words;

    /// <summary>The plan of a K', computed at the first call.</summary>
    public static SymbolPlan Get(CodeParameters parameters)
    {
        lock (Gate)
        {
            if (Entries.TryGetValue(parameters.ExtendedCount, out var entry))
            {
                entry.LastUse = ++_clock;
                return entry.Plan;
            }
        }

        // Outside the lock: two threads may do the same work once; none waits for another's block size.
        var plan = Compute(parameters);
        lock (Gate)
        {
            if (Entries.TryGetValue(parameters.ExtendedCount, out var entry))
            {
                return entry.Plan;
            }

            Entries.Add(parameters.ExtendedCount, new Entry(plan) { LastUse = ++_clock });
            _words += plan.Length;
            while (_words > WordsMax && Entries.Count > 1)
            {
                var oldest = Entries.MinBy(pair => pair.Value.LastUse);
                _words -= oldest.Value.Plan.Length;
                Entries.Remove(oldest.Key);
            }

            return plan;
        }
    }

    /// <summary>Whether the plan of a K' is kept.</summary>
    public static bool Contains(CodeParameters parameters)
    {
        lock (Gate)
        {
            return Entries.ContainsKey(parameters.ExtendedCount);
        }
    }

    /// <summary>Forgets all plans.</summary>
    public static void Clear()
    {
        lock (Gate)
        {
            Entries.Clear();
            _words = 0;
        }
    }

    /// <summary>Computes the plan of a K' anew: its inputs are the K' symbols of the extended block, in order.</summary>
    private static SymbolPlan Compute(CodeParameters parameters)
    {
        var scratch = DecodingScratch.Pool.Rent();
        var isis = scratch.GetIsis(parameters.ExtendedCount);
        for (var i = 0; i < isis.Length; i++)
        {
            isis[i] = (uint)i;
        }

        if (!scratch.Elimination.TrySolve(parameters, isis, scratch.Plan))
        {
            // Section 5.6 chose J(K') so that this cannot be.
            throw new InvalidOperationException(
                $"The source symbols of K' = {parameters.ExtendedCount} do not determine the intermediate ones.");
        }

        var plan = scratch.Plan.ToCompact();
        DecodingScratch.Pool.Return(scratch);
        return plan;
    }

    private sealed class Entry(SymbolPlan plan)
    {
        public SymbolPlan Plan { get; } = plan;

        public long LastUse { get; set; }
    }
}
