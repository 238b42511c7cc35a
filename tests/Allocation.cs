namespace PouringRain.Tests;

/// <summary>What a piece of work allocates each time it is done.</summary>
internal static class Allocation
{
    /// <summary>The least of a few runs, in bytes, after one that loads what there is to load. The runtime allocates tables of its own on
    /// whichever thread it comes to need them, once; what the work itself allocates is there in every run.</summary>
    public static long Least(Action work)
    {
        work();
        var least = long.MaxValue;
        for (var run = 0; run < 3; run++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            work();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
