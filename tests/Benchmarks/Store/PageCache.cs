namespace Benchmarks.Store;

/// <summary>What the system has read of files before.</summary>
internal static class PageCache
{
    /// <summary>Has the system forget it, where it lets this process.</summary>
    /// <returns>Whether it has.</returns>
    public static bool TryForget()
    {
        try
        {
            File.WriteAllText("/proc/sys/vm/drop_caches", "3");
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
